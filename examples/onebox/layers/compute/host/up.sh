#!/usr/bin/env bash
# Makes the host run as its inputs say: settings, network, image, container. A living one is only adjusted.
set -euo pipefail
. ./names.sh
umask 077

say() { echo "$STRATA_INPUT_NAME: $*"; }

# --- settings: files that the host sees in /etc/onebox
mkdir -p "$settings" "$data"
chmod 755 "$settings" "$data"
setting() { # NAME MODE: content from stdin
  cat >"$settings/.new"
  chmod "$2" "$settings/.new"
  mv "$settings/.new" "$settings/$1"
}
input() { jq -r ".$1 | rtrimstr(\"\n\")" "$STRATA_INPUTS"; }
input host_key | setting ssh_host_ed25519_key 600
input host_certificate | setting ssh_host_ed25519_key-cert.pub 644
input ca_public_key | setting ssh_ca.pub 644
input vpn_config | setting wg0.conf 600
jq -r '"127.0.0.1 localhost", "::1 localhost", (.domain as $domain | .hosts | to_entries[] | "\(.value) \(.key).\($domain) \(.key)")' \
  "$STRATA_INPUTS" | setting hosts 644
wanted=$(cat "$settings"/* | sha256sum)

# --- network: a namespace with one cable to the bridge
address="$STRATA_INPUT_ADDRESS/$STRATA_INPUT_PREFIX"
# shellcheck disable=SC2086
mac=$(printf '02:00:%02x:%02x:%02x:%02x' ${STRATA_INPUT_ADDRESS//./ }) # the same for a new host at this address
if ! ip netns exec "$host" true 2>/dev/null; then
  ip netns delete "$host" 2>/dev/null || true # left by a machine that went down
  ip netns add "$host"
fi
if ! ip -netns "$host" link show dev eth0 >/dev/null 2>&1 || ! ip link show dev "$port" >/dev/null 2>&1; then
  ip link delete "$port" 2>/dev/null || true
  ip link add "$port" type veth peer name eth0 address "$mac" netns "$host"
  say "connected to $STRATA_INPUT_BRIDGE"
fi
ip link set dev "$port" alias "$STRATA_UNIT" master "$STRATA_INPUT_BRIDGE" up
ip -netns "$host" address replace "$address" dev eth0
for other in $(ip -netns "$host" -json -4 address show dev eth0 | jq -r '(.[].addr_info // [])[] | "\(.local)/\(.prefixlen)"'); do
  [[ $other == "$address" ]] || ip -netns "$host" address delete "$other" dev eth0
done
ip -netns "$host" link set dev lo up
ip -netns "$host" link set dev eth0 address "$mac" up

# --- container
run() {
  # modest limits, as podman's own are above what some machines allow
  local files processes
  files=$(ulimit -Hn) processes=$(ulimit -Hu)
  ((${files/unlimited/99999} < 8192)) || files=8192
  ((${processes/unlimited/99999} < 4096)) || processes=4096
  podman run --detach --pull never --name "$host" --hostname "$STRATA_INPUT_NAME" --label "recipe=$recipe" \
    --network "ns:/run/netns/$host" --no-hosts --dns none \
    --cap-add NET_ADMIN,NET_RAW,AUDIT_WRITE --device /dev/net/tun \
    --ulimit "nofile=$files:$files" --ulimit "nproc=$processes:$processes" \
    --tmpfs /run:rw,nosuid,nodev,mode=755 --volume "$settings:/etc/onebox:ro" --volume "$data:/data" \
    --stop-signal SIGHUP "$image" /usr/local/sbin/onebox-init </dev/null >/dev/null
}
remove() { podman rm --force --time 5 "$host" >/dev/null; }

started=
look
if [[ $status == running && $network != "$(stat --format %i "/run/netns/$host")" ]]; then
  podman stop --time 5 "$host" >/dev/null # its namespace was removed under it
  status=exited
fi
if [[ $status != running && $found_recipe == "$recipe" ]]; then # stopped, or half made
  if podman start "$host" >/dev/null; then
    say 'started again'
    started=yes
  else
    remove
    found_recipe='' status=missing
  fi
fi
if [[ $found_recipe != "$recipe" ]]; then
  lock_images
  if ! podman image exists "$image"; then
    say "loading image $image"
    podman import --quiet "$STRATA_INPUT_ROOTFS" "$image" >/dev/null
  fi
  if [[ $status != missing ]]; then
    remove
    say 'removed the old one'
  fi
  run
  remove_unused_images
  unlock_images
  say "runs at $STRATA_INPUT_ADDRESS"
  started=yes
fi

# --- a living host takes new settings as it runs
if [[ -z $started ]] && ! { [[ $(cat "$STRATA_STATE/taken" 2>/dev/null) == "$wanted" ]] && ssh_answers && vpn_is_up; }; then
  podman exec "$host" sv start sshd wg0 >/dev/null
  podman exec "$host" sv hup sshd >/dev/null
  podman exec "$host" wg0-configure
  say 'took its settings again'
fi

# --- until it answers
for ((tries = 100; tries > 0; tries--)); do
  if ssh_answers && vpn_is_up; then break; fi
  sleep 0.1
done
if ((tries == 0)); then
  say 'sshd or WireGuard did not come up within 10 s; its last words:' >&2
  podman logs --tail 20 "$host" >&2
  exit 1
fi
echo "$wanted" >"$STRATA_STATE/taken"

look
jq -n --arg name "$STRATA_INPUT_NAME" --arg address "$STRATA_INPUT_ADDRESS" --arg vpn_address "$STRATA_INPUT_VPN_ADDRESS" \
  --arg machine_id "$machine_id" \
  '{name: $name, address: $address, vpn_address: $vpn_address, machine_id: $machine_id}' >"$STRATA_OUTPUTS"
