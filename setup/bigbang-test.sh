#!/usr/bin/env bash
# The example of Big Bang as a test: killed in the middle of its cluster services and resumed, its cluster swapped for
# another one under everything that stands on it, destroyed; nothing is left. It needs root, and what `setup/install.sh` and
# `setup/install.sh --cluster` install. Seven minutes when all that it builds has been built before, half an hour else.
# Usage: setup/bigbang-test.sh        STRATA=PROGRAM XTASK=PROGRAM use what is built already
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:$PWD/target/tools # kubectl and helm, where the machine has none
work=$(mktemp -d)
env=bt # of its own, beside whatever a demonstration left running
passed=0
step() { printf '\n== %s\n' "$*"; }
pass() { passed=$((passed + 1)); printf 'ok %d - %s\n' $passed "$*"; }
fail() { printf 'FAILED: %s\n' "$*"; exit 1; }
build() {
  cargo build -q -p "$1"
  printf '%s' "${CARGO_TARGET_DIR:-$PWD/target}/debug/$1"
}
STRATA=${STRATA:-$(build strata)} XTASK=${XTASK:-$(build xtask)}
strata() { "$STRATA" -C "$work/ops" "$@"; }
# runs, and shows what was said only when the exit code is another
expect() { # CODE WHAT COMMAND…
  local want=$1 what=$2 code=0
  shift 2
  "$@" >"$work/log" 2>&1 || code=$?
  [ "$code" = "$want" ] || { cat "$work/log"; fail "$what: exit code $code instead of $want"; }
  pass "$what"
}
cleanup() {
  code=$?
  if [ $code != 0 ]; then strata destroy $env --yes >"$work/log" 2>&1 || tail "$work/log"; fi
  rm -rf "$work"
}
trap cleanup EXIT
# What somebody finds who knows only the names: a line for each thing that is there.
left() {
  podman --cgroup-manager cgroupfs ps --all --format 'container {{.Names}}' | grep "^container sk-$env-" || true
  ip netns list | awk '{print "namespace " $1}' | grep "^namespace sk-$env-" || true
  ip -o link show | grep -E "(: sk-$env[:@])|(alias $env/(segment|machine))" || true
  local p
  for p in /proc/[0-9]*; do
    if { tr '\0' '\n' <"$p/environ"; } 2>/dev/null | grep -q "^STRATA_UNIT=$env/"; then echo "process ${p#/proc/}"; fi
  done
}
kubectl() { KUBECONFIG=$work/kubeconfig command kubectl "$@"; }
# The cluster's kubeconfig: an output, and sensitive.
enter() { (umask 077 && strata outputs $env/k8s/upstream kubeconfig --reveal >"$work/kubeconfig"); }
identity() { kubectl get namespace kube-system -o 'jsonpath={.metadata.uid}'; }
customers_serve() {
  local customer
  for customer in acorn birch; do
    kubectl rollout status --namespace "customer-$customer" deployment/web --timeout 2m
    kubectl exec --namespace "customer-$customer" deployment/web -- busybox wget -q -O - http://127.0.0.1:8080/
  done
}
# What of the repo is above the cluster, in one word.
above() { (cd "$work/ops" && find layers apps -type f | sort | xargs sha256sum | sha256sum); }

step 'from nothing'
[ -z "$(left)" ] || fail "there is something of \`$env\` already: $(left)"
"$XTASK" cluster build
setup/bigbang.sh "$work"
rm "$work/ops/environments/qa.yaml"
sed -e 's/10\.97\.11\./10.97.13./; s/10\.99\.0\.0/10.99.64.0/; s/10\.99\.16\.0/10.99.80.0/' "$work/ops/environments/dev.yaml" \
  >"$work/ops/environments/$env.yaml"
rm "$work/ops/environments/dev.yaml"
expect 0 'what the catalog offers is locked' strata import update
expect 0 'the repo fits together' strata check
"$STRATA" -C "$work/ops" apply $env --yes >"$work/log" 2>&1 &
until grep -qE "$env/(alertmanager|node-exporter|source-controller) upgrade" "$work/log" || ! kill -0 $! 2>/dev/null; do sleep 0.2; done
kill -KILL $! || { cat "$work/log"; fail 'the apply ended before it was killed'; }
wait $! 2>/dev/null || true
[ "$(strata status $env --format json | jq '[.units[] | select(.layer == "applications" and .state == "applied" and (.unit | test("customer")))] | length')" = 0 ] ||
  fail 'it was killed too late'
expect 5 'apply does not pass over what was killed' strata apply $env --yes
expect 0 'killed in the middle of its cluster services, it is resumed' strata resume $env
enter
expect 0 'two customers are served' customers_serve
expect 0 'a second apply' strata apply $env --yes
grep -q 'nothing to do' "$work/log" || fail 'the second apply did something'
first=$(identity) files=$(above)

step 'another cluster: three machines with a control plane and two nodes in the place of one'
sed -i 's/environment: one/environment: three/' "$work/ops/environments/$env.yaml"
expect 0 'which the lock knows' strata import lock
expect 0 'the cluster is swapped, and what stands on it follows' strata apply $env --yes
[ "$files" = "$(above)" ] || fail 'files of the layers above changed'
enter
[ "$first" != "$(identity)" ] || fail 'it is the same cluster'
[ "$(kubectl get nodes -o name | wc -l)" = 2 ] || { kubectl get nodes; fail 'it has not two nodes'; }
expect 0 'two customers are served by it' customers_serve
expect 0 'a second apply' strata apply $env --yes
grep -q 'nothing to do' "$work/log" || { cat "$work/log"; fail 'the second apply did something'; }
expect 0 'the machine of before goes' strata destroy $env --orphans --yes
expect 0 'nothing drifted' strata drift $env

step 'to nothing'
expect 0 'it is destroyed' strata destroy $env --yes
found=$(left)
[ -z "$found" ] || fail "destroy left: $found"
pass 'nothing is left'
printf '\n%d passed\n' $passed
