#!/usr/bin/env bash
# Is the bridge there, with its address?
ip -o -4 address show dev "$STRATA_INPUT_BRIDGE" 2>/dev/null | grep -qwF "$STRATA_INPUT_GATEWAY" ||
  { echo "the bridge $STRATA_INPUT_BRIDGE with $STRATA_INPUT_GATEWAY is missing"; exit 1; }
