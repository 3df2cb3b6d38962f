"""Agents for the tests of the SDK: `agent.py WHAT`, each a function. What they print is what the test reads."""

import os
import pathlib
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import cuetower

WORK = pathlib.Path(os.environ.get("WORK", "."))


def until_there(name):
    end = time.monotonic() + 120
    while not (WORK / name).exists():
        if time.monotonic() > end:
            raise SystemExit(f"{name} never came")
        time.sleep(0.02)


def put(name, text=""):
    draft = WORK / f".{name}"
    draft.write_text(str(text))
    draft.rename(WORK / name)


def everything():
    """Says whatever can be said."""
    with cuetower.run(beat_every=0.2) as run:
        assert run.attempt == 1 and run.joined, run
        secret = run.secret("OPENAI")
        try:
            run.secret("OTHER")
        except cuetower.Refused as refused:
            assert refused.status == 403, refused
        with run.permit("openai", tokens=50) as permit:
            with run.step("enrich", kind="llm", input=run.payload, model="gpt-5-mini") as s:
                assert not s.done and s.tries == 1
                s.tokens(input=1000, output=200, cached_input=100)
                s.cost(0.25)
                s.retry()
                rows = run.do("fetch", lambda: ("a", "ü"))
                s.output = {"secret": len(secret), "rows": rows}
            permit.used(tokens=40)
        run.step("odd/key?#", key="a/b?c=1&ü %2F..", kind="check").do(lambda: None)
        with run.step("again", key="a/b?c=1&ü %2F..") as s:
            assert s.done and s.output is None
        run.heartbeat(progress=1, message="half way")
        answer = run.ask("Send 200 emails?", payload={"to": 200}, deadline_seconds=1, on_no_answer="proceed")
        assert (answer.state, bool(answer), answer.payload) == ("no_answer", True, {"to": 200}), answer
        try:
            run.do("too long", lambda: "x" * (1 << 20))
        except cuetower.Refused as refused:
            assert refused.status == 413, refused
        run.count(processed=2, expected=2)
        run.outcome(summary="all said", result_url="http://127.0.0.1/report", metadata={"k": 1})
        run.outcome(summary="all said", result_url="http://127.0.0.1/report", metadata={"k": 1})
        try:
            run.outcome(False)
        except cuetower.Refused as refused:
            assert refused.code == "outcome_already_recorded", refused


def asks():
    """Does what its owner says, and nothing else."""
    with cuetower.run() as run:
        later = run.ask("Delete the drafts?", key="drafts", blocking=False)
        assert later.waiting and not later, later
        answer = run.ask(
            "Send 3 mails?",
            key="send",
            body="POST api.postmarkapp.com",
            payload={"to": [1, 2, 3]},
            reversible=False,
            cost_of_waiting="$2 an hour",
            usd_per_hour=2,
            take_back_seconds=20,
        )
        assert answer and answer.state == "edited" and answer.comment == "not the third", answer
        with run.step("send", input=answer.payload) as s:
            assert s.input == {"to": [1]}, s.input
            s.output = s.input
        denied = run.ask("And the invoices?", key="invoices", answers=["approve", "deny"])
        assert not denied and denied.state == "denied", denied
        try:
            run.do("charge", lambda: put("charged"))
        except cuetower.Refused as refused:
            assert refused.code == "step_denied" and refused.gate, refused
        later = run.ask("Delete the drafts?", key="drafts", blocking=False)
        assert later.approved, later
        run.count(processed=1)


def stopped():
    """Its run is stopped while it asks."""
    try:
        with cuetower.run(os.environ["CUE"]) as run:
            answer = run.ask("Go on?", deadline_seconds=86400, on_no_answer="proceed")
            put("went on", answer.state)
    except cuetower.Superseded as gone:
        put("told", gone.code)


def fails():
    """Breaks in its third step."""
    with cuetower.run() as run:
        run.do("load", lambda: 200)
        run.do("clean", lambda: 200)
        run.count(processed=50, expected=200)
        with run.step("enrich", kind="http"):
            raise cuetower.Failed("api.openai.com answered 429")


def waits():
    """Is in the middle of a step while something happens to its tower."""
    with cuetower.run() as run:
        done = run.do("before", lambda: run.attempt)
        with run.step("middle") as s:
            put("in the middle", s.idempotency_key)
            until_there("go on")
            s.output = "done meanwhile"
        run.do("after", lambda: done)
        run.count(processed=1)


def outside():
    """Somebody else starts it: it names its cue."""
    with cuetower.run(os.environ["CUE"]) as run:
        run.do("dump", lambda: run.payload)
        put("joined", run.id)
        if "HOLD" in os.environ:
            until_there("go on")
        run.count(processed=3)
        print(run.id, run.joined, run.attempt)


def holds():
    """Holds its run, and then goes on as if nothing had happened."""
    with cuetower.run(os.environ["CUE"]) as run:
        put("held", os.getpid())
        until_there("go on")
        for name in ("one", "two"):
            try:
                run.do(name, lambda: put("worked on"))
            except Exception as error:
                print("caught", error)


def impatient():
    """Ends while its tower is away."""
    with cuetower.run(patience=0.2) as run:
        run.do("known", lambda: 1)
        put("in the middle")
        until_there("go on")
        run.do("unheard", lambda: 2)
        run.count(processed=2)


def hook():
    """A web hook agent, as one writes it with the standard library."""

    class Agent(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            with cuetower.run(headers=self.headers) as run:
                sorted_tickets = run.do("sort", lambda: run.payload["tickets"])
                run.outcome(processed=sorted_tickets, summary="sorted")
            self.send_response(204)
            self.end_headers()

        def log_message(self, *words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Agent)
    put("port", server.server_port)
    server.serve_forever()


globals()[sys.argv[1]]()
