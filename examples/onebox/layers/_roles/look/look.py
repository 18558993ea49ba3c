"""A look from outside at what a unit serves: what is as it should be goes to stderr, each difference to stdout.

    look = Look()
    with look.at("the seed row"):       # any exception is a difference
        assert row, "row 1 is missing"
    look.done()                          # exit 0 without differences, 1 with
"""
import contextlib
import json
import os
import socket
import ssl
import struct
import sys


class Look:
    def __init__(self):
        with open(os.environ["STRATA_INPUTS"]) as file:
            self.inputs = json.load(file)
        self.differences = 0

    @contextlib.contextmanager
    def at(self, what):
        try:
            yield
            print("%s: as it should be" % what, file=sys.stderr)
        except Exception as error:  # whatever went wrong is the difference
            self.differences += 1
            print("%s: %s" % (what, " ".join(str(error).split()) or type(error).__name__))

    def done(self):
        sys.exit(1 if self.differences else 0)


def https(address, port, name, path, ca, host=None):
    """GET https://NAME:PORT/PATH at ADDRESS, trusting only CA; gives status, headers and text. HOST: ask for another name."""
    context = ssl.create_default_context(cadata=ca)
    with socket.create_connection((address, port), timeout=5) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            return exchange(tls, host or name, path)


def http(address, port, name, path):
    """The same without TLS, and without following redirects."""
    with socket.create_connection((address, port), timeout=5) as plain:
        return exchange(plain, name, path)


def exchange(connection, name, path):
    connection.settimeout(5)
    connection.sendall(("GET %s HTTP/1.0\r\nHost: %s\r\n\r\n" % (path, name)).encode())
    answer = b""
    while True:
        part = connection.recv(65536)
        if not part:
            break
        answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split()[1]), headers, body.decode("utf-8", "replace")


def resolve(server, name):
    """The A records of NAME as SERVER gives them, as a list of addresses."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split("."))
    query = struct.pack(">6H", 4711, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(3)
        sock.sendto(query, (server, 53))
        answer = sock.recv(4096)
    code, count, place = answer[3] & 15, struct.unpack(">H", answer[6:8])[0], len(query)
    if code:
        raise ValueError("%s answers code %d for %s" % (server, code, name))
    found = []
    for _ in range(count):
        while answer[place] and answer[place] < 192:
            place += answer[place] + 1
        place += 2 if answer[place] >= 192 else 1
        kind, _, _, length = struct.unpack(">HHIH", answer[place:place + 10])
        place += 10
        if kind == 1:
            found.append(socket.inet_ntoa(answer[place:place + length]))
        place += length
    return sorted(found)
