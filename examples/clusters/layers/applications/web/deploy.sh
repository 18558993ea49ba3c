#!/bin/sh
set -eu
kubectl --server "$STRATA_INPUT_API" apply -f .
