#!/usr/bin/env bash
# Compares the sum of the declared monthly costs with the budget; the same for apply and check.
set -euo pipefail

read -r cost limit currency < <(jq -r '[([.monthly_costs[]] | add // 0), .monthly_limit, .currency] | @tsv' "$STRATA_INPUTS")
if jq -e '([.monthly_costs[]] | add // 0) > .monthly_limit' "$STRATA_INPUTS" >/dev/null; then
  echo "declared cost of $cost $currency a month is above the budget of $limit $currency:"
  jq -r '.monthly_costs | to_entries[] | "  \(.key): \(.value)"' "$STRATA_INPUTS"
  echo "ask the budget's owner for a higher limit, or lower values.monthly_costs of environment $STRATA_ENV"
  exit 1
fi

echo "declared cost of $cost $currency a month is within the budget of $limit $currency"
if [[ -n ${STRATA_OUTPUTS:-} ]]; then
  jq '([.monthly_costs[]] | add // 0) as $cost | {monthly_cost: $cost, headroom: (.monthly_limit - $cost)}' \
    "$STRATA_INPUTS" >"$STRATA_OUTPUTS"
fi
