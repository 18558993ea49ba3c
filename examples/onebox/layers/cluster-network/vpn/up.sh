#!/usr/bin/env bash
# Makes a key for each host once and writes the configurations. A private key is only ever in a file.
set -euo pipefail
umask 077
mkdir -p "$STRATA_STATE/private" "$STRATA_STATE/public"
cd "$STRATA_STATE"
mapfile -t hosts < <(jq -r '.hosts | keys[]' "$STRATA_INPUTS")

for key in private/*; do # keys of hosts that are gone
  host=${key#private/}
  [[ -e $key ]] && ! printf '%s\n' "${hosts[@]}" | grep -qxF -- "$host" && rm -f "private/$host" "public/$host"
done
for host in "${hosts[@]}"; do
  if [[ ! -s private/$host ]]; then
    wg genkey >"private/$host.new"
    mv "private/$host.new" "private/$host"
    echo "made the WireGuard key of $host"
  fi
  wg pubkey <"private/$host" >"public/$host"
done

map_of() { # the files of a folder as a JSON object
  for host in "${hosts[@]}"; do jq -R --arg host "$host" '{($host): .}' "$1/$host"; done | jq -s 'add // {}'
}
jq -n --slurpfile inputs "$STRATA_INPUTS" --slurpfile private <(map_of private) --slurpfile public <(map_of public) '
  $inputs[0] as $in | $private[0] as $private | $public[0] as $public
  | ($in.vpn_subnet | split("/")[1]) as $prefix
  | {
      public_keys: $public,
      configs: ($in.hosts | with_entries(.key as $me | .value = (
        "# WireGuard of \($me): all other hosts of the environment are peers.\n" +
        "[Interface]\nPrivateKey = \($private[$me])\nAddress = \($in.vpn_hosts[$me])/\($prefix)\nListenPort = \($in.port)\n" +
        ([$in.hosts | to_entries[] | select(.key != $me) |
          "\n# \(.key)\n[Peer]\nPublicKey = \($public[.key])\nEndpoint = \(.value):\($in.port)\n" +
          "AllowedIPs = \($in.vpn_hosts[.key])/32\nPersistentKeepalive = 25\n"] | add // ""))))
    }' >"$STRATA_OUTPUTS"
