#!/usr/bin/env bash
# Removes the bridge, if it is ours, and the keys.
set -euo pipefail
if [[ $(cat "/sys/class/net/$STRATA_INPUT_BRIDGE/ifalias" 2>/dev/null) == "$STRATA_UNIT" ]]; then
  ip link delete "$STRATA_INPUT_BRIDGE"
fi
rm -f "$STRATA_STATE"/{deploy,host}{,.pub}
