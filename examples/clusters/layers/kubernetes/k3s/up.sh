#!/bin/sh
set -eu
echo "install k3s with the address $STRATA_INPUT_ADDRESS" >&2
exit 1
