#!/usr/bin/env bash
# Is the bridge there, ours, up, with the gateway's address and no other?
set -euo pipefail
. ./names.sh

if ! ip link show dev "$bridge" >/dev/null 2>&1; then
  echo "bridge $bridge is missing"
  exit 1
fi
drift=0
differs() {
  echo "bridge $bridge $1"
  drift=1
}
[[ $(alias_of_bridge) == "$(owner)" ]] || differs 'belongs to another platform'
found=$(ip -json -4 address show dev "$bridge" | jq -r '[(.[].addr_info // [])[] | "\(.local)/\(.prefixlen)"] | join(" ")')
[[ $found == "$address" ]] || differs "has the addresses '$found' instead of $address"
ip -json link show dev "$bridge" | jq -e '.[0].flags | index("UP")' >/dev/null || differs 'is down'
exit $drift
