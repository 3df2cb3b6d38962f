"""What a program says to its tower: which run it is, whether it still counts, and what is kept while nobody answers."""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Tuple
from urllib.parse import quote

from . import _gate, _join, _outcome, _spool, _wire
from ._late import LOCAL, Late
from ._say import Voice
from .errors import Refused, Superseded, TowerAbsent

if TYPE_CHECKING:
    from ._step import OnAbsent, Step

NO_TOWER = "there is no tower"


class Line:
    """One program's line to its tower. The run is looked for when it is first needed. Safe to use from several threads."""

    def __init__(
        self,
        cue: Optional[str],
        headers: Optional[Mapping[str, str]],
        url: Optional[str],
        api_key: Optional[str],
        on_absent: OnAbsent,
        patience: float,
        after_joining: Callable[[_join.Joined], None],
    ) -> None:
        self.cue, self.headers, self.url = cue, headers, url
        self.api_key = api_key or _join.api_key()
        self.on_absent: OnAbsent = on_absent
        self.patience = max(0.0, patience)
        self.voice = Voice()
        self.local_id = f"{LOCAL}{secrets.token_hex(16)}"
        self.outcome_told = False
        self._after_joining = after_joining
        self._lock = threading.RLock()
        self._is_looked_for = False
        self._joined: Optional[_join.Joined] = None
        self._may_be_told_later = False
        # What it was refused when it looked for its run.
        self._refused: Optional[Refused] = None
        self._fence: Optional[Superseded] = None
        # Outputs of steps that are completed, which the tower does not know.
        self._untold: Dict[str, Any] = {}
        self._keeps_any = False

    # --- Who this is ---

    def found(self) -> Optional[_join.Joined]:
        """The run that this program is. None: it is none, which was said."""
        if not self._is_looked_for:
            with self._lock:
                if not self._is_looked_for:
                    self._joined = self._looked_for()
                    if self._joined is not None:
                        self._tell_what_was_kept(self._joined)
                    self._is_looked_for = True
                    if self._joined is not None:
                        self._after_joining(self._joined)
        return self._joined

    def id(self) -> str:
        joined = self.found()
        return joined.run_id if joined else self.local_id

    def place(self) -> str:
        """Where the tower has the run. Raises TowerAbsent."""
        return f"/v1/executions/{quote(self._there().run_id, safe='')}"

    def _looked_for(self) -> Optional[_join.Joined]:
        try:
            if self.headers is not None:
                return _join.from_headers(self.headers, self.url)
            # One that the tower started for one cue may be a run of another one, too.
            here = [os.environ.get(name) for name in ("CUEAPI_CUE_NAME", "CUEAPI_CUE_ID")]
            is_here = self.cue is None or not any(here) or self.cue in here
            joined = _join.from_environment() if is_here else None
            if joined is None and self.cue is not None:
                joined = _join.by_name(self.cue, self.url, self.api_key)
            if joined is None:
                raise _join.NotJoined("no tower started this program (CUETOWER_RUN is not set), and no cue is named")
            return joined
        except (_join.NotJoined, TowerAbsent) as why:
            self.voice.once("absent", f"{why}. The program runs on without it.")
            self._may_be_told_later = isinstance(why, TowerAbsent) and self.cue is not None
            self._refused = why.refused if isinstance(why, _join.NotJoined) else None
            return None

    def _there(self) -> _join.Joined:
        joined = self.found()
        if joined is None:
            raise TowerAbsent(NO_TOWER)
        return joined

    def must_be_there(self, what: str) -> _join.Joined:
        """For what a program cannot do without its tower. Raises TowerAbsent, or Refused if it is there and refused."""
        joined = self.found()
        if joined is not None:
            return joined
        if self._refused is not None:
            status, code, message = self._refused.status, self._refused.code, self._refused.message
            raise Refused(status, code, f"{what}, because this program is no run: {message}")
        raise TowerAbsent(f"{what}: {NO_TOWER}")

    def close(self) -> None:
        if self._joined is not None:
            self._joined.wire.close()

    # --- What is said ---

    def call(self, method: str, path: str, body: Optional[Dict[str, Any]] = None, **how: Any) -> Tuple[int, Any]:
        """See `Wire.call`. Raises Superseded from then on, once this attempt counts no longer."""
        if self._fence is not None:
            raise Superseded(self._fence.code, self._fence.message)
        joined = self._there()
        if self._keeps_any and joined.wire.answers():
            # It is back, and hears first of what was done meanwhile.
            self._tell_kept(joined, only=joined.run_id)
        try:
            return joined.wire.call(method, path, body, **how)
        except Superseded as gone:
            self._fence = gone
            raise

    def begin_step(self, step: Step) -> None:
        if step.key in self._untold:
            step._has_begun(self._own_key(step.key), 0, done=True, output=self._untold[step.key])
            return
        try:
            told = self._begun(step)
        except TowerAbsent as absent:
            if (step.on_absent or self.on_absent) == "raise":
                raise TowerAbsent(f"step {step.key!r} was not begun, because {absent}") from None
            if self._joined is not None:
                words = f"{absent}: steps are done without it, and may be done again by a later attempt"
                self.voice.once("steps", words)
            step._has_begun(self._own_key(step.key), 1)
            return
        if not told or told.get("state") not in ("started", "completed"):
            raise Refused(200, "odd_answer", f"The tower did not say whether the step {step.key!r} is done.")
        idempotency_key = str(told.get("idempotency_key") or self._own_key(step.key))
        is_done = told["state"] == "completed"
        step._has_begun(idempotency_key, int(told.get("tries") or 0), done=is_done, output=told.get("output"))
        if "input" in told:
            step._was_given(told["input"])
        step._is_known = True

    def _begun(self, step: Step) -> Any:
        """What the tower says of the step's begin; where its cue asks the owner before, once he has said yes."""
        path = f"{self.place()}/steps/{quote(step.key, safe='')}"
        patience = self.patience
        while True:
            try:
                return self.call("PUT", path, step._begin_body(), patience=patience)[1]
            except Refused as refused:
                if refused.code != "step_waits_for_owner" or not refused.gate:
                    raise
                gate = refused.gate
            _gate.heard(self.call, {"id": gate, "state": "waiting"})
            # From here on it is known that nothing may be done unasked, whatever becomes of the tower.
            patience = _wire.FOREVER

    def end_step(self, step: Step, end: str, body: Dict[str, Any]) -> None:
        """`end`: complete or fail. Raises, of `complete` alone, Refused and Superseded: when a step fails, an error is on
        its way already."""
        try:
            if not step._is_known:
                raise TowerAbsent("the tower does not know of it")
            path = f"{self.place()}/steps/{quote(step.key, safe='')}/{end}"
            self.call("POST", path, body, patience=self.patience)
        except TowerAbsent:
            if end == "complete":
                self._untold[step.key] = body.get("output")
            self.keep("step", key=step.key, begin=step._begin_body(), begun=step._is_known, end=end, body=body)
        except Refused as refused:
            if end == "complete":
                raise
            self.voice.once("fail", f"the failure of step {step.key!r} could not be told: {refused}")
        except Superseded:
            if end == "complete":
                raise

    def tell_outcome(self, body: Dict[str, Any]) -> None:
        """Raises Refused, Superseded."""
        try:
            self.call("POST", f"{self.place()}/outcome", body, patience=self.patience)
        except TowerAbsent as absent:
            if self._joined is not None:
                self.voice.once("kept", f"{absent}; its outcome is kept, and told by the next program that reaches it")
            self.keep("outcome", body=body)
        self.outcome_told = True

    def in_background(self, say: Callable[[], Any]) -> bool:
        """Says it beside the program. Whether to go on; what fences this attempt is raised by the program's next call."""
        try:
            say()
        except Superseded as gone:
            self.voice.once("fence", f"this attempt counts no longer: {gone}")
            return False
        except TowerAbsent:
            return True
        except Refused as refused:
            self.voice.once("life", f"its sign of life was refused: {refused}")
        return True

    # --- What is kept ---

    def keep(self, kind: str, **what: Any) -> None:
        joined = self._joined
        if joined is not None:
            who = {"url": joined.wire.url, "run": joined.run_id, "token": joined.token}
        elif self._may_be_told_later:
            who = {"url": _join.tower_address(self.url), "run": self.local_id, "token": None, "cue": self.cue}
        else:
            return  # There is nobody whom it could ever be told.
        trouble = _spool.keep({"v": 1, "kind": kind, "at": _outcome.now(), **who, **what})
        if trouble is None:
            self._keeps_any = True
        else:
            self.voice.once("spool", f"what could not be told could not be kept either: {trouble}")

    def _tell_what_was_kept(self, joined: _join.Joined) -> None:
        for _, report in _spool.kept():
            if (report.get("run"), report.get("kind"), report.get("end")) == (joined.run_id, "step", "complete"):
                body = report.get("body")
                self._untold[str(report.get("key"))] = body.get("output") if isinstance(body, dict) else None
        self._tell_kept(joined)

    def _tell_kept(self, joined: _join.Joined, only: Optional[str] = None) -> None:
        late = Late(joined, self.api_key)
        self._keeps_any = False
        if not late.tell(only):
            self._keeps_any = True
        # What it refused stays done as far as this program knows.
        for key in late.keys_told:
            self._untold.pop(key, None)

    def _own_key(self, key: str) -> str:
        return "local-" + hashlib.sha256(f"{self.id()}\n{key}".encode("utf-8", "replace")).hexdigest()[:32]
