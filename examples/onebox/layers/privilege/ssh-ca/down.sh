#!/usr/bin/env bash
# Forgets the keys: nothing signed by this CA is of use to it any more.
set -euo pipefail
rm -f "$STRATA_STATE"/{ca,deploy}{,.pub} "$STRATA_STATE/deploy-cert.pub"
echo "removed the CA and the deploy key"
