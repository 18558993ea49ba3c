#!/usr/bin/env python3
"""Takes Konvoy off the machines."""
import sys

sys.dont_write_bytecode = True
from cluster import STATE, run

if (STATE / "cluster.yaml").exists():
    run("konvoy", "reset", "--yes", cwd=STATE)
for file in ["cluster.yaml", "inventory.yaml", "admin.conf", "ssh-key.pem"]:
    (STATE / file).unlink(missing_ok=True)
