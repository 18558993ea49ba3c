#!/usr/bin/env bash
# Is every host's certificate good for a while?
set -euo pipefail
. ./certificate.sh
ca_print=$(ssh-keygen -yf /dev/stdin < <(jq -r '.ca_private_key | rtrimstr("\n")' "$STRATA_INPUTS") | ssh-keygen -lf - | cut -d' ' -f2)
cd "$STRATA_STATE/keys" 2>/dev/null || {
  echo 'there are no host keys'
  exit 1
}
drift=0
for host in $(jq -r '.hosts | keys[]' "$STRATA_INPUTS"); do
  certificate_is_good "$host" "$ca_print" || {
    echo "the host certificate of $host is missing, not ours, or about to expire"
    drift=1
  }
done
exit $drift
