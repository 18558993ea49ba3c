#!/usr/bin/env python3
"""Does a cluster keep the contract `kubernetes-cluster`? Asks the API and a pod, and compares with what was promised.

PROMISED    the outputs of the contract as JSON, without the kubeconfig
KUBECONFIG  path of a private file
IMAGE       an image with a shell, `nc`, `nslookup` and `sleep`
PATIENCE    seconds that one thing may take; 120

Every check says `ok:` or `FAILED:`; a check that cannot be made is a failure. What it creates is in a namespace of its
own, which is gone when this ends.
"""
import contextlib
import ipaddress
import json
import os
import secrets
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

PATIENCE = float(os.environ.get("PATIENCE", "120"))
failed = []
passed = 0


@contextlib.contextmanager
def check(what):
    """Whatever goes wrong inside is a failure of that check, and the next one goes on."""
    global passed
    try:
        yield
    except Exception as error:  # also what the API said
        failed.append(what)
        print("FAILED: %s: %s" % (what, " ".join(str(error).split())[:500] or type(error).__name__))
    else:
        passed += 1
        print("ok: " + what)


def kubectl(*words, given=None):
    """What kubectl prints. It finds the cluster by its environment; objects come on its standard input."""
    done = subprocess.run(["kubectl", "--request-timeout=20s", *words], input=given and json.dumps(given), text=True,
                          stdin=None if given else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise RuntimeError(done.stderr or done.stdout)
    return done.stdout


def get(*words):
    return json.loads(kubectl("get", *words, "-o", "json"))


def soon(look, patience=PATIENCE):
    """The first answer that is something, asked again until patience ends."""
    end = time.monotonic() + patience
    while True:
        try:
            found, why = look(), "it is not so"
        except (RuntimeError, AssertionError) as error:
            found, why = None, str(error)
        if found:
            return found
        if time.monotonic() > end:
            raise RuntimeError("%s after %d s" % (why, patience))
        time.sleep(0.5)


def same(have, want):
    assert have == want, "is %s, promised is %s" % (have, want)


def inside(address, cidr):
    assert ipaddress.ip_address(address) in ipaddress.ip_network(cidr), "%s is not in %s" % (address, cidr)


def is_version(have, promised):
    """`1.34.4` is that version, `1.34` any of them; builds of a distribution follow a `+` or a `-`."""
    have, promised = have.lstrip("v"), promised.lstrip("v")
    assert have == promised or have.startswith((promised + ".", promised + "+", promised + "-")), \
        "is %s, promised is %s" % (have, promised)


def answers(endpoint, ca):
    """Somebody with a certificate of that CA answers there; who asks without a name may be refused."""
    context = ssl.create_default_context(cadata=ca)
    try:
        with urllib.request.urlopen(endpoint.rstrip("/") + "/version", context=context, timeout=20) as answer:
            answer.read()
    except urllib.error.HTTPError as refusal:
        assert refusal.code in (401, 403), "answers %d" % refusal.code


def is_ready(node):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", []))


def workload(image):
    """A pod that reaches the API, asks for its own service and stays, and that service."""
    script = """
        echo begun
        until nc "$KUBERNETES_SERVICE_HOST" "$KUBERNETES_SERVICE_PORT" </dev/null; do sleep 1; done
        echo reached
        until nslookup "$NAME" 2>/dev/null; do sleep 1; done
        echo resolved
        exec sleep 3600"""
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "probe"},
         "spec": {"selector": {"app": "probe"}, "ports": [{"port": 80}]}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe", "labels": {"app": "probe"}},
         "spec": {"automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0, "restartPolicy": "Never",
                  "securityContext": {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}},
                  "containers": [{"name": "probe", "image": image, "command": ["sh", "-c", script],
                                  "env": [{"name": "NAME", "value": "probe.%s.svc.cluster.local" % namespace}],
                                  "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
                                  "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}]}},
    ]


def pod_with_address():
    pod = get("pod", "probe", "-n", namespace)
    status = pod["status"]
    if status.get("phase") == "Running" and status.get("podIP"):
        return pod
    states = [s.get("state", {}) for s in status.get("containerStatuses", [])]
    conditions = [c for c in status.get("conditions", []) if c["status"] == "False"]
    raise RuntimeError("the pod is %s: %s" % (status.get("phase"), json.dumps(states or conditions)))


def log_with(word):
    """The pod's log, once that word is in it."""
    def look():
        text = kubectl("logs", "probe", "-n", namespace)
        assert word in text.split(), "the pod says no %s: %s" % (word, text)
        return text

    return soon(look)


def stop(signum, frame):
    sys.exit(128 + signum)  # the namespace is removed on the way out


promised = json.loads(os.environ["PROMISED"])
image = os.environ["IMAGE"]
namespace = "strata-conformance-" + secrets.token_hex(4)
signal.signal(signal.SIGTERM, stop)

with check("the API answers at %s with the promised CA" % promised["endpoint"]):
    soon(lambda: answers(promised["endpoint"], promised["ca"]) or True)

with check("the kubeconfig leads to the API, which has version %s" % promised["version"]):
    is_version(json.loads(soon(lambda: kubectl("get", "--raw", "/version")))["gitVersion"], promised["version"])

with check("tokens of service accounts are signed by %s" % promised["oidc-issuer"]):
    same(json.loads(kubectl("get", "--raw", "/.well-known/openid-configuration"))["issuer"], promised["oidc-issuer"])

with check("a node is ready"):
    soon(lambda: any(is_ready(node) for node in get("nodes")["items"]))

for name, group in sorted(promised["node-groups"].items()):
    with check("nodes of %s that are ready: %d" % (name, group["count"])):
        labels = ",".join("%s=%s" % pair for pair in sorted(group["labels"].items()))
        soon(lambda: sum(map(is_ready, get("nodes", "-l", labels)["items"])) >= group["count"])

with check("storage classes: %s" % (", ".join(promised["storage-classes"]) or "none is promised")):
    there = {c["metadata"]["name"] for c in get("storageclasses")["items"]}
    missing = [name for name in promised["storage-classes"] if name not in there]
    assert not missing, "there is no %s" % ", ".join(missing)

try:
    with check("a pod and a service can be created"):
        kubectl("create", "-f", "-", given={"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        for thing in workload(image):
            # the account that pods get may come a moment later
            soon(lambda: kubectl("apply", "-n", namespace, "-f", "-", given=thing))

    with check("the pod runs, with an address in %s" % promised["pod-cidr"]):
        inside(soon(pod_with_address)["status"]["podIP"], promised["pod-cidr"])

    with check("services have addresses in %s" % promised["service-cidr"]):
        for name, space in [("kubernetes", "default"), ("probe", namespace)]:
            inside(get("service", name, "-n", space)["spec"]["clusterIP"], promised["service-cidr"])

    with check("the pod's log can be read, and in it that it reaches the API at its service's address"):
        log_with("reached")

    with check("the name of its service resolves there"):
        log = log_with("resolved")
        address = get("service", "probe", "-n", namespace)["spec"]["clusterIP"]
        assert address in log.split(), "the name server says something else than %s: %s" % (address, log)
finally:
    with check("nothing of this is left"):
        kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false")

        def gone():
            return not kubectl("get", "namespace", namespace, "--ignore-not-found", "-o", "name").strip()

        soon(gone, max(PATIENCE, 60))

if failed:
    print("%d of %d checks failed: %s" % (len(failed), len(failed) + passed, "; ".join(failed)))
    sys.exit(1)
print("%d checks passed" % passed)
