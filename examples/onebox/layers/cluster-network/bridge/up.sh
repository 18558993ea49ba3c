#!/usr/bin/env bash
# Makes the bridge with the gateway's address.
set -euo pipefail
. ./names.sh

if [[ -z $(owner) ]]; then
  echo "onebox $STRATA_ENV $(tr -d - </proc/sys/kernel/random/uuid)" >"$STRATA_STATE/owner.new"
  mv "$STRATA_STATE/owner.new" "$STRATA_STATE/owner"
fi

taken=$(ip -json -4 address | jq -r --arg bridge "$bridge" --arg gateway "$STRATA_INPUT_GATEWAY" '
  .[] | select(.ifname != $bridge and any((.addr_info // [])[]; .local == $gateway)) | .ifname')
if [[ -n $taken ]]; then
  echo "$STRATA_INPUT_GATEWAY is already the address of $taken: give address-plan another slot" >&2
  echo "(environments/$STRATA_ENV.yaml: components: {address-plan: {inputs: {slot: 0 to 255}}})" >&2
  exit 1
fi

if ! ip link show dev "$bridge" >/dev/null 2>&1; then
  # a fixed hardware address, as a bridge otherwise changes it with its ports
  ip link add "$bridge" address "02:$(printf %s "$address" | sha256sum | sed 's/\(..\)\(..\)\(..\)\(..\)\(..\).*/\1:\2:\3:\4:\5/')" type bridge
  echo "made bridge $bridge"
fi
case "$(alias_of_bridge)" in
  "$(owner)") ;;
  '') ip link set dev "$bridge" alias "$(owner)" ;;
  *)
    echo "bridge $bridge belongs to another platform on this machine ($(alias_of_bridge))" >&2
    echo "destroy that one first, or remove what is left of it: ip link delete $bridge" >&2
    exit 1
    ;;
esac

for other in $(ip -json -4 address show dev "$bridge" | jq -r '(.[].addr_info // [])[] | "\(.local)/\(.prefixlen)"'); do
  [[ $other == "$address" ]] || ip address delete "$other" dev "$bridge"
done
ip address replace "$address" dev "$bridge"
ip link set dev "$bridge" up

jq -n --arg name "$bridge" --arg gateway "$STRATA_INPUT_GATEWAY" '{name: $name, gateway: $gateway}' >"$STRATA_OUTPUTS"
