#!/bin/sh
# Says what the cluster is that this environment has.
set -eu
echo "Kubernetes $STRATA_INPUT_VERSION at $STRATA_INPUT_ENDPOINT"
kubectl get --raw /version >/dev/null
