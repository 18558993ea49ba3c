# Names of the bridge, from the environment; sourced.
# shellcheck shell=bash disable=SC2034

# A link's name has at most 15 characters.
bridge="ob-$STRATA_ENV"
if ((${#bridge} > 15)); then
  bridge="ob-${STRATA_ENV:0:5}-$(printf %s "$STRATA_ENV" | sha256sum | cut -c1-6)"
fi
address="$STRATA_INPUT_GATEWAY/$STRATA_INPUT_PREFIX"

# Who made the bridge: kept here and as the link's alias, so that two checkouts never share one by accident.
owner() {
  cat "$STRATA_STATE/owner" 2>/dev/null || true
}
alias_of_bridge() {
  ip -json link show dev "$bridge" 2>/dev/null | jq -r '.[0].ifalias // ""'
}
