#!/usr/bin/env python3
"""Makes the cluster, unless one of its name and configuration is there."""
import sys

sys.dont_write_bytecode = True
from cluster import INPUTS, STATE, fill, kubectl, outputs, read, run

name, kubeconfig = INPUTS["cluster_name"], STATE / "kubeconfig"
nodes = [{"role": "control-plane", "image": INPUTS["image"], "labels": {"node-group": "control-plane"}}]
nodes += [{"role": "worker", "image": INPUTS["image"], "labels": {"node-group": "workers"}}] * INPUTS["workers"]
wanted = fill("kind.yaml", nodes=nodes)
made = STATE / "kind.yaml"

there = name in read("kind", "get", "clusters").split()
if there and not (made.exists() and made.read_text() == wanted):
    run("kind", "delete", "cluster", "--name", name)  # kind changes nothing of a cluster that is there
    there = False
if not there:
    new = STATE / "new.yaml"
    new.write_text(wanted)
    run("kind", "create", "cluster", "--config", new, "--kubeconfig", kubeconfig, "--wait", "5m")
    new.rename(made)
run("kind", "export", "kubeconfig", "--name", name, "--kubeconfig", kubeconfig)

said = kubectl(kubeconfig, "version", "-o", "json")
if INPUTS["kubernetes_version"] not in said:
    print("the image is not of Kubernetes %s" % INPUTS["kubernetes_version"])
    sys.exit(1)
labels = lambda group: {"node-group": group}
groups = {"control-plane": {"count": 1, "labels": labels("control-plane")}}
if INPUTS["workers"]:
    groups["workers"] = {"count": INPUTS["workers"], "labels": labels("workers")}
outputs(kubeconfig, groups)
