#!/usr/bin/env bash
# Kills a host behind strata's back: break-host.sh ENVIRONMENT HOST
set -euo pipefail
podman --cgroup-manager cgroupfs rm --force --time 0 "onebox-$1-$2" >/dev/null
echo "onebox-$1-$2 is gone"
