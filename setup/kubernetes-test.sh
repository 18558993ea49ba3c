#!/usr/bin/env bash
# The engines of Kubernetes on real clusters: brings two up, one of them with Flux and Argo CD, runs the tests, takes both
# down. It needs root, and what `setup/install.sh --cluster` installs. docs/cluster.md tells about them.
# Usage: setup/kubernetes-test.sh [ARGUMENTS OF CARGO TEST]        XTASK=PROGRAM uses an xtask that is built already
#        SERVICES=1 also builds Istio, with its proxy, and Elastic's operator, and tests them
set -euo pipefail
cd "$(dirname "$0")/.."
# kubectl and helm, where the machine has none
PATH=$PATH:$PWD/target/tools
if [ -z "${XTASK-}" ]; then
  cargo build -q -p xtask
  XTASK=${CARGO_TARGET_DIR:-$PWD/target}/debug/xtask
fi
# what a run of this left that was killed: its clusters have its number
for name in $("$XTASK" cluster list | grep -oE '^kube-(test|other)-[0-9]+'); do
  kill -0 "${name##*-}" 2>/dev/null || "$XTASK" cluster down "$name"
done
one=kube-test-$$ two=kube-other-$$
cleanup() {
  code=$?
  "$XTASK" cluster down "$one" || code=1
  "$XTASK" cluster down "$two" || code=1
  exit $code
}
trap cleanup EXIT
STRATA_TEST_CLUSTER=$("$XTASK" cluster up "$one" --kubernetes-nodes 1)
STRATA_TEST_OTHER_CLUSTER=$("$XTASK" cluster up "$two" --kubernetes-nodes 0)
export STRATA_TEST_CLUSTER STRATA_TEST_OTHER_CLUSTER

# Flux without its helm-controller, whose module cannot be had (tests of releases say that they are left out), Argo CD, and
# where their pods reach this machine: the first address of the cluster's network
install() { # NAME NAMESPACE [ARGUMENTS OF HELM]
  local name=$1 namespace=$2 service
  service=$(setup/service.sh "$name")
  "$XTASK" cluster load "$one" "$service/image.tar"
  KUBECONFIG=$STRATA_TEST_CLUSTER helm install "$name" "$service/chart.tgz" --namespace "$namespace" --create-namespace \
    --set "image=$(jq -r .reference "$service/outputs.json")" "${@:3}" --wait --timeout 5m >/dev/null
}
install argocd argocd --set "secretKey=$(openssl rand -hex 32)" &
argocd=$!
for name in source-controller kustomize-controller; do install $name flux-system; done
wait $argocd
STRATA_TEST_PROVIDERS=$(setup/provider.sh)
export STRATA_TEST_PROVIDERS
api=$(KUBECONFIG=$STRATA_TEST_CLUSTER kubectl config view -o 'jsonpath={.clusters[0].cluster.server}' | sed 's#https://##; s#:.*##')
export STRATA_TEST_FLUX=${api%.*}.1 STRATA_TEST_ARGOCD=${api%.*}.1

# core services of the catalog that take long to build
if [ -n "${SERVICES-}" ]; then
  for name in istiod istio-proxy elastic-operator; do
    service=$(setup/service.sh $name)
    "$XTASK" cluster load "$one" "$service/image.tar"
    case $name in
    istiod) export STRATA_TEST_ISTIOD=$service ;;
    istio-proxy) export STRATA_TEST_ISTIO_PROXY=$service ;;
    elastic-operator) export STRATA_TEST_ELASTIC=$service ;;
    esac
  done
fi

# they wait more than they compute
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-4}
# the whole workspace, as `make test` has built it
cargo test --workspace --test kubernetes "$@"
# dialogues with helm itself; they start the program that the line above has built
cargo test --workspace --test cluster "$@"
