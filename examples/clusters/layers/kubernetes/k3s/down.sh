#!/bin/sh
set -eu
echo "remove k3s" >&2
exit 1
