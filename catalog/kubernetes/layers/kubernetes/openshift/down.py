#!/usr/bin/env python3
"""Removes the machines and all that the installer made for them."""
import shutil
import sys

sys.dont_write_bytecode = True
from cluster import STATE, run

folder = STATE / "install"
if (folder / "metadata.json").exists():
    run("openshift-install", "destroy", "cluster", "--dir", folder)
shutil.rmtree(folder, ignore_errors=True)
(STATE / "done").unlink(missing_ok=True)
