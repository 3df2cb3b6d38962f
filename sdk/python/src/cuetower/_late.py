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
# Gates that this program has said it waits for.
_waiting: Set[str] = set()


class Late:
    """One round of telling."""

    def __init__(self, joined: Optional[_join.Joined], api_key: Optional[str]) -> None:
        self._joined = joined
        self._api_key = api_key
        self._wires: Dict[Tuple[str, str], Wire] = {}
        self._absent: Set[str] = set()
        # Of steps of the run that tells.
        self.keys_told: Set[str] = set()
        self._adopted: Dict[str, _join.Joined] = {}

    def tell(self, only: Optional[str] = None) -> bool:
        """Tells everything, or only what is about this run. Whether nothing is left about the run that tells it."""
        if _spool.is_empty():
            return True
        own = self._joined.run_id if self._joined else None
        until = time.monotonic() + SECONDS_MAX
        all_told = True
        with _spool.telling() as may:
            if not may:
                return False
            for path, report in _spool.kept():
                if only is not None and report.get("run") != only:
                    continue
                if time.monotonic() < until and self._is_settled(report):
                    _spool.forget(path)
                elif report.get("run") == own:
                    all_told = False
        for wire in self._wires.values():
            wire.close()
        return all_told

    def _is_settled(self, report: Dict[str, Any]) -> bool:
        """Whether it was told, or never can be."""
        try:
            return self._told(report)
        except TowerAbsent as absent:
            self._absent.add(str(report.get("url")))
            # What it used adds up: rather told once too seldom than twice.
            return absent.sent and report.get("kind") == "beat"
        except Superseded as gone:
            if gone.code == "attempt_superseded" and report.get("kind") == "step" and is_young(report):
                return False  # The newer attempt tells it, when it begins.
            say(f"{words_for(report)} counts no longer and is dropped: {gone}")
        except (Refused, _join.NotJoined) as refused:
            if isinstance(refused, Refused) and refused.code == "step_waits_for_owner" and is_young(report):
                # It was done when nobody could be asked. What was done is not forgotten while the owner is asked about it.
                if str(refused.gate) not in _waiting:
                    _waiting.add(str(refused.gate))
                    say(f"{words_for(report)} waits for the owner's answer ({refused.gate}), and is told once there is one")
                return False
            if isinstance(refused, Refused) and refused.status == 401 and not report.get("token"):
                return False  # This program's key is not the one it needs.
            say(f"{words_for(report)} was refused by the tower and is dropped: {refused}")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            say(f"{words_for(report)} cannot be read and is dropped: {error!r}")
        return True

    def _told(self, report: Dict[str, Any]) -> bool:
        """False: not now."""
        url, run, kind = str(report["url"]), str(report["run"]), report["kind"]
        if kind == "step" and self._joined is not None and self._joined.run_id == run:
            # What an earlier attempt of this run did is done: this one must not do it again.
            tell_step(self._joined.wire, run, report)
            self.keys_told.add(str(report["key"]))
            return True
        wire = None if url in self._absent else self._wire(url, report.get("token"))
        if wire is None:
            return False
        if run.startswith(LOCAL):
            adopted = self._adopt(wire, run, report)
            wire, run = adopted.wire, adopted.run_id
        if kind == "step":
            tell_step(wire, run, report)
        elif kind == "outcome":
            wire.call("POST", f"{place_of(run)}/outcome", report["body"])
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

    def _adopt(self, wire: Wire, local: str, report: Dict[str, Any]) -> _join.Joined:
        """The run of the watched cue that a program was while its tower was absent."""
        if local not in self._adopted:
            cue = _join.cue_named(wire, str(report["cue"]))
            if cue.get("transport") != "watch":
                raise _join.NotJoined(f"the tower never gave out a run of the cue {cue.get('name')!r} for it")
            self._adopted[local] = _join.watched(wire, cue, fire_key=local)
        return self._adopted[local]


def place_of(run: str) -> str:
    return f"/v1/executions/{quote(run, safe='')}"


def tell_step(wire: Wire, run: str, report: Dict[str, Any]) -> None:
    path = f"{place_of(run)}/steps/{quote(str(report['key']), safe='')}"
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
