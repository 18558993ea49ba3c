#!/usr/bin/env bash
# Forgets the host keys.
set -euo pipefail
rm -rf "$STRATA_STATE/keys" "$STRATA_STATE"/ca{,.pub}
echo "removed the host keys"
