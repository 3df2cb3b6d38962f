"""Tells the tower what was kept of earlier runs, and of this one while the tower was away. The oldest goes first."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, Optional, Set, Tuple
from urllib.parse import quote

from . import _join, _spool
from ._say import say
from ._wire import Wire
from .errors import Refused, Superseded, TowerAbsent

# A program's start is not held up for longer by what others left behind.
SECONDS_MAX = 10.0
# Names a run that no tower knows of yet.
LOCAL = "local-"


class Late:
    """One round of telling."""

    def __init__(self, joined: Optional[_join.Joined], api_key: Optional[str]) -> None:
        self._joined = joined
        self._api_key = api_key
        self._wires: Dict[Tuple[str, str], Wire] = {}
        self._absent: Set[str] = set()
        self._adopted: Dict[str, Optional[_join.Joined]] = {}

    def tell(self, only: Optional[str] = None) -> bool:
        """Tells everything, or only what is about this run. Whether nothing is left about the run that tells it."""
        if _spool.is_empty():
            return True
        until = time.monotonic() + SECONDS_MAX
        with _spool.telling() as may:
            if not may:
                return False
            for path, report in _spool.kept():
                if only is not None and report.get("run") != only:
                    continue
                if time.monotonic() > until:
                    break
                try:
                    if not self._told(report):
                        continue
                except TowerAbsent:
                    self._absent.add(str(report.get("url")))
                    continue
                except Superseded as gone:
                    if gone.code == "attempt_superseded" and report.get("kind") == "step" and is_young(report):
                        continue  # The newer attempt tells it, when it begins.
                    say(f"{words_for(report)} counts no longer and is dropped: {gone}")
                except (Refused, _join.NotJoined) as refused:
                    say(f"{words_for(report)} was refused by the tower and is dropped: {refused}")
                except (KeyError, TypeError, ValueError, AttributeError) as error:
                    say(f"{words_for(report)} cannot be read and is dropped: {error!r}")
                _spool.forget(path)
        for wire in self._wires.values():
            wire.close()
        own = self._joined.run_id if self._joined else None
        return not any(report.get("run") == own for _, report in _spool.kept())

    def _told(self, report: Dict[str, Any]) -> bool:
        """False: not now."""
        url, run, token, kind = str(report["url"]), str(report["run"]), report.get("token"), report["kind"]
        if url in self._absent:
            return False
        wire = self._wire(url, token)
        if wire is None:
            return False
        if run.startswith(LOCAL):
            adopted = self._adopt(wire, run, report)
            if adopted is None:
                return False
            wire, run = adopted.wire, adopted.run_id
        elif kind == "step" and self._joined is not None and self._joined.run_id == run:
            # What an earlier attempt of this run did is done: this one must not do it again.
            wire = self._joined.wire
        place = f"/v1/executions/{quote(run, safe='')}"
        if kind == "step":
            tell_step(wire, place, report)
        elif kind == "outcome":
            wire.call("POST", f"{place}/outcome", report["body"])
        elif kind == "beat":
            wire.call("POST", "/v1/heartbeats", {**report["body"], "execution_id": run}, once=True)
        else:
            raise ValueError(f"no such kind: {kind!r}")
        return True

    def _wire(self, url: str, token: Optional[str]) -> Optional[Wire]:
        bearer = token or self._api_key
        if not bearer:
            return None
        if (url, bearer) not in self._wires:
            self._wires[(url, bearer)] = Wire(url, bearer)
        return self._wires[(url, bearer)]

    def _adopt(self, wire: Wire, local: str, report: Dict[str, Any]) -> Optional[_join.Joined]:
        """The run of the watched cue that a program was while its tower was absent."""
        if local not in self._adopted:
            cue = _join.cue_named(wire, str(report["cue"]))
            if cue.get("transport") != "watch":
                raise _join.NotJoined(f"the tower never gave out a run of the cue {cue.get('name')!r} for it")
            self._adopted[local] = _join.watched(wire, cue, fire_key=local)
        return self._adopted[local]


def tell_step(wire: Wire, place: str, report: Dict[str, Any]) -> None:
    path = f"{place}/steps/{quote(str(report['key']), safe='')}"
    if not report.get("begun"):
        _, answer = wire.call("PUT", path, report["begin"])
        if answer["state"] == "completed":
            return
    end = f"{path}/{'fail' if report['end'] == 'fail' else 'complete'}"
    try:
        wire.call("POST", end, report["body"])
    except Refused as refused:
        if refused.code != "step_not_found":
            raise
        wire.call("PUT", path, report["begin"])
        wire.call("POST", end, report["body"])


def is_young(report: Dict[str, Any]) -> bool:
    at = _join.instant(report.get("at"))
    return at is not None and datetime.now(timezone.utc) - at < timedelta(days=1)


def words_for(report: Dict[str, Any]) -> str:
    kind, run, at = report.get("kind"), report.get("run"), report.get("at")
    what = f"step {report.get('key')!r}" if kind == "step" else kind
    return f"the {what} of run {run}, kept since {at},"
