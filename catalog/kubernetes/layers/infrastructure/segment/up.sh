#!/usr/bin/env bash
# Makes the bridge with the gateway's address, and a pair of keys for each side.
set -euo pipefail
ours="$STRATA_UNIT $(printf %s "$STRATA_STATE" | sha256sum | cut -c1-12)" # two checkouts never take each other's
umask 077
for key in deploy host; do
  [[ -e $STRATA_STATE/$key ]] || ssh-keygen -q -t ed25519 -N '' -C "$STRATA_UNIT" -f "$STRATA_STATE/$key"
done
bridge=$STRATA_INPUT_BRIDGE
if ! ip link show dev "$bridge" >/dev/null 2>&1; then
  taken=$(ip -o -4 address show to "${STRATA_INPUT_GATEWAY%.*}.0/24")
  if [[ -n $taken ]]; then
    echo "addresses of ${STRATA_INPUT_GATEWAY%.*}.0/24 are in use on this machine: say another \`network\`" >&2
    exit 1
  fi
  ip link add "$bridge" type bridge
  ip link set dev "$bridge" alias "$ours"
fi
if [[ $(cat "/sys/class/net/$bridge/ifalias") != "$ours" ]]; then
  echo "the link $bridge is of another platform on this machine: destroy that one first" >&2
  exit 1
fi
ip address replace "$STRATA_INPUT_GATEWAY" dev "$bridge"
ip link set dev "$bridge" up
python3 - "$STRATA_STATE" "$bridge" >"$STRATA_OUTPUTS" <<'P'
import json, pathlib, sys
state, bridge = pathlib.Path(sys.argv[1]), sys.argv[2]
read = lambda name: (state / name).read_text()
public = " ".join(read("host.pub").split()[:2])
print(json.dumps({"bridge": bridge, "key": read("deploy"), "authorized": read("deploy.pub"), "host_key": read("host"),
                  "known_hosts": "* %s\n" % public}))
P
