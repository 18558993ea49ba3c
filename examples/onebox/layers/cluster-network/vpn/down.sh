#!/usr/bin/env bash
# Forgets the keys.
set -euo pipefail
rm -rf "$STRATA_STATE"/{private,public}
echo "removed the WireGuard keys"
