"""A small tower for the tests: a real HTTP server that speaks the agents' door, keeps everything in memory, and can be
told to go away, to break connections off, or to answer something else."""

from __future__ import annotations

import http.server
import json
import threading
import uuid
from typing import Any, Callable, Dict, List, Optional, Tuple
from urllib.parse import parse_qs, unquote, urlsplit

Answer = Tuple[int, Any]
# Gets method, path and body; None: answer as a tower does.
Script = Callable[[str, str, Any], Optional[Answer]]

KEY = "cue_sk_test"
BREAK_OFF: Answer = (0, None)
BREAK_OFF_AFTER: Answer = (1, None)


def error(status: int, code: str, message: str = "") -> Answer:
    return status, {"error": {"code": code, "message": message or code, "status": status}}


class Tower:
    """Steps, outcomes, beats, cues, claims, permits, secrets and gates of runs that are there once they are named."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.seen: List[Tuple[str, str, Any, Optional[str]]] = []
        self.connections = 0
        self.script: Script = lambda method, path, body: None
        self.steps: Dict[Tuple[str, str], Dict[str, Any]] = {}
        self.outcomes: Dict[str, Dict[str, Any]] = {}
        self.beats: List[Dict[str, Any]] = []
        self.attempts: Dict[str, int] = {}
        self.payloads: Dict[str, Any] = {}
        self.cues: List[Dict[str, Any]] = []
        self.executions: Dict[str, Dict[str, Any]] = {}
        self.fires: Dict[str, str] = {}
        self.secrets = {"OPENAI": "sk-1"}
        self.permits: Dict[str, str] = {}
        self.waiting: List[str] = []
        self.limit = 1
        self.changed = threading.Condition(self.lock)
        self.gates: Optional[Dict[str, Dict[str, Any]]] = None
        self.port = 0
        self.server: Optional[http.server.ThreadingHTTPServer] = None
        self.open()

    # --- Its door ---

    def open(self) -> None:
        tower = self

        class Door(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                tower.connections += 1

            wbufsize = -1  # An answer in one piece.

            def serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                data = self.rfile.read(length)
                body = json.loads(data) if data else None
                said = self.headers.get("Authorization")
                bearer = said[len("Bearer ") :] if said else None
                with tower.lock:
                    tower.seen.append((self.command, self.path, body, bearer))
                    told = tower.script(self.command, self.path, body)
                if told == BREAK_OFF:
                    self.close_connection = True
                    return
                status, answer = told if told and told[0] > 1 else tower.answer(self.command, self.path, body, bearer)
                if told == BREAK_OFF_AFTER:
                    self.close_connection = True
                    return
                content = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

            def log_message(self, *words: Any) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *words: Any) -> None:
                pass

        self.server = Server(("127.0.0.1", self.port), Door)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def shut(self) -> None:
        """Nobody listens any more; what was kept alive breaks with the next request."""
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None
        before = self.script
        self.script = lambda method, path, body: BREAK_OFF
        self._reopened = before

    def reopen(self) -> None:
        self.script = self._reopened
        self.open()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def requests(self, word: str = "") -> List[Tuple[str, str, Any, Optional[str]]]:
        with self.lock:
            return [request for request in self.seen if word in f"{request[0]} {request[1]}"]

    # --- What it knows ---

    def environment(self, run: str, attempt: int = 1) -> Dict[str, str]:
        """As a program finds it that the tower started."""
        with self.lock:
            self.attempts[run] = max(attempt, self.attempts.get(run, 0))
        token = f"cue_run_{run}.{attempt}"
        return {
            "CUETOWER_URL": self.url,
            "CUETOWER_RUN": run,
            "CUETOWER_ATTEMPT": str(attempt),
            "CUETOWER_TOKEN": token,
            "CUEAPI_API_KEY": token,
            "CUEAPI_CUE_NAME": "leads",
        }

    def cue(self, name: str, transport: str) -> Dict[str, Any]:
        cue = {"id": f"cue_{len(self.cues)}", "name": name, "transport": transport, "next_run": None}
        self.cues.append(cue)
        return cue

    def execution(self, cue: Dict[str, Any], due: str = "2026-11-20T19:25:14Z") -> str:
        run = str(uuid.uuid4())
        execution = {"id": run, "cue_id": cue["id"], "status": "pending", "scheduled_for": due}
        self.executions[run] = {**execution, "attempts": 1, "attempt": 1, "payload": {"n": 1}, "began": False}
        self.attempts[run] = 1
        return run

    def answer(self, method: str, path: str, body: Any, bearer: Optional[str]) -> Answer:
        url = urlsplit(path)
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        with self.lock:
            caller = self.caller(bearer)
            if isinstance(caller, tuple):
                return caller
            match = parts[1:]
            if parts[0] != "v1":
                return error(404, "http_error", "Not Found")
            if match[0] == "executions" and len(match) >= 4 and match[2] == "steps":
                return self.step(match[1], match[3], match[4] if len(match) > 4 else "", method, body)
            if match[0] == "executions" and match[1:2] == ["claimable"]:
                waiting = [run for run in self.executions.values() if run["status"] == "pending"]
                return 200, {"executions": [{"execution_id": run["id"], "cue_id": run["cue_id"]} for run in waiting]}
            if match[0] == "executions" and len(match) == 1:
                runs = [run for run in self.executions.values() if run["cue_id"] == query.get("cue_id")]
                runs = [run for run in runs if run["status"] == query.get("status", run["status"])]
                return 200, {"executions": runs, "total": len(runs)}
            if match[0] == "executions" and len(match) == 2:
                run = match[1]
                return 200, self.executions.get(run, {"id": run, "payload": self.payloads.get(run, {})})
            if match[0] == "executions" and len(match) == 3:
                return self.of_execution(match[1], match[2], body)
            if match[0] == "heartbeats":
                self.beats.append(body)
                return 200, {"ok": True}
            if match[0] == "cues" and len(match) == 1:
                offset, limit = int(query.get("offset", 0)), int(query.get("limit", 20))
                return 200, {"cues": self.cues[offset : offset + limit], "total": len(self.cues)}
            if match[0] == "cues" and match[2:] == ["fire"]:
                return self.fire(match[1], body)
            if match[0] == "secrets":
                if match[1] not in self.secrets:
                    return error(403, "secret_not_granted")
                return 200, {"name": match[1], "value": self.secrets[match[1]], "lease_seconds": 60}
            if match[0] == "gates" and self.gates is not None:
                return self.gate(method, match, body)
        if match[0] == "pools":
            return self.permit(method, match[1], match[3:], body or {})
        return error(404, "http_error", "Not Found")

    def caller(self, bearer: Optional[str]) -> Any:
        """A refusal, or None."""
        if bearer == KEY:
            return None
        if not bearer or not bearer.startswith("cue_run_"):
            return error(401, "invalid_api_key")
        run, attempt = bearer[len("cue_run_") :].rsplit(".", 1)
        if int(attempt) < self.attempts.get(run, 0):
            return error(409, "attempt_superseded", f"Attempt {attempt} was superseded.")
        return None

    def step(self, run: str, key: str, word: str, method: str, body: Any) -> Answer:
        if method == "PUT":
            if run in self.outcomes:
                return error(409, "run_ended")
            gate = (self.gates or {}).get(f"gate-step-{key}")
            if gate is not None and gate["state"] in ("waiting", "denied"):
                code = "step_waits_for_owner" if gate["state"] == "waiting" else "step_denied"
                status, refused = error(409, code)
                refused["error"]["gate"] = f"gate-step-{key}"
                return status, refused
            parent = (body or {}).get("parent")
            if parent is not None and (run, parent) not in self.steps:
                return error(422, "validation_error", f"parent names {parent}, which this run has not begun")
            step = self.steps.setdefault(
                (run, key), {"state": "new", "tries": 0, "idempotency_key": f"idem:{run}:{key}"}
            )
            if step["state"] == "completed":
                told = {"state": "completed", "key": key, "idempotency_key": step["idempotency_key"]}
                return 200, {**told, "output": step["output"]}
            step.update(body or {}, state="started", tries=step["tries"] + 1)
            told = {"state": "started", "key": key, "idempotency_key": step["idempotency_key"]}
            changed = {"input": gate["edited"]} if gate is not None and "edited" in gate else {}
            return 201, {**told, "attempt": self.attempts.get(run, 1), "tries": step["tries"], **changed}
        found = self.steps.get((run, key))
        if found is None:
            return error(404, "step_not_found")
        output = (body or {}).get("output")
        if word == "complete":
            if len(json.dumps(output)) > 1 << 20:
                return error(413, "payload_too_large", "output is over 1 MiB")
            if found["state"] == "completed" and found["output"] != output:
                return error(409, "step_already_completed")
            found.update(body or {}, state="completed", output=output)
        else:
            if found["state"] == "completed":
                return error(409, "step_already_completed")
            found.update(body or {}, state="failed")
        return 200, {"state": found["state"], "key": key}

    def of_execution(self, run: str, word: str, body: Any) -> Answer:
        if word == "outcome":
            if run in self.outcomes and self.outcomes[run] != body:
                return error(409, "outcome_already_recorded")
            self.outcomes[run] = body
            return 200, {"execution_id": run, "outcome_recorded": True}
        if word == "claim":
            execution = self.executions[run]
            if execution["status"] != "pending":
                return error(409, "claim_failed")
            execution["status"] = "delivering"
            self.attempts[run] = execution["attempt"]
            token = f"cue_run_{run}.{execution['attempt']}"
            claim = {"execution_id": run, "attempt": execution["attempt"], "run_token": token, "lease_seconds": 0.3}
            return 200, {**claim, "payload": execution["payload"]}
        if word == "heartbeat":
            if run in self.executions:
                self.executions[run].update(began=True, status="delivering")
            return 200, {"acknowledged": True}
        return error(404, "http_error", "Not Found")

    def fire(self, cue_id: str, body: Any) -> Answer:
        cue = next(cue for cue in self.cues if cue["id"] == cue_id)
        key = body["idempotency_key"]
        if key not in self.fires:
            self.fires[key] = self.execution(cue)
        return 200, {"id": self.fires[key], "cue_id": cue_id}

    def permit(self, method: str, pool: str, rest: List[str], body: Dict[str, Any]) -> Answer:
        if pool != "openai":
            return error(404, "pool_not_found")
        with self.changed:
            if method == "POST":
                permit = body.get("permit") or f"permit_{uuid.uuid4()}"
                if permit not in self.waiting and permit not in self.permits:
                    self.waiting.append(permit)

                def goes() -> bool:
                    return len(self.permits) < self.limit and self.waiting[:1] == [permit]

                if self.changed.wait_for(goes, timeout=body.get("wait_seconds", 0)):
                    self.waiting.remove(permit)
                    self.permits[permit] = "held"
                    self.changed.notify_all()
                    return 200, {"permit": permit, "lease_seconds": 0.6}
                position = self.waiting.index(permit) + 1
                return 202, {"permit": permit, "position": position, "waits_for": "a place in openai"}
            permit = rest[0]
            if permit in self.waiting and method == "DELETE":
                self.waiting.remove(permit)
            elif permit not in self.permits:
                return error(404, "permit_not_found")
            elif method == "DELETE":
                del self.permits[permit]
            self.changed.notify_all()
            return (204, None) if method == "DELETE" else (200, {"permit": permit, "lease_seconds": 0.6})

    def gate(self, method: str, match: List[str], body: Any) -> Answer:
        assert self.gates is not None
        if method == "POST":
            gate = self.gates.setdefault(f"gate-{body['key']}", {"state": "waiting", **body})
            return 201, {**gate, "id": f"gate-{body['key']}", "payload": None, "state": gate["state"]}
        gate = self.gates[match[1]]
        if gate["state"] == "withdrawn":
            return error(409, "gate_withdrawn", "This question was withdrawn.")
        told = {"id": match[1], "state": gate["state"], "payload": gate.get("edited"), "comment": gate.get("comment")}
        return 200, {**told, "goes": gate["goes"]} if "goes" in gate else told
