"""A run, as the program that does it sees it: what it was given, what it says, and what becomes of it at its end."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple, Type, TypeVar, Union, overload
from urllib.parse import quote

from . import _gate, _join, _outcome
from ._every import Every
from ._line import NO_TOWER, Line
from ._permit import Permit
from ._step import Step, below, shortened, words_for
from .errors import Refused, Superseded, TowerAbsent

if TYPE_CHECKING:
    from ._step import Kind, OnAbsent

R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])

PATIENCE_SECONDS = 60.0
BEAT_SECONDS = 5.0


class Run:
    """Made by `cuetower.run`. A ``with`` or ``async with`` block around the work; safe to use from several threads.

    Leaving the block without an outcome reports one: success with the counts of `count`, or, if an exception leaves
    it, a failure with its words, the counts and the traceback (in ``metadata.traceback``). ``SystemExit`` with code 0
    is a success. The exception goes on.

    Without a tower everything works on: steps do their work, and reports are kept for later (see `cuetower.run`).
    """

    def __init__(
        self,
        cue: Optional[str],
        headers: Optional[Mapping[str, str]],
        payload: Optional[Any],
        url: Optional[str],
        api_key: Optional[str],
        beat_every: Optional[float],
        on_absent: OnAbsent,
        patience: float,
        report: bool,
    ) -> None:
        if beat_every is not None and beat_every <= 0:
            raise ValueError("beat_every is a number of seconds above 0")
        if on_absent not in ("run", "raise"):
            raise ValueError(f'on_absent is "run" or "raise", not {on_absent!r}')
        self._line = Line(cue, headers, url, api_key, on_absent, patience, self._is_joined)
        self._payload = payload
        self._beat_every = beat_every
        self._report = report
        self._lock = threading.RLock()
        self._names: Dict[Tuple[Optional[str], str], int] = {}
        self._keys: Set[str] = set()
        self._counts: Dict[str, float] = {}
        self._is_over = False
        self._threads: List[Every] = []

    # --- What it is ---

    @property
    def joined(self) -> bool:
        """Whether this program is a run that the tower knows of."""
        return self._line.found() is not None

    @property
    def id(self) -> str:
        """The id of the execution; without a tower one that begins with ``local-``."""
        return self._line.id()

    @property
    def attempt(self) -> int:
        """1, 2, …: which try of the run this is."""
        joined = self._line.found()
        return joined.attempt if joined else 1

    @property
    def url(self) -> Optional[str]:
        """The tower's address, as in ``http://127.0.0.1:8737``. None without a tower."""
        joined = self._line.found()
        return joined.wire.url if joined else None

    @property
    def payload(self) -> Any:
        """What the run was given to do: the cue's payload, as JSON has it. ``{}`` if there is none."""
        joined = self._line.found()
        with self._lock:
            if self._payload is None:
                self._payload = self._payload_found(joined)
            return self._payload

    def otel_resource_attributes(self) -> Dict[str, str]:
        """Resource attributes by which the tower joins OpenTelemetry spans to this run: ``{"cuetower.run_id": …}``.

        >>> Resource.create(run.otel_resource_attributes())
        """
        return {"cuetower.run_id": self.id}

    # --- Steps ---

    @overload
    def step(self, name: F) -> F: ...

    @overload
    def step(
        self,
        name: str,
        *,
        key: Union[None, str, Callable[..., str]] = None,
        kind: Kind = "other",
        input: Any = None,
        model: Optional[str] = None,
        parent: Optional[Step] = None,
        on_absent: Optional[OnAbsent] = None,
    ) -> Step: ...

    def step(self, name: Any, **options: Any) -> Any:
        """A durable step: a block ``with run.step("charge") as s``, a decorator ``@run.step`` or
        ``@run.step("charge", kind="http")``, or ``run.step("charge").do(charge, customer)``.

        The step's key is its name; its second use in a run is ``charge#2``, in the order of the calls, and inside of
        another step it is ``outer > charge``. That is the same in each attempt if the program does the same things in
        the same order. Where it does not (threads, a list that changes), give a key that says what it is about:
        ``key=f"charge {customer.id}"``, or for a decorator a function of its arguments.

        kind: ``llm``, ``tool``, ``http``, ``decision``, ``check`` or ``other``.
        input: what it was given, to be shown; JSON, at most 1 MiB. A step before which the cue asks its owner begins with
        his yes, and `Step.input` is then what he made of it; on a no it raises Refused (``step_denied``).
        parent: the step it belongs to, where that is not the block around it (threads start with no block).
        on_absent: what to do if the tower cannot be asked whether it is done: ``"run"`` does the work, so that it may
        be done again by a later attempt; ``"raise"`` raises TowerAbsent before it. Default: the run's.

        Raises Superseded, and Refused (such as 413 for an input that is too long).
        """
        if callable(name):
            return Step(self, getattr(name, "__name__", "step"))(name)
        return Step(self, name, **options)

    def do(self, name: str, fn: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """``run.step(name).do(fn, *args, **kwargs)``."""
        return self.step(name).do(fn, *args, **kwargs)

    # --- What it says ---

    def count(
        self,
        *,
        processed: Optional[float] = None,
        expected: Optional[float] = None,
        errors: Optional[float] = None,
    ) -> None:
        """How much is done by now: it goes with whatever outcome comes, also with a failure ("50 of 200 records were
        processed"). Said again, the newer number counts."""
        said = {"processed": processed, "expected": expected, "errors": errors}
        with self._lock:
            self._counts.update({name: count for name, count in said.items() if count is not None})

    def heartbeat(
        self,
        *,
        progress: Optional[float] = None,
        tokens: Union[None, int, Dict[str, int]] = None,
        cost_usd: Optional[float] = None,
        message: Optional[str] = None,
    ) -> None:
        """A sign of life; with `progress`, a number that grows, a sign of work. Tokens and cost are those since the
        last one. It also moves the outcome's deadline on. One that is not heard holds nobody up.

        Raises Superseded."""
        said = {"progress": progress, "tokens": tokens, "cost_usd": cost_usd, "message": message}
        body: Dict[str, Any] = {name: value for name, value in said.items() if value is not None}
        joined = self._line.found()
        try:
            if joined is None:
                raise TowerAbsent(NO_TOWER)
            beat = {"execution_id": joined.run_id, **body}
            # Tokens add up, so it is not sent twice: neither now nor later.
            self._line.call("POST", "/v1/heartbeats", beat, once=True, answer_seconds=BEAT_SECONDS)
        except TowerAbsent as absent:
            # That it lived then is of no use later; what it used is.
            if not absent.sent and (tokens is not None or cost_usd is not None):
                self._line.keep("beat", body=body)
        except Refused as refused:
            self._line.voice.once("beat", f"a heartbeat was refused: {refused}")

    def outcome(self, success: bool = True, **facts: Any) -> None:
        """Reports what became of the run, once: the same again is harmless, another one is refused.

        result, error, summary: texts of at most 2 000, 2 000 and 500 characters; longer ones are cut.
        processed, expected, errors: counts, numbers of 0 or more; what `count` said if they are left out.
        result_url, result_ref, result_type, external_id, artifacts (a list): evidence.
        tokens, cost_usd: of the whole run, if steps and heartbeats do not say it.
        assertions: ``{"name": True}``. metadata: a dict of at most 10 KB of JSON.
        next_run_in_seconds or next_run_at (RFC 3339): when to run next, if the cue allows it.

        Raises TypeError for a fact that no outcome has, Refused, Superseded.
        """
        with self._lock:
            body = _outcome.body(success, {**self._counts, **facts})
        self._line.tell_outcome(body)

    # --- What it asks for ---

    def ask(
        self,
        title: str,
        *,
        key: Optional[str] = None,
        body: Optional[str] = None,
        payload: Any = None,
        diff: Optional[str] = None,
        answers: Optional[Sequence[str]] = None,
        reversible: Optional[bool] = None,
        cost_of_waiting: Optional[str] = None,
        usd_per_hour: Optional[float] = None,
        take_back_seconds: Optional[float] = None,
        deadline_seconds: Optional[float] = None,
        on_no_answer: str = "keep_waiting",
        blocking: bool = True,
        callback: Optional[str] = None,
    ) -> _gate.Answer:
        """Asks the owner, and waits for the answer. Only the owner can give it. Meanwhile the clocks of this attempt
        stand still, and the permits of its cue's pools are others'.

        key: asking again with the same key and contents finds the same question, also after a crash. Default: the title.
        body, payload, diff: what exactly will happen, as text, JSON or a diff; the owner may change the payload.
        answers: ``["approve", "deny"]`` if the payload is not to be changed.
        reversible: whether it can be undone. cost_of_waiting, usd_per_hour: what waiting costs, in words and as a number.
        take_back_seconds: for how long an answer can be taken back, at most 60.
        on_no_answer: after the deadline: ``keep_waiting``, ``proceed``, ``stop`` or ``escalate``.
        blocking: False returns at once and works on: the answer is ``waiting`` (and False) until there is one, which
        asking again with the same key tells.
        callback: where the tower sends the answer as well.

        >>> answer = run.ask("Send 200 emails?", payload={"to": recipients})
        >>> if answer: send(answer.payload)

        Raises GatesNotAvailable or TowerAbsent if nobody can be asked, Refused (``gate_withdrawn``: it was asked anew with
        other contents), Superseded (the run was stopped): none of them is a yes.
        """
        said = {
            "body": body,
            "payload": payload,
            "diff": diff,
            "answers": None if answers is None else list(answers),
            "reversible": reversible,
            "cost_of_waiting": cost_of_waiting,
            "usd_per_hour": usd_per_hour,
            "take_back_seconds": take_back_seconds,
            "deadline_seconds": deadline_seconds,
            "blocking": None if blocking else False,
            "callback": callback,
        }
        question = {name: value for name, value in said.items() if value is not None}
        question.update({"key": key or shortened(title), "title": title, "on_no_answer": on_no_answer})
        joined = self._line.must_be_there(f"nobody can be asked {title!r}")
        question["execution_id"] = joined.run_id
        return _gate.asked(self._line.call, question, self._line.patience)

    def permit(
        self,
        pool: str,
        *,
        weight: int = 1,
        tokens: Optional[int] = None,
        priority: Optional[int] = None,
        wait_seconds: Optional[float] = None,
        lease_seconds: Optional[float] = None,
    ) -> Permit:
        """A permit of a shared resource, for a ``with`` or ``async with`` block. Waits for its turn; renewed while the
        block lasts, given back at its end. Without a tower the block runs without one.

        tokens: how many it will use, where the pool has a limit; `Permit.used` says how many they were.
        wait_seconds: after which PermitTimeout is raised. Default: as long as it takes.

        >>> with run.permit("openai", tokens=2_000) as permit:
        ...     permit.used(tokens=1_834)

        Raises (at the block's begin) PermitTimeout, Refused (such as for a pool that is not there), Superseded.
        """
        said = {"weight": weight, "tokens": tokens, "priority": priority, "lease_seconds": lease_seconds}
        return Permit(self, pool, {name: value for name, value in said.items() if value is not None}, wait_seconds)

    def secret(self, name: str, *, tool: Optional[str] = None) -> str:
        """The value of a secret that the cue grants. Asked for anew each time, and each lease is noted by the tower;
        keep it as short as it is needed.

        tool: which of the agent's tools it is for; needed where the cue grants it for some tools alone.

        Raises Refused (403 if it is not granted), TowerAbsent, Superseded."""
        self._line.must_be_there(f"the secret {name!r} cannot be had")
        wanted = f"/v1/secrets/{quote(name, safe='')}"
        if tool is not None:
            wanted += f"?tool={quote(tool, safe='')}"
        _, answer = self._line.call("GET", wanted, patience=self._line.patience)
        return str(answer["value"])

    # --- Its begin and end ---

    def __enter__(self) -> Run:
        self._begin()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._end(error)

    async def __aenter__(self) -> Run:
        await asyncio.to_thread(self._begin)
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        await asyncio.to_thread(self._end, error)

    def _begin(self) -> None:
        if self._is_over:
            raise RuntimeError("this run has ended; make another one with cuetower.run()")
        joined = self._line.found()
        if joined is not None and self._beat_every is not None:
            self._threads.append(Every(self._beat_every, self._beat))

    def _end(self, error: Optional[BaseException]) -> None:
        self._is_over = True
        try:
            if isinstance(error, Superseded):
                self._line.voice.once("fence", f"this attempt ends, because it counts no longer: {error}")
            elif self._report and not self._line.outcome_told:
                self._report_end(error)
        finally:
            for thread in self._threads:
                thread.stop()
            self._line.close()

    def _report_end(self, error: Optional[BaseException]) -> None:
        well = error is None or (isinstance(error, SystemExit) and error.code in (None, 0))
        with self._lock:
            counts = dict(self._counts)
        body = _outcome.body(True, counts) if well else _outcome.of_failure(error, words_for, counts)
        try:
            self._line.tell_outcome(body)
        except Refused as refused:
            if refused.code == "outcome_already_recorded":
                return  # It was reported in another way.
            if well:
                raise
            self._line.voice.once("outcome", f"its outcome was refused: {refused}")
        except Superseded as gone:
            if well:
                raise
            self._line.voice.once("fence", f"this attempt counts no longer: {gone}")

    # --- Inside ---

    def _payload_found(self, joined: Optional[_join.Joined]) -> Any:
        if joined is not None and joined.payload is not None:
            return joined.payload
        if joined is not None and self._line.headers is None and os.environ.get("CUETOWER_RUN") == joined.run_id:
            try:
                return json.loads(Path(os.environ["CUETOWER_PAYLOAD_FILE"]).read_bytes())
            except (KeyError, OSError, ValueError):
                # The tower has it, too.
                pass
        if joined is None:
            return {}
        _, answer = self._line.call("GET", self._line.place(), patience=self._line.patience)
        return answer.get("payload") or {}

    def _next_key(self, name: str, parent: Optional[str]) -> str:
        with self._lock:
            while True:
                number = self._names.get((parent, name), 0) + 1
                self._names[(parent, name)] = number
                key = below(parent, name if number == 1 else f"{name}#{number}")
                if key not in self._keys:
                    self._keys.add(key)
                    return key

    def _is_joined(self, joined: _join.Joined) -> None:
        if joined.lease_seconds:
            self._threads.append(Every(max(joined.lease_seconds / 3, 0.2), self._keep_lease))

    def _beat(self) -> bool:
        return self._line.in_background(self.heartbeat)

    def _keep_lease(self) -> bool:
        if self._line.outcome_told:
            return False
        return self._line.in_background(lambda: self._line.call("POST", f"{self._line.place()}/heartbeat", {}))

    def __repr__(self) -> str:
        return f"<cuetower.Run {self._line.local_id if self._line._joined is None else self._line._joined.run_id}>"
