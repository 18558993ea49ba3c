#!/usr/bin/env python3
"""Writes what Konvoy reads into the state folder, and lets it deploy; Konvoy itself goes on after a cut."""
import sys

sys.dont_write_bytecode = True
from cluster import INPUTS, STATE, fill, outputs, run

endpoint = INPUTS["api_host"] + ":6443"
key = STATE / "ssh-key.pem"
key.write_text(INPUTS["ssh_private_key"].rstrip("\n") + "\n")
hosts = lambda group: {address: {"ansible_host": address, "name": name} for name, address in INPUTS[group].items()}
(STATE / "cluster.yaml").write_text(fill("cluster.yaml", api_endpoint=endpoint))
(STATE / "inventory.yaml").write_text(fill(
    "inventory.yaml", control_plane_hosts=hosts("control_plane"), worker_hosts=hosts("workers"), key_file=str(key), api_endpoint=endpoint))
run("konvoy", "up", "--yes", cwd=STATE)

group = lambda name, inputs: {"count": len(INPUTS[inputs]), "labels": {"node-group": name}}
outputs(STATE / "admin.conf", {"control-plane": group("control-plane", "control_plane"), "workers": group("workers", "workers")})
