#!/usr/bin/python3
"""Reads the report: it must have counted readings that came from the database by way of the public API."""
import json
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "../../_roles/look")
from look import Look, http

look = Look()
with look.at("the report"):
    status, _, body = http(look.inputs["listen_address"], look.inputs["report_port"], "report", "/")
    answer = json.loads(body)
    assert status == 200, "answers %d: %s" % (status, answer.get("error"))
    assert answer["readings"] >= 2000, "counts too few readings: %s" % body

look.done()
