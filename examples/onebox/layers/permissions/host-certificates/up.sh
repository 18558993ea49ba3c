#!/usr/bin/env bash
# Makes a key for each host once, signs the certificates that must be.
set -euo pipefail
. ./certificate.sh
umask 077
mkdir -p "$STRATA_STATE/keys"
cd "$STRATA_STATE/keys"
mapfile -t hosts < <(jq -r '.hosts | keys[]' "$STRATA_INPUTS")

for key in *; do # keys of hosts that are gone
  host=${key%-cert.pub}
  host=${host%.pub}
  printf '%s\n' "${hosts[@]}" | grep -qxF -- "$host" || rm -f "$key"
done

# ssh-keygen wants the CA's key in a file: next to the keys it signs, gone at the end, gone first after a kill
ca="$STRATA_STATE/ca"
trap 'rm -f "$ca" "$ca.pub"' EXIT
rm -f "$ca" "$ca.pub"
jq -r '.ca_private_key | rtrimstr("\n")' "$STRATA_INPUTS" >"$ca"
ssh-keygen -yf "$ca" >"$ca.pub"
ca_print=$(ssh-keygen -lf "$ca.pub" | cut -d' ' -f2)

for host in "${hosts[@]}"; do
  if [[ ! -s $host || ! -s $host.pub ]]; then
    rm -f "$host" "$host.pub"
    ssh-keygen -q -t ed25519 -N '' -C "$host.$STRATA_INPUT_DOMAIN" -f "$host"
    echo "made the host key of $host"
  fi
  if ! certificate_is_good "$host" "$ca_print"; then
    ssh-keygen -q -s "$ca" -h -I "$host.$STRATA_INPUT_DOMAIN" -n "$(principals_of "$host")" \
      -V "-5m:+${STRATA_INPUT_VALID_DAYS}d" "$host.pub"
    echo "signed the host certificate of $host, valid $STRATA_INPUT_VALID_DAYS days"
  fi
done

map_of() { # one file of each host as a JSON object
  for host in "${hosts[@]}"; do jq -Rs --arg host "$host" '{($host): .}' "$host$1"; done | jq -s 'add // {}'
}
jq -n --slurpfile keys <(map_of '') --slurpfile certificates <(map_of -cert.pub) \
  '{host_keys: $keys[0], certificates: $certificates[0]}' >"$STRATA_OUTPUTS"
