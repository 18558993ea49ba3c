#!/usr/bin/env bash
# The demonstration of Big Bang: `up` brings it up on this machine and shows a minute of day two; `down` destroys it.
# Usage: demo-kubernetes.sh up|down [ENVIRONMENT]     dev (usual): one machine; qa: three with a control plane, two nodes
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
place=$root/target/bigbang
environment=${2-dev}
export PATH=$root/target/tools:$PATH
strata() { "$root/target/release/strata" -C "$place/ops" "$@"; }
say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
# kubectl in the cluster's own terms: the kubeconfig is an output, and sensitive
kubectl() { KUBECONFIG=$place/kubeconfig command kubectl "$@"; }
until_so() { # WHAT COMMAND…: within two minutes
  local what=$1
  shift
  for _ in $(seq 120); do
    if "$@" >/dev/null 2>&1; then echo "$what"; return; fi
    sleep 1
  done
  echo "NOT SO: $what" >&2
  exit 1
}
is_there() { kubectl get "$@"; }
is_gone() { ! kubectl get "$@"; }
# an alarm of a service, as the receiver wrote it down: one line for each time that Alertmanager told it
was_told() { grep -F "\"status\":\"$1\"" "$alarms" | grep -F '"alertname":"ServiceDown"' | grep -F "\"namespace\":\"$2\""; }

case ${1-up} in
up)
  echo "This demonstration builds a platform on this machine. It will"
  { setup/install.sh --list; setup/install.sh --cluster --list; } | sort -u | sed 's/^/  install: /'
  echo "  build strata into target/, and Kubernetes, Helm, Flux, Gatekeeper and Prometheus from their Go modules (kept in the"
  echo "  caches of Go and in ~/.cache/strata-tools; half an hour the first time)"
  echo "  make containers that are machines, and what runs in them"
  echo "  keep its state in target/bigbang; make demo-kubernetes-down removes everything again"
  if [ -t 0 ]; then
    read -r -p "Go on? [y/N] " answer
    [ "$answer" = y ] || [ "$answer" = Y ] || exit 1
  fi
  setup/install.sh
  setup/install.sh --cluster
  cargo build --release -p strata -p xtask
  target/release/xtask cluster build
  setup/bigbang.sh "$place"
  say "what the catalog offers, locked"
  strata import update
  say "check: the whole repo, from its files alone"
  strata check
  say "apply: image, infrastructure, kubernetes, cluster services, applications"
  strata apply "$environment" --yes
  strata outputs "$environment/k8s/upstream" kubeconfig --reveal >"$place/kubeconfig.new"
  chmod 600 "$place/kubeconfig.new"
  mv "$place/kubeconfig.new" "$place/kubeconfig"
  kubectl get nodes,pods --all-namespaces
  say "again: nothing changed, no tool is started"
  strata apply "$environment" --yes
  say "two customers, who differ in their configuration and nothing else"
  for customer in acorn birch; do
    kubectl get --namespace "customer-$customer" deployment/web
    kubectl exec --namespace "customer-$customer" deployment/web -- busybox wget -q -O - http://127.0.0.1:8080/
  done
  say "a rule holds: a customer without an owner is refused"
  if kubectl create namespace customer-nobody; then echo "it was not refused" >&2; exit 1; fi
  say "an alarm reaches somebody: a customer's web is down, and is back"
  alarms=$(strata outputs "$environment/alarm-receiver" log)
  : >"$alarms"
  # Flux would mend it before anybody noticed
  kubectl patch --namespace flux-system kustomization/customer-acorn --type merge --patch '{"spec": {"suspend": true}}'
  kubectl scale --namespace customer-acorn deployment/web --replicas 0
  until_so 'it was told that it is down' was_told firing customer-acorn
  kubectl patch --namespace flux-system kustomization/customer-acorn --type merge --patch '{"spec": {"suspend": null}}'
  until_so 'it was told that it is back' was_told resolved customer-acorn
  say "an application comes by one commit, and goes by another"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  git clone --quiet "$(strata outputs "$environment/git-server" repository)" "$work/apps"
  cd "$work/apps"
  git config user.name demo
  git config user.email demo@localhost
  mkdir apps/more
  sed 's/hello/more/' apps/hello/hello.yaml >apps/more/more.yaml
  git add .
  git commit --quiet --message 'Add an application'
  git push --quiet
  until_so 'it came' is_there configmap more
  git rm --quiet -r apps/more
  git commit --quiet --message 'Remove it'
  git push --quiet
  until_so 'it went' is_gone configmap more
  cd "$root"
  say "it is running: strata -C target/bigbang/ops status; make demo-kubernetes-down ends it"
  strata status "$environment"
  ;;
down)
  strata destroy --all --yes
  rm -rf "$place"
  ;;
*)
  echo "usage: $0 up|down [ENVIRONMENT]" >&2
  exit 2
  ;;
esac
