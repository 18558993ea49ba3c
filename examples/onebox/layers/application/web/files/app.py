"""The web application: app.py ADDRESS PORT NAME, with the database's URL in DATABASE_URL.

    /              a page with the greeting from the database
    /api/readings  what the sensors say, as JSON
    /healthz       200 while the database answers
"""
import html
import http.server
import json
import os
import sys

import psycopg2

ADDRESS, PORT, NAME = sys.argv[1], int(sys.argv[2]), sys.argv[3]
DATABASE = os.environ.pop("DATABASE_URL").strip()
TITLE = os.environ.get("TITLE", "onebox").strip()

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{greeting}</h1><p>Row {id} of the table greeting, served by {name}.</p></body></html>
"""


def rows(query):
    db = psycopg2.connect(DATABASE, connect_timeout=3)
    try:
        with db.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()
    finally:
        db.close()


def page():
    (row,) = rows("SELECT id, body FROM greeting ORDER BY id LIMIT 1")
    return "text/html; charset=utf-8", PAGE.format(title=html.escape(TITLE), greeting=html.escape(row[1]), id=row[0], name=NAME)


def readings():
    sensors = rows("SELECT sensor, count(*), round(avg(value), 2)::float8 FROM reading GROUP BY sensor ORDER BY sensor")
    answer = {"served_by": NAME, "sensors": [{"sensor": sensor, "readings": count, "mean": mean} for sensor, count, mean in sensors]}
    return "application/json", json.dumps(answer) + "\n"


def health():
    rows("SELECT 1")
    return "text/plain", "ok\n"


class Application(http.server.BaseHTTPRequestHandler):
    routes = {"/": page, "/api/readings": readings, "/healthz": health}
    server_version, sys_version, timeout = "web", "", 10

    def do_GET(self):
        try:
            status, (kind, text) = 200, self.routes[self.path.partition("?")[0]]()
        except KeyError:
            status, kind, text = 404, "text/plain", "no such page\n"
        except (psycopg2.Error, ValueError) as error:
            print("%s: %s" % (self.path, error), flush=True)
            status, kind, text = 503, "text/plain", "the database does not answer\n"
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Served-By", NAME)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *arguments):
        if self.path != "/healthz":
            print("%s %s" % (self.headers.get("X-Forwarded-For", self.client_address[0]), form % arguments), flush=True)


http.server.ThreadingHTTPServer((ADDRESS, PORT), Application).serve_forever()
