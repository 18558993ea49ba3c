#!/usr/bin/python3
"""Answers http-01 challenges, and nothing else: responder.py ADDRESS PORT FOLDER."""
import http.server
import os
import re
import sys

ADDRESS, PORT, FOLDER = sys.argv[1], int(sys.argv[2]), sys.argv[3]
CHALLENGE = re.compile(r"/\.well-known/acme-challenge/([A-Za-z0-9_-]+)")


class Responder(http.server.BaseHTTPRequestHandler):
    server_version, sys_version = "acme-challenge", ""

    def do_GET(self):
        asked = CHALLENGE.fullmatch(self.path)
        try:
            with open(os.path.join(FOLDER, asked.group(1)), "rb") as file:
                status, answer = 200, file.read()
        except (AttributeError, OSError):
            status, answer = 404, b"no such challenge\n"
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


http.server.ThreadingHTTPServer((ADDRESS, PORT), Responder).serve_forever()
