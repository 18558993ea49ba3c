#!/usr/bin/env bash
# Removes the host with its disks and its network; the image too, when no other host uses it.
set -euo pipefail
. ./names.sh

if podman container exists "$host"; then
  podman rm --force --time 5 "$host" >/dev/null
  echo "$STRATA_INPUT_NAME: removed"
fi
ip link delete "$port" 2>/dev/null || true
ip netns delete "$host" 2>/dev/null || true
rm -rf "$settings" "$data" "$STRATA_STATE/taken"

lock_images
remove_unused_images
unlock_images
