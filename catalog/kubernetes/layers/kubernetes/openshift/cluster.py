"""What the scripts of this folder share: inputs, the folder that outlives runs, programs, and the outputs of the contract."""
import base64
import json
import os
import pathlib
import string
import subprocess
import sys

os.umask(0o077)  # the state folder holds keys
INPUTS = json.loads(pathlib.Path(os.environ["STRATA_INPUTS"]).read_text())
STATE = pathlib.Path(os.environ["STRATA_STATE"])


def fill(template, **more):
    """The template with each $name as JSON, which YAML reads as well: no text of an input can become a key."""
    values = {name: json.dumps(value) for name, value in {**INPUTS, **more}.items()}
    return string.Template(pathlib.Path(template).read_text()).substitute(values)


def run(*command, **more):
    """Runs a program to its end; what it says is seen."""
    subprocess.run([str(word) for word in command], check=True, **more)


def read(*command):
    """What a program prints."""
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def kubectl(kubeconfig, *words):
    """What kubectl prints; the file's path is an argument, never what is in it."""
    return read("kubectl", "--kubeconfig", kubeconfig, *words)


def outputs(kubeconfig, groups):
    """Writes the outputs, from what the API says of itself. `groups`: how many machines by group."""
    cluster = json.loads(kubectl(kubeconfig, "config", "view", "--raw", "--minify", "-o", "json"))["clusters"][0]["cluster"]
    classes = json.loads(kubectl(kubeconfig, "get", "storageclasses", "-o", "json"))["items"]
    default = "storageclass.kubernetes.io/is-default-class"
    classes.sort(key=lambda c: (c["metadata"].get("annotations", {}).get(default) != "true", c["metadata"]["name"]))
    version = json.loads(kubectl(kubeconfig, "get", "--raw", "/version"))["gitVersion"]
    issuer = json.loads(kubectl(kubeconfig, "get", "--raw", "/.well-known/openid-configuration"))["issuer"]
    pathlib.Path(os.environ["STRATA_OUTPUTS"]).write_text(json.dumps({
        "endpoint": cluster["server"],
        "ca": base64.b64decode(cluster["certificate-authority-data"]).decode(),
        "kubeconfig": pathlib.Path(kubeconfig).read_text(),
        "version": version.removeprefix("v"),
        "pod_cidr": INPUTS["pod_cidr"],
        "service_cidr": INPUTS["service_cidr"],
        "oidc_issuer": issuer,
        "storage_classes": [c["metadata"]["name"] for c in classes],
        "node_groups": groups,
    }))


def answers(kubeconfig):
    """Is the API there, and are all nodes ready? Each difference is a line, as `check` wants it."""
    if not kubeconfig.exists():
        print("there is no cluster")
        sys.exit(1)
    asked = subprocess.run(["kubectl", "--kubeconfig", str(kubeconfig), "--request-timeout=20s", "get", "nodes", "-o", "json"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if asked.returncode:
        print("the API does not answer: " + " ".join(asked.stderr.split())[-300:])
        sys.exit(1)
    wrong = 0
    for node in json.loads(asked.stdout)["items"]:
        ready = [c["status"] for c in node["status"].get("conditions", []) if c["type"] == "Ready"]
        if ready != ["True"]:
            wrong = 1
            print("the node %s is not ready" % node["metadata"]["name"])
    sys.exit(wrong)
