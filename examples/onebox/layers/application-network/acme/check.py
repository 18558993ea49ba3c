#!/usr/bin/python3
"""Asks the authority for its directory, by name and over TLS that only its recorded certificate makes good."""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "../../_roles/look")
from look import Look, https

look = Look()
with open(os.environ["STRATA_RECORDED"]) as file:
    recorded = json.load(file)

with look.at("the directory"):
    status, _, body = https(look.inputs["address"], 14000, look.inputs["api_name"], "/dir", recorded["directory_ca"])
    assert status == 200 and "newOrder" in json.loads(body), "answers %d" % status

look.done()
