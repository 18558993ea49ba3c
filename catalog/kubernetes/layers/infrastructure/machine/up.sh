#!/usr/bin/env bash
# Makes the machine run: settings, cable, image, container. One that is as it should be is left alone.
set -euo pipefail
. ./names.sh
umask 077
look
if [[ $status != missing && $found_owner != "$owner" ]]; then
  echo "the container $machine is of another platform on this machine: destroy that one first" >&2
  exit 1
fi

# --- what it finds in /etc/machine
mkdir -p "$settings" "$data"/{containerd,kubelet,etcd}
chmod 755 "$settings" "$data"
input() { python3 -c 'import json, os, sys; v = json.load(open(os.environ["STRATA_INPUTS"]))[sys.argv[1]]; print("\n".join(v) if isinstance(v, list) else v.rstrip("\n"))' "$1"; }
setting() { # NAME MODE: content from stdin
  cat >"$settings/.new"
  chmod "$2" "$settings/.new"
  mv "$settings/.new" "$settings/$1"
}
input host_key | setting host_key 600
input authorized | setting authorized_keys 644
{ printf '127.0.0.1 localhost\n::1 localhost\n'; input hosts; } | setting hosts 644
setting sshd_config 644 <<'S'
HostKey /etc/machine/host_key
AuthorizedKeysFile /etc/machine/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
Subsystem sftp internal-sftp
S

# --- a network namespace with one cable to the bridge
# shellcheck disable=SC2086
mac=$(printf '02:00:%02x:%02x:%02x:%02x' ${STRATA_INPUT_ADDRESS//./ })
if ! ip netns exec "$machine" true 2>/dev/null; then
  ip netns delete "$machine" 2>/dev/null || true # left by a machine that went down
  ip netns add "$machine"
fi
if ! ip -netns "$machine" link show dev eth0 >/dev/null 2>&1 || ! ip link show dev "$port" >/dev/null 2>&1; then
  ip link delete "$port" 2>/dev/null || true
  ip link add "$port" type veth peer name eth0 address "$mac" netns "$machine"
fi
ip link set dev "$port" alias "$STRATA_UNIT" master "$STRATA_INPUT_BRIDGE" up
ip -netns "$machine" address replace "$STRATA_INPUT_ADDRESS/24" dev eth0
ip -netns "$machine" link set dev lo up
ip -netns "$machine" link set dev eth0 up

# --- the container
run() {
  local files processes # podman's own limits are above what some machines allow
  files=$(ulimit -Hn) processes=$(ulimit -Hu)
  ((${files/unlimited/9999999} < 65536)) || files=65536
  ((${processes/unlimited/9999999} < 16384)) || processes=16384
  podman run --detach --pull never --name "$machine" --hostname "$STRATA_INPUT_NAME" \
    --label "recipe=$recipe" --label "owner=$owner" \
    --privileged --cgroupns private --network "ns:/run/netns/$machine" --no-hosts --dns none \
    --ulimit "nofile=$files:$files" --ulimit "nproc=$processes:$processes" \
    --tmpfs /run:rw,nosuid,nodev,mode=755 --volume "$settings:/etc/machine:ro" \
    --volume "$data/containerd:/var/lib/containerd" --volume "$data/kubelet:/var/lib/kubelet:rshared" \
    --volume "$data/etcd:/var/lib/etcd" --stop-signal SIGHUP "$image" /usr/local/sbin/machine-init </dev/null >/dev/null
}
remove() { podman rm --force --time 5 "$machine" >/dev/null; }

look
if [[ $status == running && $network != "$(stat --format %i "/run/netns/$machine")" ]]; then
  podman stop --time 5 "$machine" >/dev/null # its namespace was removed under it
  status=exited
fi
if [[ $status != running && $found_recipe == "$recipe" ]]; then
  if ! podman start "$machine" >/dev/null; then
    remove
    found_recipe='' status=missing
  fi
fi
if [[ $found_recipe != "$recipe" ]]; then
  lock_images
  podman image exists "$image" || podman import --quiet "$STRATA_INPUT_ARCHIVE" "$image" >/dev/null
  [[ $status == missing ]] || remove
  run
  remove_unused_images
  exec 9<&-
fi
for ((tries = 100; tries > 0; tries--)); do
  if ssh_answers; then break; fi
  sleep 0.1
done
if ((tries == 0)); then
  echo "sshd of $STRATA_INPUT_NAME did not come up within 10 s; its last words:" >&2
  podman logs --tail 20 "$machine" >&2
  exit 1
fi
look
printf '{"name": "%s", "address": "%s", "machine_id": "%s"}' "$STRATA_INPUT_NAME" "$STRATA_INPUT_ADDRESS" "$machine_id" >"$STRATA_OUTPUTS"
