#!/usr/bin/env bash
# Installs what the build, the demo and the tests need and this machine lacks. Says what it does before it does it.
# Usage: setup/install.sh [--cluster] [--list]     --list only prints what is missing
#        --cluster: what clusters for tests need, and nothing else (docs/cluster.md)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
say() { printf '%s\n' "$*" >&2; }

missing=()
tofu=no
cluster=no
if [ "${1-}" = --cluster ]; then
  cluster=yes
  shift
  # by program: another package than Debian's may have brought it, and must not be replaced
  while read -r package file; do
    case $package in '' | '#'*) continue ;; esac
    [ -e "$file" ] || command -v "$file" >/dev/null || missing+=("$package")
  done <"$here/kubernetes/packages.txt"
  # Debian's own may be too old for Kubernetes
  command -v go >/dev/null || { say "Go is missing: install 1.24 or later, then run this again"; exit 1; }
else
  while read -r package; do
    case $package in '' | '#'*) continue ;; esac
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done <"$here/packages.txt"
fi
[ $cluster = yes ] || command -v terraform >/dev/null || command -v tofu >/dev/null || [ -x "$here/../target/tools/tofu" ] || tofu=yes

if [ "${1-}" = --list ]; then
  for p in "${missing[@]}"; do echo "Debian package $p"; done
  [ $tofu = no ] || echo "OpenTofu, built with Go into target/tools (5-10 minutes)"
  exit 0
fi

command -v cargo >/dev/null || {
  say "Rust is missing: install it with rustup (1.88 or later), then run this again"
  exit 1
}
if [ ${#missing[@]} -gt 0 ]; then
  [ "$(id -u)" = 0 ] || { say "run this as root: it has to install ${missing[*]}"; exit 1; }
  say "installing: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  # services of these packages are for hosts of the example, not for this machine
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
if [ $tofu = yes ]; then
  command -v go >/dev/null || apt-get install -y -qq --no-install-recommends golang-go >/dev/null
  say "building OpenTofu (5-10 minutes)"
  (cd "$here/tofu" && go build -o "$here/../target/tools/tofu" github.com/opentofu/opentofu/cmd/tofu)
fi
say "everything that is needed is there"
