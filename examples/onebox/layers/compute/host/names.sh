# Names of a host's parts on this machine, from the environment and the host's name; sourced.
# shellcheck shell=bash disable=SC2034

# the container and the network namespace
host="onebox-$STRATA_ENV-$STRATA_INPUT_NAME"
# the machine's end of the host's network cable; a link's name has at most 15 characters
port="ob$(printf %s "$STRATA_ENV/$STRATA_INPUT_NAME" | sha256sum | cut -c1-12)"
# the image in podman's store, named by its content
repository=localhost/onebox
image="$repository:${STRATA_INPUT_ROOTFS_DIGEST:0:16}"

# what the host finds in /etc/onebox, and its disk for data at /data, which outlives the host's own
settings="$STRATA_STATE/settings"
data="$STRATA_STATE/data"

# A container with another recipe is replaced, not changed.
recipe=$(printf '%s\n' 1 "$image" "$STRATA_INPUT_NAME" "$STRATA_STATE" | sha256sum | cut -c1-16)

# File 9 is the lock below, which nothing that lives on may inherit.
# crun does not know the mixture of both control group versions; runc does.
podman() {
  if [[ -e /sys/fs/cgroup/unified ]]; then set -- --runtime runc "$@"; fi
  command podman --cgroup-manager cgroupfs "$@" 9<&-
}

# What there is now: status (running, exited, missing …), found_recipe, network (its namespace's inode), machine_id.
look() {
  local pid
  read -r status found_recipe pid machine_id < <(podman container inspect --format \
    '{{.State.Status}} {{index .Config.Labels "recipe"}} {{.State.Pid}} {{.Id}}' "$host" 2>/dev/null || echo missing - 0 -)
  network=$(stat --format %i --dereference "/proc/$pid/ns/net" 2>/dev/null || true)
  machine_id=${machine_id:0:32}
}
ssh_answers() {
  timeout 2 bash -c "head -c 4 <'/dev/tcp/$STRATA_INPUT_ADDRESS/22'" 2>/dev/null | grep -q '^SSH-'
}
vpn_is_up() {
  ip -netns "$host" -4 address show dev wg0 2>/dev/null | grep -qw "$STRATA_INPUT_VPN_ADDRESS"
}
# Images are loaded, used and removed by one host at a time.
lock_images() {
  mkdir -p /var/lib/containers
  exec 9</var/lib/containers
  flock 9
}
unlock_images() {
  exec 9<&-
}
remove_unused_images() {
  local unused
  for unused in $(podman images --format '{{.Repository}}:{{.Tag}}' "$repository"); do
    podman rmi "$unused" >/dev/null 2>&1 || true # in use
  done
}
