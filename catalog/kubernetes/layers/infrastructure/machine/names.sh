# Names of a machine's parts on this machine; sourced.
# shellcheck shell=bash disable=SC2034

machine="sk-$STRATA_ENV-$STRATA_INPUT_NAME" # the container and the network namespace
port="sk$(printf %s "$machine" | sha256sum | cut -c1-12)" # this machine's end of its cable
image="localhost/strata-machine:$STRATA_INPUT_DIGEST"
settings=$STRATA_STATE/settings
data=$STRATA_STATE/data
owner=$(printf %s "$STRATA_STATE" | sha256sum | cut -c1-12) # two checkouts never take each other's machines
recipe=$(printf '%s\n' 1 "$image" "$STRATA_INPUT_NAME" "$STRATA_STATE" | sha256sum | cut -c1-16)

# crun does not know the mixture of both control group versions; runc does. File 9 is a lock that nothing may inherit.
podman() {
  if [[ -e /sys/fs/cgroup/unified ]]; then set -- --runtime runc "$@"; fi
  command podman --cgroup-manager cgroupfs "$@" 9<&-
}
# status (running, exited, missing …), found_recipe, found_owner, network (its namespace's inode), machine_id
look() {
  local pid
  read -r status found_recipe found_owner pid machine_id < <(podman container inspect --format \
    '{{.State.Status}} {{index .Config.Labels "recipe"}} {{index .Config.Labels "owner"}} {{.State.Pid}} {{.Id}}' \
    "$machine" 2>/dev/null || echo missing - - 0 -)
  network=$(stat --format %i --dereference "/proc/$pid/ns/net" 2>/dev/null || true)
  machine_id=${machine_id:0:32}
}
ssh_answers() {
  timeout 2 bash -c "head -c 4 <'/dev/tcp/$STRATA_INPUT_ADDRESS/22'" 2>/dev/null | grep -q '^SSH-'
}
# Images are loaded, used and removed by one machine at a time.
lock_images() {
  mkdir -p /var/lib/containers
  exec 9</var/lib/containers
  flock 9
}
remove_unused_images() {
  local unused
  for unused in $(podman images --format '{{.Repository}}:{{.Tag}}' localhost/strata-machine); do
    podman rmi "$unused" >/dev/null 2>&1 || true # in use
  done
}
