#!/usr/bin/env bash
# Removes the machine with its disks and its cable; the image too, when no other machine uses it.
set -euo pipefail
. ./names.sh
if podman container exists "$machine"; then podman rm --force --time 5 "$machine" >/dev/null; fi
ip link delete "$port" 2>/dev/null || true
ip netns delete "$machine" 2>/dev/null || true
rm -rf "$settings" "$data"
lock_images
remove_unused_images
