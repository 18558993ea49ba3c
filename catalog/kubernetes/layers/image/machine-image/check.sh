#!/usr/bin/env bash
# Is the archive there?
archive=$(python3 -c 'import json, os; print(json.load(open(os.environ["STRATA_RECORDED"]))["archive"])')
[[ -e $archive ]] || { echo "$archive is gone"; exit 1; }
