#!/usr/bin/env bash
# Removes what a build that was cut off left. The archive stays in the cache, as the programs do: anybody may need it.
rm -rf "${STRATA_STATE:?}/tree"
