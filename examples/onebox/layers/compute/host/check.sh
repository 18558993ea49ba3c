#!/usr/bin/env bash
# Is the host there, from the right image, on its network, and does it answer?
set -euo pipefail
. ./names.sh
drift=0
differs() {
  echo "$STRATA_INPUT_NAME: $*"
  drift=1
}

look
if [[ $status != running ]]; then
  differs "the container $host is $status"
  exit 1
fi
[[ $found_recipe == "$recipe" ]] || differs 'was made from another image or recipe'
[[ $machine_id == "$(jq -r .machine_id "$STRATA_RECORDED")" ]] ||
  differs 'is another container than the one that was applied'
ip -netns "$host" -4 address show dev eth0 2>/dev/null | grep -qw "$STRATA_INPUT_ADDRESS/$STRATA_INPUT_PREFIX" ||
  differs "does not have the address $STRATA_INPUT_ADDRESS"
[[ $(ip -json link show dev "$port" 2>/dev/null | jq -r '.[0].master // ""') == "$STRATA_INPUT_BRIDGE" ]] ||
  differs "is not connected to $STRATA_INPUT_BRIDGE"
vpn_is_up || differs "does not have the VPN address $STRATA_INPUT_VPN_ADDRESS"
ssh_answers || differs 'sshd does not answer'
exit $drift
