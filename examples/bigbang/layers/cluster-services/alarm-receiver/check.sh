#!/usr/bin/env bash
# Does it hear?
url=http://$STRATA_INPUT_ADDRESS:$STRATA_INPUT_PORT/cgi-bin/alarm
busybox wget -q -O /dev/null "$url" || { echo "nobody answers at $url"; exit 1; }
