#!/usr/bin/python3
"""Reads the page and the API through the load balancer, over TLS, until every web host has served."""
import json
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, "../../_roles/look")
from look import Look, https

look = Look()
www, api = "www." + look.inputs["domain"], "api." + look.inputs["domain"]


def get(name, path):
    return https(look.inputs["public_address"], look.inputs["public_port"], name, path, look.inputs["ca_certificate"])


with look.at("https://%s/" % www):
    deadline = time.monotonic() + 15   # the load balancer may need some seconds to see a host that has just come up
    while True:
        status, headers, body = get(www, "/")
        if status == 200 or time.monotonic() > deadline:
            break
        time.sleep(1)
    assert status == 200, "answers %d: %s" % (status, body.strip()[:100])
    assert "Hello from the database" in body, "does not show the row from the database"

with look.at("https://%s/api/readings" % api):
    status, _, body = get(api, "/api/readings")
    assert status == 200, "answers %d" % status
    assert sum(sensor["readings"] for sensor in json.loads(body)["sensors"]) >= 2000, "counts too few readings: %s" % body

if look.differences:
    look.done()

with look.at("turns of the web hosts"):
    missing, deadline = set(look.inputs["web_hosts"]), time.monotonic() + 12
    while missing and time.monotonic() < deadline:
        _, headers, _ = get(www, "/")
        missing.discard(headers.get("x-served-by"))
        time.sleep(0.3)
    assert not missing, "nothing is served by %s" % ", ".join(sorted(missing))

look.done()
