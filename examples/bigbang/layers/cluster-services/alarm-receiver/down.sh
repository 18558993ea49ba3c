#!/usr/bin/env bash
# Ends the server. What it heard goes with the unit.
pid=$(cat "$STRATA_STATE/pid" 2>/dev/null) || exit 0
if grep -q "$STRATA_STATE/www" "/proc/$pid/cmdline" 2>/dev/null; then kill "$pid"; fi
rm -f "$STRATA_STATE/pid"
