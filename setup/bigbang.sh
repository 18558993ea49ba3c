#!/usr/bin/env bash
# Puts examples/bigbang and the catalog's repositories side by side, as they are where each has a forge.
# Usage: bigbang.sh DIR        makes DIR/ops, an operations repo, and DIR/git/{kubernetes,cluster-services}
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
target=${1:?DIR}
mkdir -p "$target/git"
for name in kubernetes cluster-services; do
  repository=$target/git/$name
  rm -rf "$repository"
  cp -r "$root/catalog/$name" "$repository"
  rm -rf "$repository/.strata"
  git -C "$repository" init --quiet --initial-branch main
  git -C "$repository" add .
  # the same files make the same commit
  GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' \
    git -C "$repository" -c user.name=catalog -c user.email=catalog@localhost commit --quiet --message 1.0.0
  git -C "$repository" tag 1.0.0
done
# state and lock stay
mkdir -p "$target/ops"
find "$target/ops" -mindepth 1 -maxdepth 1 ! -name .strata ! -name strata.lock -exec rm -rf {} +
cp -r "$root/examples/bigbang/." "$target/ops"
