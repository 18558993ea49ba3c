#!/usr/bin/env python3
"""Runs the installer; a run that was cut off goes on where the installer can. Its folder is the cluster's record: without
it nobody can remove the machines, so it outlives runs."""
import json
import sys

sys.dont_write_bytecode = True
from cluster import INPUTS, STATE, fill, kubectl, outputs, read, run

folder = STATE / "install"
kubeconfig = folder / "auth" / "kubeconfig"
workers = INPUTS["workers"]
wanted = fill("install-config.yaml", worker_count=workers["count"], worker_machine=workers["machine"])

# the installer decides the version: it has to be the one that was asked for
release = read("openshift-install", "version").splitlines()[0].split()[-1]
if not (folder / "metadata.json").exists():
    folder.mkdir(exist_ok=True)
    (folder / "install-config.yaml").write_text(wanted)
    run("openshift-install", "create", "cluster", "--dir", folder)
elif not (STATE / "done").exists():
    run("openshift-install", "wait-for", "install-complete", "--dir", folder)
(STATE / "done").write_text(release + "\n")

said = json.loads(kubectl(kubeconfig, "get", "--raw", "/version"))["gitVersion"]
if not said.startswith("v" + ".".join(INPUTS["kubernetes_version"].split(".")[:2]) + "."):
    print("OpenShift %s brings Kubernetes %s, not %s" % (release, said, INPUTS["kubernetes_version"]))
    sys.exit(1)
outputs(kubeconfig, {
    "master": {"count": 3, "labels": {"node-role.kubernetes.io/master": ""}},
    "worker": {"count": workers["count"], "labels": {"node-role.kubernetes.io/worker": ""}},
})
