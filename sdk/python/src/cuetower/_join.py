"""Finds the run that this program is: from its environment, from a web hook's headers, or by the name of a cue.

A program that the tower started finds everything in its environment. One that somebody else starts (cron, a person)
names a cue with the transport `watch`, whose run it tells, or `worker`, of which it claims a run. Cues that the tower
delivers itself, `command` and `webhook`, cannot be joined by name.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Dict, List, Mapping, Optional
from urllib.parse import quote, urlencode, urlsplit

from ._wire import Wire, base_of
from .errors import CuetowerError, Refused, Superseded

DEFAULT_URL = "http://127.0.0.1:8737"
PAGE = 100
# The tower arms an occurrence so long before it is due, and a job of cron may be that early, too.
EARLY_SECONDS = 5.0
# Fired, it is there to be taken as soon as pools and checks let it go.
OFFER_SECONDS = 20.0
POLL_SECONDS = 0.1
# Of a tower that is down, a program that was not started by it learns soon.
FIRST_WORD_SECONDS = 3.0


class NotJoined(CuetowerError):
    """Why this program is no run of the tower's; it runs on.

    refused: what the tower said, if it is there and let this program be none."""

    def __init__(self, words: str, refused: Optional[Refused] = None) -> None:
        super().__init__(words)
        self.refused = refused


@dataclass
class Joined:
    """The run that this program is."""

    wire: Wire
    run_id: str
    attempt: int
    # None: the wire speaks with an API key, for the latest attempt.
    token: Optional[str] = None
    # None: not known yet.
    payload: Optional[Any] = None
    # Set if this program has claimed the run, and so has to keep its lease.
    lease_seconds: Optional[float] = None


def from_environment() -> Optional[Joined]:
    """The run that the tower, or its worker, started this program for. None: nobody did.

    Raises NotJoined if what stands there is of no use."""
    run_id, url = os.environ.get("CUETOWER_RUN"), os.environ.get("CUETOWER_URL")
    if not run_id or not url:
        return None
    token = os.environ.get("CUETOWER_TOKEN")
    bearer = token or api_key()
    if not bearer:
        raise NotJoined("CUETOWER_RUN is set, but neither CUETOWER_TOKEN nor CUETOWER_API_KEY is")
    return Joined(Wire(address(url), bearer), run_id, number_in(os.environ.get("CUETOWER_ATTEMPT")), token)


def from_headers(headers: Mapping[str, str], url: Optional[str]) -> Joined:
    """The run of a request that the tower sent. Raises NotJoined.

    Headers are written by whoever sends the request, so the address in them is used only if it is this machine's own."""
    said = {str(name).lower(): str(value) for name, value in headers.items()}
    token, run_id = said.get("x-cuetower-run-token"), said.get("x-cueapi-execution-id")
    if not token or not run_id:
        raise NotJoined("the request's headers name no run (X-Cuetower-Run-Token, X-CueAPI-Execution-Id)")
    known = url or os.environ.get("CUETOWER_URL")
    told = said.get("x-cuetower-url")
    if not known and told:
        if not is_loopback(told):
            raise NotJoined(f"the request says that its tower is {told}, which is not on this machine; set CUETOWER_URL")
        known = told
    attempt = number_in(said.get("x-cueapi-attempt"))
    return Joined(Wire(address(known or DEFAULT_URL), token), run_id, attempt, token)


def by_name(name: str, url: Optional[str], key: Optional[str]) -> Joined:
    """A run of this cue. Raises NotJoined, or TowerAbsent if the tower does not answer."""
    if not key:
        raise NotJoined(f"to find the cue {name!r}, CUETOWER_API_KEY is needed (`cuetowerctl key` prints the owner's)")
    wire = Wire(tower_address(url), key)
    joined = None
    try:
        cue = cue_named(wire, name)
        if cue["transport"] == "worker":
            joined = claimed(wire, cue)
        elif cue["transport"] == "watch":
            joined = watched(wire, cue)
    except Refused as refused:
        raise NotJoined(f"no run of the cue {name!r} could be joined: {refused}", refused) from None
    except Superseded as gone:
        raise NotJoined(f"no run of the cue {name!r} could be joined: {gone}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as odd:
        raise NotJoined(f"what answers at {wire.url} does not answer as a tower does ({odd!r})") from None
    finally:
        if joined is None or joined.wire is not wire:
            wire.close()
    if joined is not None:
        return joined
    raise NotJoined(
        f"the cue {name!r} has the transport {cue['transport']}: the tower delivers it itself. "
        "For a program that somebody else starts, use `watch` or `worker`"
    )


def cue_named(wire: Wire, name: str) -> Dict[str, Any]:
    """The cue with this name or id. Raises NotJoined, TowerAbsent, Refused."""
    offset = 0
    while True:
        query = urlencode({"limit": PAGE, "offset": offset})
        page = wire.call("GET", f"/v1/cues?{query}", patience=FIRST_WORD_SECONDS)[1]
        cues: List[Dict[str, Any]] = page.get("cues") or []
        for cue in cues:
            if name in (cue.get("name"), cue.get("id")):
                return cue
        offset += len(cues)
        if not cues or offset >= int(page.get("total") or 0):
            raise NotJoined(f"the tower at {wire.url} has no cue named {name!r}")


def watched(wire: Wire, cue: Dict[str, Any], fire_key: Optional[str] = None) -> Joined:
    """The run that waits for this program to say that it began; without one, a new one.

    fire_key: with the same one, nothing is fired twice."""
    waiting = due_soon(wire, cue)
    run_id = waiting["id"] if waiting else fired(wire, cue, fire_key)
    until = time.monotonic() + OFFER_SECONDS
    while True:
        try:
            # The first sign of life is its start.
            wire.call("POST", f"/v1/executions/{quote(run_id, safe='')}/heartbeat", {}, patience=FIRST_WORD_SECONDS)
            break
        except Refused as refused:
            # Not handed out yet.
            if refused.status not in (404, 409) or time.monotonic() > until:
                raise
        time.sleep(POLL_SECONDS)
    run = execution(wire, run_id)
    return Joined(wire, run_id, number_in(run.get("attempt")), payload=run.get("payload"))


def due_soon(wire: Wire, cue: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    """The oldest run that waits for a sign of its agent; one that is due in a moment is waited for."""
    until = time.monotonic()
    next_run = instant(cue.get("next_run"))
    if next_run is not None:
        away = (next_run - datetime.now(timezone.utc)).total_seconds()
        if away <= EARLY_SECONDS:
            until += max(away, 0.0) + 1.0
    query = urlencode({"cue_id": cue["id"], "status": "pending", "limit": PAGE})
    while True:
        page = wire.call("GET", f"/v1/executions?{query}", patience=FIRST_WORD_SECONDS)[1]
        begun: List[Dict[str, Any]] = [run for run in page.get("executions") or [] if int(run.get("attempts") or 0) > 0]
        if begun:
            return min(begun, key=lambda run: str(run.get("scheduled_for")))
        if time.monotonic() >= until:
            return None
        time.sleep(POLL_SECONDS)


def claimed(wire: Wire, cue: Dict[str, Any]) -> Joined:
    """A run of this cue that nobody has claimed; without one, a new one."""
    worker = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    offers = wire.call("GET", "/v1/executions/claimable", patience=FIRST_WORD_SECONDS)[1].get("executions") or []
    for offer in offers:
        if offer.get("cue_id") == cue["id"]:
            joined = claim(wire, str(offer["execution_id"]), worker)
            if joined is not None:
                return joined
    run_id = fired(wire, cue, None)
    until = time.monotonic() + OFFER_SECONDS
    while True:
        joined = claim(wire, run_id, worker)
        if joined is not None:
            return joined
        run = execution(wire, run_id)
        if run.get("status") != "pending" or time.monotonic() > until:
            why = run.get("error_message") or f"it is {run.get('status')}"
            raise NotJoined(f"the run {run_id} of the cue {cue['name']!r} could not be claimed: {why}")
        time.sleep(POLL_SECONDS)


def claim(wire: Wire, run_id: str, worker: str) -> Optional[Joined]:
    """None: it is not there to be claimed, or somebody else has it."""
    path = f"/v1/executions/{quote(run_id, safe='')}/claim"
    try:
        told = wire.call("POST", path, {"worker_id": worker}, patience=FIRST_WORD_SECONDS)[1]
    except Refused as refused:
        if refused.status in (404, 409):
            return None
        raise
    token = str(told["run_token"])
    own = Wire(wire.url, token)
    own.headers["X-Worker-Id"] = worker
    lease = float(told.get("lease_seconds") or 60)
    return Joined(own, run_id, number_in(told.get("attempt")), token, told.get("payload"), lease)


def fired(wire: Wire, cue: Dict[str, Any], fire_key: Optional[str]) -> str:
    # The same key for each try: an answer that is lost leaves no second run behind.
    body = {"idempotency_key": fire_key or f"sdk-{secrets.token_hex(16)}"}
    answer = wire.call("POST", f"/v1/cues/{quote(cue['id'], safe='')}/fire", body, patience=FIRST_WORD_SECONDS)[1]
    return str(answer["id"])


def execution(wire: Wire, run_id: str) -> Dict[str, Any]:
    answer = wire.call("GET", f"/v1/executions/{quote(run_id, safe='')}", patience=FIRST_WORD_SECONDS)[1]
    return answer if isinstance(answer, dict) else {}


def api_key() -> Optional[str]:
    """A run's token, which the tower sets under CueAPI's name too, finds no cues and is none."""
    for name in ("CUETOWER_API_KEY", "CUEAPI_API_KEY"):
        key = os.environ.get(name, "").strip()
        if key and not key.startswith("cue_run_"):
            return key
    return None


def tower_address(url: Optional[str]) -> str:
    return address(url or os.environ.get("CUETOWER_URL") or os.environ.get("CUEAPI_BASE_URL") or DEFAULT_URL)


def address(url: str) -> str:
    try:
        return base_of(url)
    except ValueError as error:
        raise NotJoined(str(error)) from None


def is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdigit())


def number_in(word: Any) -> int:
    """An attempt's number; 1 if it is not said."""
    try:
        return max(1, int(word))
    except (TypeError, ValueError):
        return 1


def instant(word: Any) -> Optional[datetime]:
    try:
        # Python 3.9 does not know the Z.
        return datetime.fromisoformat(str(word).replace("Z", "+00:00")) if word else None
    except ValueError:
        return None

