"""Asks the API and serves a summary of its answer: report.py ADDRESS PORT URL CA-FILE."""
import http.server
import json
import ssl
import sys
import urllib.request

ADDRESS, PORT, URL, CA = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
TRUST = ssl.create_default_context(cafile=CA)   # this authority and no other


def summary():
    with urllib.request.urlopen(URL, timeout=6, context=TRUST) as answer:
        sensors = json.load(answer)["sensors"]
    total = sum(sensor["readings"] for sensor in sensors)
    mean = sum(sensor["mean"] * sensor["readings"] for sensor in sensors) / total
    return {"source": URL, "readings": total, "mean": round(mean, 2), "warmest": max(sensors, key=lambda sensor: sensor["mean"])["sensor"]}


class Report(http.server.BaseHTTPRequestHandler):
    server_version, sys_version, timeout = "report", "", 10

    def do_GET(self):
        try:
            status, answer = 200, summary()
        except (OSError, ValueError, KeyError, ZeroDivisionError) as error:
            print(error, flush=True)
            status, answer = 502, {"source": URL, "error": str(error)}
        body = (json.dumps(answer) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer((ADDRESS, PORT), Report).serve_forever()
