#!/usr/bin/python3
"""Logs in as the services do and reads the seed row; a wrong password and the administrator must be refused."""
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "../../_roles/look")
from look import Look

import psycopg2

look = Look()


def connect(**other):
    login = {"host": look.inputs["bridge_address"], "dbname": look.inputs["database"], "user": look.inputs["role"],
             "password": look.inputs["password"], "connect_timeout": 5}
    return psycopg2.connect(**{**login, **other})


with look.at("the seed row, read as %s" % look.inputs["role"]):
    with connect() as db, db.cursor() as cursor:
        cursor.execute("SELECT body FROM greeting WHERE id = 1")
        assert cursor.fetchone(), "row 1 of the table greeting is missing"

for who, other in {"a wrong password": {"password": "wrong"}, "the administrator": {"user": "postgres"}}.items():
    with look.at("%s from the network" % who):
        try:
            connect(**other).close()
        except psycopg2.OperationalError as refusal:
            assert "authentication failed" in str(refusal) or "no pg_hba.conf entry" in str(refusal), refusal
        else:
            raise AssertionError("was let in")

look.done()
