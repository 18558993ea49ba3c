#!/usr/bin/env bash
# Does it answer?
url=http://$STRATA_INPUT_ADDRESS:$STRATA_INPUT_PORT/cgi-bin/git/apps.git
git ls-remote --quiet "$url" >/dev/null 2>&1 || { echo "nobody answers at $url"; exit 1; }
