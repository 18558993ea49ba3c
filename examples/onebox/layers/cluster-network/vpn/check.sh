#!/usr/bin/env bash
# Does every host's private key still belong to the public key that was handed out?
set -euo pipefail
drift=0
while read -r host public; do
  if [[ $({ wg pubkey <"$STRATA_STATE/private/$host"; } 2>/dev/null) != "$public" ]]; then
    echo "the WireGuard key of $host is missing or another one"
    drift=1
  fi
done < <(jq -r '.public_keys | to_entries[] | "\(.key) \(.value)"' "$STRATA_RECORDED")
exit $drift
