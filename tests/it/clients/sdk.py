"""Every public method of cueapi-sdk, unmodified, against a tower. Arguments: the door's URL, a key, a key that may not write cues.

Ends with one JSON line: which methods were called, and what the owner should find. An assertion that fails names itself.
"""

import inspect
import json
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cueapi
import httpx
from cueapi import CueAPI, CuePayload, verify_webhook
from cueapi.resources.cues import CuesResource
from cueapi.resources.executions import ExecutionContext, ExecutionsResource

BASE, KEY, WEAK_KEY = sys.argv[1:4]
SOON = 40.0

NASTY = {
    "ünï": "çødé 𝄞 \u2028 \x7f",
    "floats": [1e21, 1e-07, 100.0, -0.0, 1.5, 123456789.125],
    "big": 18446744073709551615,
    "negative": -9007199254740993,
    "nested": {"z": {"b": [True, None, {"ä": 1}], "a": {}}, "Z": [], "é": "e\u0301"},
    "quotes": 'a "b" \\ / \n\t',
}

# --- every public method counts itself ---

called = set()


def counting(owner, name):
    original = getattr(owner, name)

    def count(*args, **kwargs):
        called.add(f"{owner.__name__}.{name}")
        return original(*args, **kwargs)

    setattr(owner, name, count)


def public(owner):
    found = inspect.getmembers(owner, inspect.isfunction)
    return [name for name, _ in found if not name.startswith("_") or name in ("__enter__", "__exit__")]


offered = set()
for owner in (CueAPI, CuesResource, ExecutionsResource, ExecutionContext, CuePayload):
    for name in public(owner):
        offered.add(f"{owner.__name__}.{name}")
        counting(owner, name)

http = httpx.Client(base_url=BASE, headers={"Authorization": f"Bearer {KEY}"}, timeout=30, trust_env=False)


def good(response):
    assert response.is_success, f"{response.request.method} {response.request.url}: {response.status_code} {response.text}"
    return response.json()


def until(what, ask):
    end = time.monotonic() + SOON
    while time.monotonic() < end:
        found = ask()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"there was no {what} within {SOON} s")


def refused(kind, code, call, status=None):
    try:
        answer = call()
    except cueapi.CueAPIError as error:
        assert type(error) is kind, f"{type(error).__name__} instead of {kind.__name__}: {error} {error.body}"
        assert error.code == code, f"{error.code} instead of {code}: {error.body}"
        assert error.message and error.message != "Unknown error", error.body
        assert status is None or error.status_code == status, error.status_code
        return error
    raise AssertionError(f"not refused ({code}): {answer}")


def fire_and_claim(cue_id, worker="sdk-worker"):
    """The SDK has neither, as published; its users post."""
    run = good(http.post(f"/v1/cues/{cue_id}/fire", json={}))["id"]
    good(http.post(f"/v1/executions/{run}/claim", json={"worker_id": worker}))
    return run


# --- a receiver of web hooks, as an SDK user writes it ---

received = []


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        received.append((self.headers, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
HOOK = f"http://127.0.0.1:{server.server_port}/hook"

facts = {}

with CueAPI(KEY, base_url=BASE, timeout=20) as client:
    # --- cues ---
    payload = (
        CuePayload()
        .task("digest")
        .kind("data_sync")
        .instruction("Sync the leads")
        .context_ref("mem_1")
        .context_mode("ref_only")
        .agent("socrates")
        .extra("ünï", [1e-07, {"z": 1}])
        .build()
    )
    cue = client.cues.create(
        name="sdk-recurring",
        cron="0 9 * * 1-5",
        timezone="Europe/Berlin",
        callback=HOOK,
        callback_method="PUT",
        callback_headers={"X-Team": "ops"},
        payload=payload,
        description="from the SDK",
        retry={"max_attempts": 4, "backoff_minutes": [2, 4]},
        on_failure={"email": False, "webhook": None, "pause": True},
    )
    assert cue.id.startswith("cue_") and cue.status == "active" and cue.transport == "webhook", cue
    assert cue.schedule.cron == "0 9 * * 1-5" and cue.schedule.timezone == "Europe/Berlin", cue
    assert (cue.callback.url, cue.callback.method, cue.callback.headers) == (HOOK, "PUT", {"X-Team": "ops"}), cue
    assert cue.payload == payload, cue
    assert (cue.retry.max_attempts, cue.retry.backoff_minutes) == (4, [2, 4]), cue
    assert cue.on_failure.pause and not cue.on_failure.email, cue
    assert cue.next_run > datetime.now(timezone.utc) and cue.run_count == 0, cue

    assert client.cues.get(cue.id) == cue
    listed = client.cues.list(limit=5, offset=0, status="active")
    assert listed.total == 1 and listed.cues == [cue] and (listed.limit, listed.offset) == (5, 0), listed
    assert client.cues.pause(cue.id).status == "paused"
    assert client.cues.list(status="active").total == 0
    resumed = client.cues.resume(cue.id)
    assert resumed.status == "active" and resumed.next_run == cue.next_run, resumed
    changed = client.cues.update(
        cue.id,
        name="sdk-changed",
        description="changed",
        cron="*/5 * * * *",
        timezone="America/New_York",
        callback=HOOK + "?changed",
        payload={"task": "other"},
        retry={"max_attempts": 1, "backoff_minutes": [0]},
        on_failure={"email": True, "webhook": HOOK, "pause": False},
    )
    assert (changed.name, changed.description, changed.schedule.cron) == ("sdk-changed", "changed", "*/5 * * * *"), changed
    assert changed.schedule.timezone == "America/New_York" and changed.callback.url == HOOK + "?changed", changed
    assert changed.payload == {"task": "other"} and changed.retry.backoff_minutes == [0], changed
    assert changed.on_failure.webhook == HOOK and not changed.on_failure.pause, changed
    assert "no mail channel" in changed.warning, "what is not done is said"
    later = datetime.now(timezone.utc) + timedelta(days=2)
    once = client.cues.update(cue.id, at=later)
    assert once.schedule.type == "once" and abs(once.schedule.at - later) < timedelta(seconds=1), once
    assert client.cues.update(cue.id, status="paused").status == "paused"
    assert client.cues.delete(cue.id) is None
    refused(cueapi.CueNotFoundError, "cue_not_found", lambda: client.cues.get(cue.id), 404)

    # --- a web hook, signed, on a body that is hard to sign ---
    secret = good(http.get("/v1/auth/webhook-secret"))["webhook_secret"]
    soon = datetime.now(timezone.utc) + timedelta(seconds=2)
    hook = client.cues.create(
        name="sdk-hook", at=soon, callback=HOOK, callback_headers={"X-Secret": "hush-1234"}, payload=NASTY
    )
    assert hook.callback.headers == {"X-Secret": "••••"}, "a secret is sent, and shown to nobody"
    assert hook.schedule.type == "once" and hook.payload == NASTY, hook.payload
    until("web hook", lambda: received)
    headers, body = received[0]
    timestamp, signature = headers["X-CueAPI-Timestamp"], headers["X-CueAPI-Signature"]
    parsed = json.loads(body)
    assert parsed["payload"] == NASTY, parsed
    for shape in (body, body.decode(), parsed):
        assert verify_webhook(shape, signature, secret, timestamp), f"{type(shape).__name__}: {body!r}"
    tampered = dict(parsed, payload=dict(parsed["payload"], big=1))
    for shape in (tampered, json.dumps(tampered), json.dumps(tampered).encode()):
        assert not verify_webhook(shape, signature, secret, timestamp), "a changed body is noticed"
    assert not verify_webhook(body, signature, "whsec_other", timestamp)
    assert not verify_webhook(body, signature, secret, str(int(timestamp) - 1)), "the time is signed too"
    assert not verify_webhook(body, signature, secret, timestamp, tolerance=-1), "an old one is not taken"
    assert headers["X-Secret"] == "hush-1234", headers
    assert headers["X-CueAPI-Cue-Id"] == hook.id and headers["X-CueAPI-Attempt"] == "1", headers

    run = headers["X-CueAPI-Execution-Id"]
    with client.executions.handle(run, parsed["payload"]) as work:
        assert work.payload == NASTY
        work.result = "sent"
        work.evidence = {"external_id": "mail_1"}
    delivered = client.executions.get(run)
    assert delivered["status"] == "success" and delivered["http_status"] == 200, delivered
    assert delivered["outcome"]["success"] and delivered["outcome"]["result"] == "sent", delivered
    facts["hook_run"] = run
    finished = client.cues.get(hook.id)
    assert finished.status == "completed" and finished.run_count == 1 and finished.last_run, finished

    # --- runs of a worker cue ---
    worker = client.cues.create(name="sdk-worker", cron="0 0 1 1 *", transport="worker", payload={"task": "t"})
    assert worker.transport == "worker" and worker.callback.url is None, worker
    assert "No active workers" in worker.warning, worker

    proved = fire_and_claim(worker.id)
    beat = client.executions.heartbeat(proved)
    assert beat["acknowledged"] is True and beat["execution_id"] == proved, beat
    datetime.fromisoformat(beat["lease_extended_until"].replace("Z", "+00:00"))
    evidence = {
        "external_id": "ch_1",
        "result_url": "https://d.test/ch_1",
        "result_type": "charge",
        "summary": "charged",
        "artifacts": [{"type": "log", "url": "https://d.test/log"}],
    }
    answer = client.executions.report_outcome(
        proved, success=True, result="ok", metadata={"duration_ms": 12, "ünï": 1e-07}, **evidence
    )
    assert answer == {**answer, "execution_id": proved, "outcome_recorded": True, "outcome_state": "reported_success"}, answer
    again = client.executions.report_outcome(
        proved, success=True, result="ok", metadata={"duration_ms": 12, "ünï": 1e-07}, **evidence
    )
    assert again == answer, "the same outcome again has the same answer"
    refused(
        cueapi.CueAPIError,
        "outcome_already_recorded",
        lambda: client.executions.report_outcome(proved, success=False, error="no"),
        409,
    )
    found = client.executions.get(proved)
    assert found["outcome"]["metadata"] == {"duration_ms": 12, "ünï": 1e-07}, found
    for field, value in evidence.items():
        assert found["outcome"][field] == value, (field, found)
    assert found["outcome_state"] == "reported_success" and found["triggered_by"] == "manual_fire", found
    assert client.executions.mark_verification_pending(proved)["outcome_state"] == "verification_pending"
    verified = client.executions.mark_verified(proved, valid=True, reason="seen")
    assert verified["outcome_state"] == "verified_success" and verified["valid"] is True, verified
    refused(cueapi.CueAPIError, "invalid_state", lambda: client.executions.mark_verified(proved), 409)
    facts["proved_run"] = proved

    failed = fire_and_claim(worker.id)
    try:
        with client.executions.handle(failed):
            raise RuntimeError("OpenAI returned 429")
    except RuntimeError:
        pass
    found = client.executions.get(failed)
    assert found["status"] == "failed" and found["outcome"]["error"] == "OpenAI returned 429", found
    facts["failed_run"] = failed

    def ids(**filters):
        return [run["id"] for run in client.executions.list(**filters)["executions"]]

    assert ids() == [failed, proved, run], "newest first"
    assert ids(limit=1, offset=1) == [proved]
    assert ids(cue_id=worker.id) == [failed, proved]
    assert ids(status="failed") == [failed]
    assert ids(outcome_state="verified_success") == [proved]
    assert ids(triggered_by="scheduled") == [run], ids(triggered_by="scheduled")
    assert ids(cue_id=worker.id, triggered_by="manual_fire", status="success") == [proved]

    # --- what is refused ---
    refused(cueapi.InvalidScheduleError, "invalid_schedule", lambda: client.cues.create("x", cron="nope", callback=HOOK), 400)
    refused(cueapi.InvalidScheduleError, "invalid_schedule", lambda: client.cues.create("x", cron="0 9 31 2 *", callback=HOOK), 400)
    refused(cueapi.InvalidScheduleError, "invalid_timezone", lambda: client.cues.create("x", cron="@daily", timezone="Mars/X", callback=HOOK), 422)
    refused(cueapi.InvalidScheduleError, "validation_error", lambda: client.cues.create("x", cron="@daily"), 422)
    refused(cueapi.CueAPIError, "duplicate_cue_name", lambda: client.cues.create("sdk-worker", cron="@daily", transport="worker"), 409)
    refused(cueapi.CueNotFoundError, "execution_not_found", lambda: client.executions.get("exec_abc"), 404)
    refused(cueapi.CueNotFoundError, "execution_not_found", lambda: client.executions.get("f8d5fa73-c51a-42f1-8eff-32691a0e18dd"), 404)
    refused(cueapi.InvalidScheduleError, "metadata_too_large", lambda: client.executions.report_outcome(failed, success=False, metadata={"x": "y" * 11000}), 400)
    explicit = CueAPI(KEY, base_url=BASE + "/")
    assert explicit.cues.list().total == 2
    explicit.close()

with CueAPI("cue_sk_00000000000000000000000000000000", base_url=BASE) as stranger:
    refused(cueapi.AuthenticationError, "invalid_api_key", lambda: stranger.cues.list(), 401)
with CueAPI(WEAK_KEY, base_url=BASE) as weak:
    refused(cueapi.CueLimitExceededError, "insufficient_scope", lambda: weak.cues.create("weak", cron="@daily", transport="worker"), 403)

missing = sorted(offered - called)
assert not missing, f"not called: {missing}"
server.shutdown()
print(json.dumps({"methods": len(offered), **facts}))
