#!/usr/bin/env bash
# Are the keys there, and is the deploy certificate good for a while?
set -euo pipefail
# shellcheck source=certificate.sh
. ./certificate.sh
cd "$STRATA_STATE"
certificate_is_good || {
  echo "the deploy certificate is missing, not ours, or about to expire"
  exit 1
}
