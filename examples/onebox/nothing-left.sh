#!/usr/bin/env bash
# Proves that the example left nothing on this machine: no container, namespace, bridge, link, mount or process.
# Usage: nothing-left.sh [ENVIRONMENT…]     default: org dev qa unhardened
set -euo pipefail
[ $# -gt 0 ] || set -- org dev qa unhardened
names=$(IFS='|'; echo "$*")
left=0
none() { # WHAT: what stands on stdin is what is left
  local found
  found=$(cat)
  if [ -n "$found" ]; then
    echo "LEFT: $1:"
    echo "$found" | sed 's/^/  /'
    left=1
  else
    echo "none left: $1"
  fi
}
{ podman --cgroup-manager cgroupfs ps --all --format '{{.Names}}' 2>/dev/null | grep -E "^onebox-($names)-" || true; } | none containers
{ ip netns list 2>/dev/null | awk '{print $1}' | grep -E "^onebox-($names)-" || true; } | none 'network namespaces'
{ ip -o link show | grep -E "(: ob-($names)[:@])|(alias ($names)/)" || true; } | none 'bridges and links'
{ grep -E "onebox-($names)-" /proc/self/mounts || true; } | none mounts
{
  for p in /proc/[0-9]*; do
    # what a step of the example started carries its handle
    if { tr '\0' '\n' <"$p/environ"; } 2>/dev/null | grep -qE "^STRATA_UNIT=($names)/"; then
      echo "${p#/proc/} $({ tr '\0' ' ' <"$p/cmdline"; } 2>/dev/null)"
    fi
  done
} | none processes
exit $left
