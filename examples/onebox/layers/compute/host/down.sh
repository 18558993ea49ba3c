#!/usr/bin/env bash
# Removes the host with its disks and its network; the image too, when no other host uses it.
set -euo pipefail
. ./names.sh

if [[ $(container_is) != missing ]]; then
  "${podman[@]}" rm --force --time 5 "$host" >/dev/null
  echo "$STRATA_INPUT_NAME: removed"
fi
ip link delete "$port" 2>/dev/null || true
ip netns delete "$host" 2>/dev/null || true
rm -rf "$settings" "$data" "$STRATA_STATE/taken"

if [[ -d /var/lib/containers ]]; then
  lock_images
  for unused in $("${podman[@]}" images --format '{{.Repository}}:{{.Tag}}' "$repository"); do
    "${podman[@]}" rmi "$unused" >/dev/null 2>&1 || true # still in use
  done
  unlock_images
fi
