#!/usr/bin/env bash
# All tests: style, units, crashes, the program with real tools, the whole example.
set -euo pipefail
cd "$(dirname "$0")/.."
export STRATA_REQUIRE_TOOLS=1
cargo fmt --check
cargo clippy --workspace --all-targets -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps -q
cargo build --release -p strata
cargo test --workspace
if [ "${ONEBOX:-1}" = 1 ]; then
  setup/onebox-test.sh
fi
