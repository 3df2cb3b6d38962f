"""A permit of a shared resource: waited for, renewed while it is held, given back."""

from __future__ import annotations

import asyncio
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Dict, Optional, Type
from urllib.parse import quote

from ._every import Every
from .errors import PermitTimeout, Refused, Superseded, TowerAbsent

if TYPE_CHECKING:
    from ._run import Run

# The tower holds a request open for so long.
ASK_SECONDS = 20.0
RENEW_SECONDS_LEAST = 0.2


class Permit:
    """Made by `Run.permit`."""

    def __init__(self, run: Run, pool: str, ask: Dict[str, Any], wait_seconds: Optional[float]) -> None:
        self.pool = pool
        #: The permit's id; None before it is there, and without a tower.
        self.id: Optional[str] = None
        #: Its lease lapsed while it was held, as after a long sleep of the machine: the resource may be used by others.
        self.lost = False
        self._run = run
        self._ask = ask
        self._wait_seconds = wait_seconds
        self._used: Optional[int] = None
        self._renewing: Optional[Every] = None
        self._abandoned = False
        self._lock = threading.Lock()

    def used(self, tokens: int) -> None:
        """How many tokens were used so far, altogether; told with the next renewal and at the end."""
        self._used = int(tokens)

    def rate_limited(self, retry_after_seconds: Optional[float] = None) -> None:
        """Says that the resource answered 429, so that the tower lets nobody else at it for a while. Best effort."""
        body: Dict[str, Any] = {"rate_limited": True}
        if retry_after_seconds is not None:
            body["retry_after_seconds"] = retry_after_seconds
        self._renew(body)

    def __enter__(self) -> Permit:
        self._acquire()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._give_back()

    async def __aenter__(self) -> Permit:
        try:
            await asyncio.to_thread(self._acquire)
        except asyncio.CancelledError:
            # Its thread goes on for a moment; what it gets it gives back.
            with self._lock:
                self._abandoned = True
                is_held = self._renewing is not None
            if is_held:
                await asyncio.to_thread(self._give_back)
            raise
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        await asyncio.to_thread(self._give_back)

    def _acquire(self) -> None:
        began = time.monotonic()
        place = f"/v1/pools/{quote(self.pool, safe='')}/permits"
        while True:
            left = ASK_SECONDS
            if self._wait_seconds is not None:
                left = max(0.0, min(ASK_SECONDS, self._wait_seconds - (time.monotonic() - began)))
            ask = {**self._ask, "wait_seconds": left, **({"permit": self.id} if self.id else {})}
            try:
                status, answer = self._run._line.call(
                    "POST", place, ask, patience=self._run._line.patience, answer_seconds=left + 15
                )
            except TowerAbsent as absent:
                self._run._line.voice.once("permit", f"{absent}: it goes on without permits")
                self.id = None
                return
            except Refused as refused:
                if refused.code == "permit_not_found" and self.id is not None:
                    self.id = None  # Its place in the line lapsed; it takes another one.
                    continue
                raise
            self.id = str(answer["permit"])
            with self._lock:
                if status == 200 and not self._abandoned:
                    seconds = max(float(answer.get("lease_seconds") or 60) / 3, RENEW_SECONDS_LEAST)
                    self._renewing = Every(seconds, lambda: self._renew(self._word()))
                    return
            if self._abandoned:
                return self._give_back()
            if self._wait_seconds is not None and time.monotonic() - began >= self._wait_seconds:
                waits_for = answer.get("waits_for") or f"place {answer.get('position')} in the line"
                self._give_back()
                raise PermitTimeout(f"no permit of {self.pool} within {self._wait_seconds:g} s: {waits_for}")

    def _place(self) -> str:
        return f"/v1/pools/{quote(self.pool, safe='')}/permits/{quote(self.id or '', safe='')}"

    def _word(self) -> Dict[str, Any]:
        return {} if self._used is None else {"tokens": self._used}

    def _renew(self, body: Dict[str, Any]) -> bool:
        """Whether to renew it again."""
        if self.id is None:
            return False
        try:
            self._run._line.call("PATCH", self._place(), body)
        except TowerAbsent:
            return True
        except Superseded as gone:
            self._run._line.voice.once("fence", f"this attempt counts no longer: {gone}")
            return False
        except Refused as refused:
            self.lost = True
            self._run._line.voice.once(f"permit {self.id}", f"the permit of {self.pool} was lost: {refused}")
            return False
        return True

    def _give_back(self) -> None:
        if self._renewing is not None:
            self._renewing.stop()
            self._renewing = None
        if self.id is None:
            return
        used = "" if self._used is None else f"?tokens={self._used}"
        try:
            self._run._line.call("DELETE", self._place() + used)
        except (TowerAbsent, Refused, Superseded):
            # It lapses by itself, or went back with its run.
            pass
        self.id = None
