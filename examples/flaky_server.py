"""A webhook agent that answers 503 twice for each run, and then does the work and answers with its outcome.

    python3 flaky_server.py PORT [--until-stdin-closes]

PORT 0 takes any free port. The first line on standard output is the address to call. With --until-stdin-closes the
server ends when whoever started it closes its standard input, or dies.
"""

import argparse
import collections
import http.server
import json
import sys
import threading

REFUSALS = 2
RUNS_REMEMBERED = 1000
LARGEST_BODY_BYTES = 1 << 20


class Agent(http.server.BaseHTTPRequestHandler):
    calls = collections.OrderedDict()
    lock = threading.Lock()

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY_BYTES:
            self.answer(413, {"error": "the body is too large"})
            return
        try:
            call = json.loads(self.rfile.read(length))
            run = call["execution_id"]
        except (ValueError, KeyError, TypeError):
            self.answer(400, {"error": "expected a JSON object with an execution_id"})
            return
        seen = self.count(run)
        if seen <= REFUSALS:
            self.answer(503, {"error": f"still warming up, call {seen} of {REFUSALS}"})
            return
        tickets = (call.get("payload") or {}).get("tickets", 12)
        self.answer(
            200,
            {
                "success": True,
                "processed": tickets,
                "expected": tickets,
                "summary": f"{tickets} tickets sorted, at call {seen}",
                "external_id": f"triage-{run[:8]}",
            },
        )

    def count(self, run):
        with self.lock:
            self.calls[run] = self.calls.get(run, 0) + 1
            while len(self.calls) > RUNS_REMEMBERED:
                self.calls.popitem(last=False)
            return self.calls[run]

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main():
    parser = argparse.ArgumentParser(description="A webhook agent that fails twice and then works.")
    parser.add_argument("port", type=int)
    parser.add_argument("--until-stdin-closes", action="store_true")
    options = parser.parse_args()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Agent)
    print(f"http://127.0.0.1:{server.server_port}/run", flush=True)
    if options.until_stdin_closes:
        threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


main()
