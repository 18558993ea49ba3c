#!/usr/bin/env bash
# The demonstration: `up` brings the example platform up and shows a minute of day two; `down` destroys it and proves
# that nothing is left.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
strata() { "$root/target/release/strata" -C "$root/examples/onebox" "$@"; }
smoke() { strata outputs "$1" --format json | examples/onebox/smoke.sh; }
say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

case ${1-up} in
up)
  echo "This demonstration builds a platform on this machine. It will"
  setup/install.sh --list | sed 's/^/  install: /'
  echo "  build strata into target/"
  echo "  make a disk image (about 4 minutes the first time), network bridges, containers and what runs in them"
  echo "  keep its state in examples/onebox/.strata; make demo-down removes everything again"
  if [ -t 0 ]; then
    read -r -p "Go on? [y/N] " answer
    [ "$answer" = y ] || [ "$answer" = Y ] || exit 1
  fi
  setup/install.sh
  cargo build --release -p strata
  say "check: the whole repo, from its files alone"
  strata check
  say "apply: it stops where people have to act (exit code 4)"
  code=0
  strata apply org dev --yes || code=$?
  if [ $code = 4 ]; then
    strata hand-off list
    say "finance opens the account; the run goes on"
    strata hand-off done org/budget --output account=onebox-1 --output monthly_limit=500 --output currency=EUR --by finance
    strata resume
  elif [ $code != 0 ]; then
    exit $code
  fi
  say "from the outside"
  smoke dev
  say "again: nothing changed, no tool is started"
  strata apply org dev --yes
  say "day two: one value changes (title in environments/dev.yaml)"
  dev=examples/onebox/environments/dev.yaml
  cp $dev target/dev.yaml.before
  trap 'cp target/dev.yaml.before $dev' EXIT
  sed -i 's/^  title: .*/  title: Good evening/' $dev
  strata apply dev --yes
  smoke dev
  say "a host dies behind its back"
  examples/onebox/break-host.sh dev web-2
  strata drift dev --layer compute || true
  say "apply repairs it"
  strata apply dev --refresh --yes
  smoke dev
  say "the file as it was, and the platform with it"
  cp target/dev.yaml.before $dev
  strata apply dev --yes
  say "it is running: strata -C examples/onebox status; make demo-down ends it"
  strata status dev
  ;;
down)
  strata destroy --all --yes
  examples/onebox/nothing-left.sh
  rm -rf examples/onebox/.strata
  ;;
*)
  echo "usage: $0 up|down" >&2
  exit 2
  ;;
esac
