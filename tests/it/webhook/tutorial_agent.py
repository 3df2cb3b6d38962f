"""CueAPI's tutorial agent: it works inside the request, posts its outcome, and answers only then.

    python3 tutorial_agent.py SECONDS

The tutorial uses Flask, which is used here too where it is installed; the rest is the tutorial's own. CUEAPI_BASE_URL and
CUEAPI_API_KEY say where to report. The first line on standard output is the address to call; each further one is a
request: "began RUN", "reported RUN STATUS".
"""

import http.server
import json
import os
import socketserver
import sys
import time
import urllib.request

WORK_S = float(sys.argv[1])


def handle(call):
    run = call["execution_id"]
    print("began", run, flush=True)
    time.sleep(WORK_S)
    request = urllib.request.Request(
        f"{os.environ['CUEAPI_BASE_URL']}/v1/executions/{run}/outcome",
        data=json.dumps({"success": True, "result": "12 leads found", "processed": 12}).encode(),
        headers={"Authorization": f"Bearer {os.environ['CUEAPI_API_KEY']}", "Content-Type": "application/json"},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
        print("reported", run, answer.status, flush=True)


def with_flask():
    import logging

    import flask
    import werkzeug.serving

    logging.getLogger("werkzeug").setLevel(logging.ERROR)

    app = flask.Flask(__name__)

    @app.post("/webhook")
    def webhook():
        handle(flask.request.get_json())
        return {"status": "ok"}

    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    return server.server_port, server


class Webhook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        handle(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status": "ok"}')

    def log_message(self, *args):
        pass


class Threads(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        # The tower hung up long ago; there is nobody to answer.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def without_flask():
    server = Threads(("127.0.0.1", 0), Webhook)
    return server.server_address[1], server


if __name__ == "__main__":
    try:
        port, server = with_flask()
    except ImportError:
        port, server = without_flask()
    print(f"http://127.0.0.1:{port}/webhook", flush=True)
    server.serve_forever()
