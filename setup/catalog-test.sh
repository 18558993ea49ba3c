#!/usr/bin/env bash
# The flavor `upstream` of catalog/kubernetes for real, in its two layouts: applied, verified by the contract, applied again,
# destroyed, and nothing of it is left. In between strata is killed, and a machine is lost. It needs root, and what
# `setup/install.sh` and `setup/install.sh --cluster` install.
# Usage: setup/catalog-test.sh [ENVIRONMENT…]     default: one three
#        STRATA=PROGRAM XTASK=PROGRAM use what is built already
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:$PWD/target/tools # kubectl, where the machine has none
[ $# -gt 0 ] || set -- one three
work=$(mktemp -d)
passed=0
step() { printf '\n== %s\n' "$*"; }
pass() { passed=$((passed + 1)); printf 'ok %d - %s\n' $passed "$*"; }
fail() { printf 'FAILED: %s\n' "$*"; exit 1; }

if [ -z "${STRATA-}" ]; then
  cargo build -q -p strata
  STRATA=${CARGO_TARGET_DIR:-$PWD/target}/debug/strata
fi
if [ -z "${XTASK-}" ]; then
  cargo build -q -p xtask
  XTASK=${CARGO_TARGET_DIR:-$PWD/target}/debug/xtask
fi
environments=("$@")
cp -r catalog/kubernetes "$work/ops"
strata() { "$STRATA" -C "$work/ops" "$@"; }
cleanup() {
  code=$?
  if [ $code != 0 ]; then strata destroy "${environments[@]}" --yes >/dev/null 2>&1 || true; fi
  rm -rf "$work"
}
trap cleanup EXIT

# What somebody finds who knows only the names: a line for each thing that is there.
left() { # ENVIRONMENT
  local runtime=(podman --cgroup-manager cgroupfs) p
  "${runtime[@]}" ps --all --format 'container {{.Names}}' 2>/dev/null | grep "^container sk-$1-" || true
  ip netns list | awk '{print "namespace " $1}' | grep "^namespace sk-$1-" || true
  ip -o link show | grep -E "(: sk-$1[:@])|(alias $1/(segment|machine))" || true
  grep "sk-$1-\|$work/.*/data/" /proc/self/mounts || true
  for p in /proc/[0-9]*; do
    # what a step started carries its handle; what runs in a machine is in its mounts
    if { tr '\0' '\n' <"$p/environ"; } 2>/dev/null | grep -q "^STRATA_UNIT=$1/" || grep -qs "$work" "$p/mountinfo"; then
      [ "${p#/proc/}" = $$ ] || echo "process ${p#/proc/} $({ tr '\0' ' ' <"$p/cmdline"; } 2>/dev/null)"
    fi
  done
  find "$work/ops/.strata/state/$1" -type f 2>/dev/null || true
}
settings() { sysctl vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys; }

step 'before'
"$XTASK" cluster build
strata check --all-flavors >/dev/null 2>&1 || fail 'the catalog does not fit together'
pass 'the catalog fits together'
settings >"$work/settings"
rules=$(nft list ruleset 2>/dev/null | sha256sum)

for env; do
  step "environment $env"
  [ -z "$(left "$env")" ] || fail "there is something of \`$env\` already: $(left "$env")"
  if [ "$env" = one ]; then
    "$STRATA" -C "$work/ops" apply "$env" --yes >"$work/log" 2>&1 &
    for _ in $(seq 900); do
      if grep -q 'node : containerd' "$work/log" || ! kill -0 $! 2>/dev/null; then break; fi
      sleep 1
    done
    kill -KILL $! || { cat "$work/log"; fail "apply $env ended before it was killed"; }
    wait $! 2>/dev/null || true
    strata resume "$env" >"$work/log" 2>&1 || { cat "$work/log"; fail "resume $env"; }
    pass "what was killed in the middle of $env is resumed"
  else
    strata apply "$env" --yes >"$work/log" 2>&1 || { cat "$work/log"; fail "apply $env"; }
  fi
  grep -q 'upstream verified: [0-9]* checks passed' "$work/log" || { cat "$work/log"; fail "$env was not verified"; }
  pass "$env is applied, and keeps the contract: $(grep -o '[0-9]* checks passed' "$work/log" | tail -n 1)"

  strata apply "$env" --yes >"$work/log" 2>&1 || { cat "$work/log"; fail "the second apply of $env"; }
  grep -q 'nothing to do' "$work/log" || { cat "$work/log"; fail "the second apply of $env did something"; }
  pass 'a second apply has nothing to do'

  strata apply "$env" --yes --replace "$env/upstream" >"$work/log" 2>&1 || { cat "$work/log"; fail "the playbook again"; }
  if grep 'changed: ' "$work/log"; then fail 'the playbook changed what was as it should be'; fi
  pass 'the playbook itself changes nothing when it runs again'

  strata outputs "$env/upstream" version | grep -qx '1\.[0-9]*\.[0-9]*' || fail 'the version is not an output'
  strata verify "$env" >"$work/log" 2>&1 || { cat "$work/log"; fail "verify $env"; }
  pass 'verify passes again'

  if [ "$env" = one ]; then
    # as kube-proxy leaves it that ends while the API is away, and begins when it is back
    podman --cgroup-manager cgroupfs exec sk-one-all-1 sh -c '
      chain=$(nft list table ip kube-proxy | sed -n "s#^[[:space:]]*chain \(endpoint-[^ ]*-default/kubernetes/[^ ]*\) {#\1#p")
      nft flush chain ip kube-proxy "$chain"' || fail 'there is no chain for the API'
    if strata verify "$env" >"$work/log" 2>&1; then fail 'a pod that cannot reach the API was not noticed'; fi
    grep -q 'reaches the API' "$work/log" || { cat "$work/log"; fail 'it was not said that a pod cannot reach the API'; }
    strata apply "$env" --yes --replace "$env/upstream" >"$work/log" 2>&1 || { cat "$work/log"; fail 'the way to the API was not mended'; }
    pass 'a way of pods to the API that is lost is noticed, and mended by the playbook'

    podman --cgroup-manager cgroupfs rm --force --time 0 sk-one-all-1 >/dev/null 2>&1
    strata apply "$env" --yes --refresh >"$work/log" 2>&1 || { cat "$work/log"; fail 'apply after the loss of a machine'; }
    grep -q 'upstream verified' "$work/log" || { cat "$work/log"; fail 'nothing was made anew'; }
    pass 'a machine that is lost is made anew, and the cluster on it'
  fi

  strata destroy "$env" --yes >"$work/log" 2>&1 || { cat "$work/log"; fail "destroy $env"; }
  found=$(left "$env")
  [ -z "$found" ] || fail "destroy left: $found"
  pass 'destroy leaves nothing'
done

step 'after'
settings | cmp - "$work/settings" || fail 'settings of the kernel were changed'
pass 'settings of the kernel are as they were'
[ "$rules" = "$(nft list ruleset 2>/dev/null | sha256sum)" ] || fail 'packet filter rules were changed'
pass 'rules of the packet filter are as they were'
printf '\n%d passed\n' $passed
