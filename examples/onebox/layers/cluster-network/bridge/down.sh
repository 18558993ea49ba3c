#!/usr/bin/env bash
# Removes the bridge, if it is ours.
set -euo pipefail
. ./names.sh

if ip link show dev "$bridge" >/dev/null 2>&1; then
  case "$(alias_of_bridge)" in
    '' | "$(owner)")
      ip link delete "$bridge"
      echo "removed bridge $bridge"
      ;;
    *) echo "left bridge $bridge, which belongs to another platform" ;;
  esac
fi
rm -f "$STRATA_STATE"/owner{,.new}
