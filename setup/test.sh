#!/usr/bin/env bash
# All tests: style, units, crashes, the program with real tools, clusters, the whole example.
# ONEBOX=0 leaves the example out, CLUSTERS=0 what needs Kubernetes.
set -euo pipefail
cd "$(dirname "$0")/.."
export STRATA_REQUIRE_TOOLS=1
cargo fmt --check
cargo clippy --workspace --all-targets -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps -q
# one profile, and always the whole workspace: with other features of a dependency all would be built again
cargo build --workspace
cargo test --workspace
built=${CARGO_TARGET_DIR:-$PWD/target}/debug
export STRATA=$built/strata XTASK=$built/xtask
if [ "${CLUSTERS:-1}" = 1 ]; then
  setup/install.sh --cluster
  setup/kubernetes-test.sh
fi
if [ "${ONEBOX:-1}" = 1 ]; then
  setup/onebox-test.sh
fi
