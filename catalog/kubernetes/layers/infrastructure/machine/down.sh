#!/usr/bin/env bash
# Removes the machine with its disks and its cable; the image too, when no other machine uses it.
set -euo pipefail
. ./names.sh
look
if [[ $status == missing || $found_owner == "$owner" ]]; then
  [[ $status == missing ]] || podman rm --force --time 5 "$machine" >/dev/null
  ip link delete "$port" 2>/dev/null || true
  ip netns delete "$machine" 2>/dev/null || true
else
  echo "left $machine, which is of another platform"
fi
rm -rf "$settings" "$data"
lock_images
remove_unused_images
