#!/usr/bin/env python3
"""Removes the cluster with its containers."""
import sys

sys.dont_write_bytecode = True
from cluster import INPUTS, STATE, run

run("kind", "delete", "cluster", "--name", INPUTS["cluster_name"], "--kubeconfig", STATE / "kubeconfig")
for file in ["kind.yaml", "new.yaml", "kubeconfig"]:
    (STATE / file).unlink(missing_ok=True)
