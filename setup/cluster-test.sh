#!/usr/bin/env bash
# Clusters for tests as a test themselves: two side by side, what runs in them, `up` killed in the middle, from nothing
# to nothing. It needs root, and what `setup/install.sh --cluster` installs. docs/cluster.md tells about them.
# Usage: setup/cluster-test.sh        XTASK=PROGRAM uses an xtask that is built already
set -euo pipefail
cd "$(dirname "$0")/.."
# kubectl, where the machine has none
PATH=$PATH:$PWD/target/tools
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
eventually() { # WHAT COMMAND…: within a minute
  local what=$1
  shift
  for _ in $(seq 1 300); do
    if "$@" >/dev/null 2>&1; then pass "$what"; return; fi
    sleep 0.2
  done
  fail "$what"
}

if [ -z "${XTASK-}" ]; then
  cargo build -q -p xtask
  XTASK=${CARGO_TARGET_DIR:-$PWD/target}/debug/xtask
fi
cluster() { "$XTASK" cluster "$@"; }
folders=/var/lib/strata-clusters
# names that nobody else has
one=test-one-$$ two=test-two-$$ dying=test-dying-$$
cleanup() {
  code=$?
  if [ $code != 0 ]; then
    for name in $one $two $dying; do
      tail -n 5 $folders/$name/log/*.log 2>/dev/null | cut -c1-300 || true
      cluster down $name || true
    done
  fi
  if [ -n "${webhook-}" ]; then kill "$webhook" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT

# What belongs to a cluster, seen from outside of it and without asking it.
mark() { echo "STRATA_CLUSTER=$folders/$1"; }
marked() { # NAME: processes that carry its mark
  local p
  for p in /proc/[0-9]*; do
    if { tr '\0' '\n' <"$p/environ"; } 2>/dev/null | grep -qx "$(mark "$1")"; then echo "${p#/proc/}"; fi
  done
}
started() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; } # in ticks since the start of the machine
spaces() { readlink "/proc/$1"/ns/{net,mnt,pid,uts,ipc,cgroup} 2>/dev/null || true; }
record() { # NAME: all of its processes, those in containers too, and whoever else is in one of its namespaces
  local p pid
  for pid in $(marked "$1"); do readlink "/proc/$pid/ns/pid_for_children" || true; done | sort -u |
    grep -vx "$(readlink /proc/self/ns/pid)" >"$work/pids" || true
  for p in /proc/[0-9]*; do
    if readlink "$p/ns/pid" 2>/dev/null | grep -qxFf "$work/pids"; then spaces "${p#/proc/}"; fi
  done | sort -u >"$work/all"
  spaces self >"$work/own"
  grep -vxFf "$work/own" "$work/all" >"$work/namespaces" || true
  for p in /proc/[0-9]*; do
    pid=${p#/proc/}
    if spaces "$pid" | grep -qxFf "$work/namespaces"; then echo "$pid $(started "$pid")"; fi
  done >"$work/$1.processes"
  # a mount can hold a namespace without any process
  if grep -F ' nsfs ' /proc/self/mountinfo | grep -qFf "$work/namespaces"; then fail 'a mount holds a namespace of it'; fi
  sed -n 's/.*"index":\([0-9]*\).*/\1/p' "$folders/$1/cluster.json" >"$work/$1.index"
}
nothing_left() { # NAME, recorded while it was there
  local left=0 index
  index=$(cat "$work/$1.index")
  none() {
    local found
    found=$(cat)
    if [ -n "$found" ]; then
      echo "LEFT: $1:"
      echo "$found" | sed 's/^/  /'
      left=1
    fi
  }
  {
    marked "$1"
    while read -r pid since; do
      if [ "$(started "$pid")" = "$since" ]; then echo "$pid"; fi
    done <"$work/$1.processes"
  } >"$work/left"
  # who was in a namespace is gone, and with it the namespace
  none processes <"$work/left"
  grep -E "strata-clusters/$1(/| )" /proc/self/mountinfo >"$work/left" || true
  none mounts <"$work/left"
  {
    ip -o link show | grep -E ": strata-k$index[:@]|alias $1\$" || true
    ip route show table all | grep -E "198\.1[89]\.$index\." || true
    find /sys/fs/cgroup -maxdepth 2 -name "strata-cluster-$index"
  } >"$work/left"
  # the number is free again: all this may be somebody else's by now
  if ! grep -lE "\"index\":$index[,}]" $folders/*/cluster.json >/dev/null 2>&1; then
    none 'links, routes, control groups' <"$work/left"
  fi
  ls -d "$folders/$1" "$folders/.new-$1" >"$work/left" 2>/dev/null || true
  none folders <"$work/left"
  return $left
}
settings() { sysctl -n vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys \
  kernel.keys.root_maxbytes net.ipv4.ip_forward 2>&1; }
settings >"$work/settings"

step "what they are made of"
expect 0 'built, or in the cache' cluster build

step "two, side by side"
cluster up $one >"$work/kubeconfig" & first=$!
expect 0 'the second comes up while the first does' cluster up $two --kubernetes-nodes 2
wait $first || fail 'the first did not come up'
pass 'the first is up'
[ "$(cat "$work/kubeconfig")" = $folders/$one/kubeconfig ] || fail 'it does not say where its kubeconfig is'
k1() { kubectl --kubeconfig $folders/$one/kubeconfig "$@"; }
k2() { kubectl --kubeconfig $folders/$two/kubeconfig "$@"; }
[ "$(stat -c %a $folders/$one/kubeconfig)" = 600 ] || fail 'others can read the kubeconfig'
pass 'only its owner reads the kubeconfig'
for k in "k1 1" "k2 2"; do
  set -- $k
  "$1" get nodes
  [ "$("$1" get nodes --no-headers | grep -cw Ready)" = "$2" ] || fail 'not all nodes are ready'
done
pass 'all nodes are ready'
[ "$(cluster list | grep -cE "^($one|$two).up")" = 2 ] || fail 'list does not show both'
pass 'list shows both'
cluster up $one 2>"$work/error" && fail 'a name was taken twice'
grep -q 'already' "$work/error" || fail 'it is not said that the name is taken'
pass 'a name is taken once'

step "what runs in them"
web() {
  cat <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: localhost/busybox:1
        command: [sh, -c, 'mkdir -p /www; hostname >/www/index.html; exec httpd -f -p 8080 -h /www']
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
        resources: {limits: {memory: 50Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
YAML
}
for k in k1 k2; do
  web | $k apply -f - >/dev/null
  expect 0 'pods of our own image run' $k rollout status deployment/web --timeout=120s
  address=$($k get service web -o 'jsonpath={.spec.clusterIP}')
  eventually 'the service answers this machine' curl -sf -m 2 "http://$address/"
  eventually 'the service answers a pod' $k exec deployment/web -- wget -qO- "http://$address/"
  eventually 'and by its name' $k exec deployment/web -- wget -qO- http://web.default.svc/
  eventually 'the API server reaches pods' $k get --raw /api/v1/namespaces/default/services/web:80/proxy/
done
expect 0 'a command runs in a pod' k1 exec deployment/web -- true
k2 get pods -o wide
[ "$(k2 get pods -l app=web -o 'jsonpath={range .items[*]}{.spec.nodeName}{"\n"}{end}' | sort -u | wc -l)" = 2 ] ||
  fail 'both pods run on one node'
pass 'pods run on both nodes'
[ "$(k1 auth can-i list secrets --as system:serviceaccount:default:default || true)" = no ] || fail 'everything is allowed'
pass 'what no role allows is refused'

step "an image of somebody else"
mkdir -p "$work/tree/bin"
cp "$(command -v busybox)" "$work/tree/bin/busybox"
b() { buildah --storage-driver vfs --root "$work/storage" --runroot "$work/run" "$@"; }
container=$(b from scratch)
b copy -q "$container" "$work/tree" / >/dev/null
b commit -q "$container" localhost/loaded:1 >/dev/null
b push -q localhost/loaded:1 "oci-archive:$work/loaded.tar:localhost/loaded:1"
expect 0 'load' cluster load $two "$work/loaded.tar"
expect 2 'load of what is not there' cluster load $two "$work/missing.tar"
for node in node-1 node-2; do
  k2 run loaded-$node --image localhost/loaded:1 --overrides "{\"spec\":{\"nodeName\":\"$node\"}}" \
    --command -- /bin/busybox sleep 1000 >/dev/null
  expect 0 "it runs on $node" k2 wait --for=condition=Ready pod/loaded-$node --timeout=60s
done

step "a webhook on this machine, by its address and as a service"
host=$(ip -o -4 address show dev "$(ip -o link show | grep -oE "strata-k[0-9]+@[^\\]*\\\\.* alias $one\$" | cut -d@ -f1)" |
  grep -oE '198\.18\.[0-9]+\.1')
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=webhook \
  -addext "subjectAltName=IP:$host,DNS:webhook.default.svc" -keyout "$work/key" -out "$work/crt" 2>/dev/null
cat >"$work/webhook.py" <<'PYTHON'
import http.server, json, ssl, sys
class Refuse(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        said = {"uid": asked["uid"], "allowed": asked["name"] != "refused", "status": {"message": "the webhook says no"}}
        body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": said}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
host, folder = sys.argv[1:]
server = http.server.HTTPServer((host, 0), Refuse)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/crt", folder + "/key")
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(folder + "/port.new", "w") as f: f.write(str(server.server_port))
import os
os.rename(folder + "/port.new", folder + "/port")
server.serve_forever()
PYTHON
python3 "$work/webhook.py" "$host" "$work" & webhook=$!
eventually 'the webhook listens' test -e "$work/port"
port=$(cat "$work/port")
ca=$(base64 -w0 "$work/crt")
k1 apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Service
metadata: {name: webhook}
spec: {ports: [{name: https, port: 443, targetPort: $port}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: webhook, labels: {kubernetes.io/service-name: webhook}}
addressType: IPv4
ports: [{name: https, port: $port}]
endpoints: [{addresses: ["$host"]}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: refuse}
webhooks:
- name: refuse.example.test
  admissionReviewVersions: [v1]
  sideEffects: None
  clientConfig: {url: "https://$host:$port/", caBundle: $ca}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: default}}
- name: refuse-as-service.example.test
  admissionReviewVersions: [v1]
  sideEffects: None
  clientConfig: {service: {name: webhook, namespace: default}, caBundle: $ca}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [serviceaccounts]}]
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: default}}
YAML
says_no() { ! k1 create "$1" refused 2>"$work/error" && grep -q 'the webhook says no' "$work/error"; }
refused() { says_no "$1" || { k1 delete "$1" refused; false; }; }
eventually 'what it refuses is refused' refused configmap
eventually 'also where it is a service' refused serviceaccount
expect 0 'what it allows is made' k1 create configmap allowed
kill $webhook

step "the end of both"
record $one
record $two
[ "$(wc -l <"$work/$one.processes")" -ge 8 ] || fail 'not all processes of the cluster were seen'
cluster down $one
nothing_left $one || fail 'something is left of the first'
pass 'nothing is left of the first'
expect 0 'the second goes on' k2 get --raw /readyz
cluster down $two
nothing_left $two || fail 'something is left of the second'
pass 'nothing is left of the second'
expect 0 'down of what is not there' cluster down $one

step "up, killed -9 in the middle"
# when this file is there: from the first moment to the last
for file in cluster.json secrets/ca.key log/machine.log log/kube-apiserver.log log/node-1-containerd.log \
  log/node-1-kubelet.log; do
  cluster up $dying >/dev/null 2>&1 & victim=$!
  # `&` of a function is a shell: the program is its child
  until [ -e $folders/$dying/$file ] || ! kill -0 $victim 2>/dev/null; do sleep 0.01; done
  # on a busy machine it may be over before; then there is a whole cluster to remove
  pkill -9 -P $victim || echo "up was over before it could be killed at $file"
  wait $victim 2>/dev/null || true
  record $dying
  expect 0 "down after a kill at $file" cluster down $dying
  nothing_left $dying || fail 'something is left'
  pass 'nothing is left'
done
settings | diff "$work/settings" - || fail 'settings of the kernel were changed'
pass 'no setting of the kernel was changed'
echo
echo "$passed passed, 0 failed"
