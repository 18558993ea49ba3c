#!/usr/bin/env bash
# The example platform as a test: everything that its tutorial says, with real tools, from nothing to nothing.
# STRATA=PROGRAM uses one that is built already.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
passed=0
step() { printf '\n== %s\n' "$*"; }
pass() { passed=$((passed + 1)); printf 'ok %d - %s\n' $passed "$*"; }
fail() { printf 'FAILED: %s\n' "$*"; exit 1; }
expect() { # CODE WHAT COMMAND…
  local want=$1 what=$2 code=0
  shift 2
  "$@" || code=$?
  [ "$code" = "$want" ] || fail "$what: exit code $code instead of $want"
  pass "$what"
}

# What a test of before that was killed left on this machine: its environments are nobody else's.
clear_away() { # ENVIRONMENT…
  local names p name
  names=$(IFS='|'; echo "$*")
  for p in /proc/[0-9]*; do
    if { tr '\0' '\n' <"$p/environ"; } 2>/dev/null | grep -qE "^STRATA_UNIT=($names)/"; then
      kill -9 "${p#/proc/}" 2>/dev/null || true
    fi
  done
  podman --cgroup-manager cgroupfs ps --all --format '{{.Names}}' 2>/dev/null | grep -E "^onebox-($names)-" |
    while read -r name; do podman --cgroup-manager cgroupfs rm --force "$name" >/dev/null </dev/null; done || true
  awk '{print $2}' /proc/self/mounts | { grep -E "onebox-($names)-" || true; } | while read -r name; do umount -l "$name"; done
  ip netns list 2>/dev/null | awk '{print $1}' | { grep -E "^onebox-($names)-" || true; } |
    while read -r name; do ip netns delete "$name"; done
  ip -o link show | { grep -E "(: ob-($names)[:@])|(alias ($names)/)" || true; } | sed 's/^[0-9]*: \([^:@]*\).*/\1/' |
    while read -r name; do ip link delete "$name" 2>/dev/null || true; done
}
if ! examples/onebox/nothing-left.sh ta tb >/dev/null; then
  step "a test that was killed left something: it goes first"
  clear_away ta tb
  examples/onebox/nothing-left.sh ta tb
fi

# a copy, so that the test changes nothing of the repo
cp -r examples/onebox "$work/onebox"
rm -rf "$work/onebox/.strata"
# environments of its own, beside whatever a demonstration left running
mv "$work/onebox/environments/dev.yaml" "$work/onebox/environments/ta.yaml"
if [ -z "${STRATA-}" ]; then
  cargo build -q -p strata
  STRATA=${CARGO_TARGET_DIR:-$PWD/target}/debug/strata
fi
strata() { "$STRATA" -C "$work/onebox" "$@"; }
smoke() { strata outputs "$1" --format json | "$work/onebox/smoke.sh"; }
cleanup() {
  code=$?
  if [ $code != 0 ]; then strata destroy --all --yes >/dev/null 2>&1 || true; fi
  rm -rf "$work"
}
trap cleanup EXIT

step "checked from its files alone"
expect 0 'the whole repo is valid' strata check

step "people first"
expect 4 'the run stops where finance has to act' strata apply org ta --yes
strata hand-off list | grep -q 'owed .*org/budget' || fail 'who owes what is not listed'
pass 'who owes what is listed'
expect 0 'finance hands back the budget' strata hand-off done org/budget \
  --output account=onebox-1 --output monthly_limit=500 --output currency=EUR --by finance

step "everything else, killed in the middle"
strata resume --parallelism 4 >"$work/resume.log" 2>&1 &
victim=$!
# somewhere after the image and before the end: when the first host exists
for _ in $(seq 1 900); do
  # the image and the hosts' network are there; hosts and what stands on them are not
  kill -0 $victim 2>/dev/null || break
  grep -q 'ta/host\[.* applied' "$work/resume.log" && break
  sleep 1
done
pkill -9 -f "$STRATA -C $work/onebox resume" || fail 'the run was over before it could be killed'
pass 'killed -9 in the middle'
wait $victim 2>/dev/null || true
code=0
strata resume || code=$?
if [ $code != 0 ]; then strata status; fail "resume after kill -9: exit code $code"; fi
pass 'resume goes on to the end'
expect 0 'the page shows a row from the database, through the load balancer' smoke ta

step "again"
strata apply org ta --yes --format json >"$work/again.json" || fail 'the second apply failed'
if grep -q '"event"' "$work/again.json"; then fail 'the second apply did something'; fi
pass 'a second apply starts nothing'

step "a host dies behind its back"
"$work/onebox/break-host.sh" ta web-2
expect 6 'drift finds it' strata drift ta --layer compute
expect 0 'apply repairs it' strata apply ta --refresh --yes
expect 0 'and the page is back on both hosts' smoke ta

step "a second environment beside the first, with the other load balancer"
expect 0 'env new' strata env new tb --from ta
echo 'flavors: {load-balancer: nginx}' >>"$work/onebox/environments/tb.yaml"
expect 0 'apply the second' strata apply tb --yes
expect 0 'the second answers' smoke tb
expect 0 'the first still does' smoke ta

step "an image without hardening"
expect 10 'its verification fails' strata apply unhardened --yes

step "the end"
expect 0 'destroy' strata destroy --all --yes
expect 0 'nothing is left' "$work/onebox/nothing-left.sh" org ta tb unhardened
echo
echo "$passed passed, 0 failed"
