"""What the agents of the day have in common: the tower's clock, and its door as any program finds it."""

import contextlib
import http.client
import json
import os
import random
import threading
import time
import urllib.parse

MINUTE = 60_000


class Failed(Exception):
    """Something outside said no; the step says it in these words."""


class Day:
    """What day.ts has laid down: which due times have a story of their own, and what the tower's clock shows."""

    def __init__(self):
        with open(os.environ["CUETOWER_DAY"], encoding="utf-8") as file:
            self.laid = json.load(file)
        self.folder, self.stories, self.speed = self.laid["folder"], self.laid["stories"], self.laid["speed"]
        self.shown, self.looked = {}, 0

    def look(self):
        """The tower's clock, as it was told last, and that moment. It hurries by as much as the machine lets it, so nobody can reckon it."""
        if time.monotonic() - self.looked > 0.03:
            with contextlib.suppress(OSError, ValueError), open(os.environ["CUETOWER_DAY"] + ".clock", encoding="utf-8") as file:
                self.shown = json.load(file)
            self.looked = time.monotonic()
        return self.shown

    def now_ms(self):
        shown, real = self.look(), time.time() * 1000
        if shown["caught_up"]:
            return real
        return min(shown["now_ms"] + min(real - shown["at_ms"], 300) * self.speed * 0.7, real)

    def is_last(self, due_ms, every_minutes):
        """Whether the next due time is one of the real clock's."""
        real = time.time() * 1000
        end = real + (real - self.now_ms()) / self.speed
        return due_ms + every_minutes * MINUTE > end

    def nap(self, seconds):
        """Works for so long, by the tower's clock."""
        until = self.now_ms() + seconds * 1000
        while (left := until - self.now_ms()) > 0:
            time.sleep(min(max(left / 1000 / (1 if self.shown["caught_up"] else self.speed), 0.005), 1))

    def at(self, name, due_ms):
        """Whether this due time is the one of that story."""
        return abs(self.stories[name] - due_ms) < 2 * MINUTE


DAY = Day()


class Door:
    """The agents' door, with one connection for each thread."""

    def __init__(self, url, token):
        self.host, self.token, self.own = urllib.parse.urlsplit(url).netloc, token, threading.local()

    def ask(self, method, path, body=None, timeout=60):
        data = None if body is None else json.dumps({key: value for key, value in body.items() if value is not None})
        for again in (True, False):
            line = getattr(self.own, "line", None)
            if line is None:
                line = self.own.line = http.client.HTTPConnection(self.host, timeout=timeout)
            try:
                line.request(method, path, data, {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
                answer = line.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException):
                line.close()
                self.own.line = None
                if not again:
                    raise
                continue
            if answer.status >= 400:
                raise Refused(answer.status, said.decode(errors="replace"))
            return json.loads(said) if said else {}


class Refused(Exception):
    def __init__(self, status, words):
        super().__init__(f"{status}: {words[:300]}")
        self.status = status


class Step:
    output = model = tokens = cost_usd = retries = None

    def used(self, model, read, made, cached=None):
        self.model = model
        self.tokens = {key: n for key, n in (("input", read), ("output", made), ("cached_input", cached)) if n}


class Run:
    """One run, whoever started its agent."""

    def __init__(self, url, token, run_id, due_ms=None, payload=None):
        self.door, self.id = Door(url, token), run_id
        if due_ms is None:
            due_ms = instant(self.door.ask("GET", f"/v1/executions/{run_id}")["scheduled_for"])
        self.due_ms, self.payload = due_ms, payload or {}
        # The same run has the same luck in each attempt.
        self.luck = random.Random(due_ms // MINUTE)
        self.tokens = 0

    @staticmethod
    def of_command():
        with open(os.environ["CUETOWER_PAYLOAD_FILE"], encoding="utf-8") as file:
            payload = json.load(file)
        return Run(os.environ["CUETOWER_URL"], os.environ["CUETOWER_TOKEN"], os.environ["CUETOWER_RUN"], payload=payload)

    def about(self, n, share=0.08):
        """Near n: no two runs are the same."""
        return n * self.luck.uniform(1 - share, 1 + share)

    @contextlib.contextmanager
    def step(self, name, kind="tool", takes=0, key=None, parent=None, given=None, model=None):
        at = f"/v1/executions/{self.id}/steps/{urllib.parse.quote(key or name, safe='')}"
        self.door.ask("PUT", at, {"name": name, "kind": kind, "parent": parent, "input": given, "model": model})
        DAY.nap(self.about(takes))
        step = Step()
        try:
            yield step
        except Failed as error:
            self.door.ask("POST", f"{at}/fail", self.told(step) | {"error": str(error)})
            raise
        else:
            self.door.ask("POST", f"{at}/complete", self.told(step) | {"output": step.output})

    def told(self, step):
        self.tokens += sum((step.tokens or {}).values())
        return {"tokens": step.tokens, "cost_usd": step.cost_usd, "model": step.model, "retries": step.retries}

    def calls(self, name, model, read, made, takes, output=None, **more):
        """One call of a model: so many tokens read, so many made."""
        with self.step(name, "llm", takes, model=model, **more) as step:
            step.used(model, int(self.about(read)), int(self.about(made)))
            step.output = output

    def lent(self, *names):
        """Secrets that its cue lends it, for as long as it works."""
        for name in names:
            self.door.ask("GET", f"/v1/secrets/{name}")

    def asks(self, key, title, **question):
        """The owner's answer, as soon as there is one."""
        gate = self.door.ask("POST", "/v1/gates", {"execution_id": self.id, "key": key, "title": title, **question})
        while gate["state"] == "waiting":
            gate = self.door.ask("GET", f"/v1/gates/{gate['id']}?wait=20")
        return gate

    def outcome(self, success=True, **report):
        self.door.ask("POST", f"/v1/executions/{self.id}/outcome", {"success": success, **report})


def instant(text):
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def written(name, lines):
    """A file of the fleet's, changed when the tower's clock says."""
    path = os.path.join(DAY.folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    at = DAY.now_ms() / 1000
    os.utime(path, (at, at))
    return path
