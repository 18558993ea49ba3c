#!/usr/bin/python3
"""Asks the server for every name that it should know, and for one that it should not."""
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "../../_roles/look")
from look import Look, resolve

look = Look()
zone, edge = look.inputs["zone_name"], look.inputs["edge"]
names = {**look.inputs["hosts_in_zone"], "www": edge, "api": edge, "acme": edge, "db": look.inputs["db"]}

for name, address in sorted(names.items()):
    with look.at("%s.%s" % (name, zone)):
        found = resolve(edge, "%s.%s" % (name, zone))
        assert found == [address], "is %s, not %s" % (found, address)

with look.at("another zone"):
    try:
        found = resolve(edge, "example.org")
    except ValueError:
        pass
    else:
        raise AssertionError("is answered with %s" % found)

look.done()
