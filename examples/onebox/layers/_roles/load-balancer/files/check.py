#!/usr/bin/python3
"""Looks at the load balancer from outside: its certificate for every name, the redirect, the way of the challenges.
Whether a page comes back is for `web` to verify, which is applied later."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "../../_roles/look")
from look import Look, http, https

look = Look()
address, port = look.inputs["address"], look.inputs["https_port"]

for name in look.inputs["public_names"]:
    with look.at("https://%s" % name):
        https(address, port, name, "/", look.inputs["ca_certificate"])

name = look.inputs["public_names"][0]
with look.at("the flavor that serves"):
    flavor = os.environ["STRATA_UNIT"].split("/")[-1]
    _, headers, _ = https(address, port, name, "/", look.inputs["ca_certificate"])
    assert headers.get("via") == "1.1 " + flavor, "is %s, not %s" % (headers.get("via"), flavor)

with look.at("a name that is not ours"):
    status, _, _ = https(address, port, name, "/", look.inputs["ca_certificate"], host="other.example")
    assert status == 404, "is answered with %d" % status

with look.at("the redirect of http://%s" % name):
    status, headers, _ = http(address, 80, name, "/x")
    assert (status, headers.get("location")) == (301, "https://%s/x" % name), "is %d to %s" % (status, headers.get("location"))

with look.at("the way of the challenges"):
    status, _, body = http(address, 80, name, "/.well-known/acme-challenge/none")
    assert (status, body) == (404, "no such challenge\n"), "ends elsewhere: %d %s" % (status, body[:60])

look.done()
