"""HTTP to the tower: kept-alive connections, time-outs, tries that are repeated, and answers read into Python.

Every request this package repeats is one that the tower takes twice without harm. What is not (`once=True`) is sent at
most once. No proxy is used: a tower listens on loopback.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import threading
import time
from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import urlsplit

from .errors import NotAvailable, Refused, Superseded, TowerAbsent

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 15.0
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 3.0
RETRY_AFTER_MAX = 30.0
IDLE_CONNECTIONS_MAX = 8
ANSWER_BYTES_MAX = 16 * 1024 * 1024
PIECE_BYTES = 64 * 1024
# The attempt that is told so has to stop.
FENCED = frozenset({"attempt_superseded", "run_stopped", "run_ended", "not_owner"})
FOREVER = float("inf")
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
USER_AGENT = "cuetower-python"


class Later(Exception):
    """Not answered, or told to come again; `after` in seconds, if the tower said when. `sent`: it may have been taken."""

    def __init__(self, words: str, after: float = 0.0, sent: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.after = after
        self.sent = sent


class Wire:
    """One tower, spoken to with one credential. Safe to use from several threads."""

    def __init__(self, url: str, bearer: str) -> None:
        self.url = base_of(url)
        parts = urlsplit(self.url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port
        self._root = parts.path.rstrip("/")
        self.bearer = bearer
        self.headers: Dict[str, str] = {}
        # Set once a patient call had no answer: the calls after it try once, so that a program is not held up by each.
        self.is_away = False
        self._idle: List[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._is_closed = False

    def call(
        self,
        method: str,
        path: str,
        body: Optional[Dict[str, Any]] = None,
        *,
        patience: float = 0.0,
        answer_seconds: float = ANSWER_SECONDS,
        once: bool = False,
    ) -> Tuple[int, Any]:
        """The status and JSON of a 2xx answer (None for an empty one).

        patience: seconds for which it is tried again while the tower does not answer or is busy; one try is always made.
        answer_seconds: for one try.
        once: it must not reach the tower twice, so it is not repeated after it was sent.

        Raises TowerAbsent, Refused (4xx) or Superseded.
        """
        data = None if body is None else encoded(body)
        until = time.monotonic() + (0.0 if self.is_away and patience != FOREVER else patience)
        pause = FIRST_PAUSE
        while True:
            try:
                status, answer = self._once(method, path, data, answer_seconds, once)
            except Later as later:
                left = until - time.monotonic()
                wait = max(pause * random.uniform(0.5, 1.0), min(later.after, RETRY_AFTER_MAX))
                if left <= 0 or wait > left or (once and later.sent):
                    self.is_away = self.is_away or patience > 0
                    absent = TowerAbsent(later.words)
                    absent.sent = later.sent
                    raise absent from None
                time.sleep(wait)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            self.is_away = False
            if 200 <= status < 300:
                if answer is None or isinstance(answer, dict):
                    return status, answer
                raise Refused(status, "odd_answer", f"What answers at {self.url} does not answer as a tower does.")
            raise refusal(status, answer)

    def answers(self) -> bool:
        """Whether somebody listens there; the connection is kept for the next call."""
        try:
            self._give_back(self._connected())
        except Later:
            return False
        return True

    def close(self) -> None:
        """Closes what is idle; a call after it has a connection of its own."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._is_closed = True
        for connection in idle:
            connection.close()

    def _once(
        self, method: str, path: str, data: Optional[bytes], answer_seconds: float, once: bool
    ) -> Tuple[int, Any]:
        headers = {"Accept": "application/json", "User-Agent": USER_AGENT, **self.headers}
        if self.bearer:
            headers["Authorization"] = f"Bearer {self.bearer}"
        if data is not None:
            headers["Content-Type"] = "application/json"
        connection = None if once else self._taken()
        reused = connection is not None
        while True:
            if connection is None:
                connection = self._connected()
            if connection.sock is not None:
                connection.sock.settimeout(answer_seconds)
            try:
                connection.request(method, self._root + path, body=data, headers=headers)
                response = connection.getresponse()
                content = content_of(response)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if reused and not isinstance(error, socket.timeout):
                    # It was closed while nobody used it.
                    reused, connection = False, None
                    continue
                raise Later(f"the tower at {self.url} did not answer ({words_of(error)})", sent=True) from None
            except BaseException:
                # Half an answer would be taken for the next one's.
                connection.close()
                raise
            break
        if response.will_close or not response.isclosed():
            connection.close()
        else:
            self._give_back(connection)
        answer = decoded(content)
        if response.status in TRY_AGAIN:
            raise Later(
                f"the tower at {self.url} answered {response.status}: {message_of(answer)}",
                seconds_of(response.getheader("Retry-After")),
            )
        return response.status, answer

    def _connected(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=CONNECT_SECONDS)
        try:
            connection.connect()
            if connection.sock is not None:
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            connection.close()
            raise Later(f"the tower at {self.url} cannot be reached ({words_of(error)})") from None
        return connection

    def _taken(self) -> Optional[http.client.HTTPConnection]:
        with self._lock:
            if self._pid != os.getpid():
                # A forked child must not speak on its parent's connections.
                self._idle, self._pid = [], os.getpid()
            return self._idle.pop() if self._idle else None

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if not self._is_closed and self._pid == os.getpid() and len(self._idle) < IDLE_CONNECTIONS_MAX:
                self._idle.append(connection)
                return
        connection.close()


def content_of(response: http.client.HTTPResponse) -> bytes:
    """Piece by piece: Python 3.9 makes room at once for whatever it is asked to read at most."""
    pieces: List[bytes] = []
    size = 0
    while size <= ANSWER_BYTES_MAX:
        piece = response.read(PIECE_BYTES)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        size += len(piece)
    raise http.client.HTTPException(f"its answer is longer than {ANSWER_BYTES_MAX} bytes")


def base_of(url: str) -> str:
    """``http://127.0.0.1:8737`` of what somebody may write for it. Raises ValueError if it is no address."""
    base = url.strip().rstrip("/")
    if base.endswith("/v1"):
        base = base[: -len("/v1")]
    try:
        parts = urlsplit(base)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one or "?" in base or "#" in base:
        raise ValueError(f"{url!r} is no address of a tower; http://127.0.0.1:8737 would be")
    return base


def encoded(body: Any) -> bytes:
    """JSON in UTF-8. Raises TypeError or ValueError for what JSON cannot hold (also NaN and infinities)."""
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Half a character, as in a file's undecodable name, is sent as a question mark.
    return text.encode("utf-8", "replace")


def decoded(content: bytes) -> Any:
    if not content.strip():
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content[:500].decode("utf-8", "replace")


def refusal(status: int, answer: Any) -> BaseException:
    """The exception for an answer that is not 2xx."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        error = {}
    code = str(error.get("code") or "http_error")
    message = message_of(answer) or http.client.responses.get(status, "refused")
    if status == 409 and code in FENCED:
        return Superseded(code, message)
    if status == 405 or (status == 404 and code == "http_error"):
        return NotAvailable(status, code, f"This tower does not have that: {message}")
    details, gate = error.get("details"), error.get("gate")
    return Refused(
        status,
        code,
        message,
        details if isinstance(details, list) else None,
        gate if isinstance(gate, str) else None,
    )


def message_of(answer: Any) -> str:
    if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
        return str(answer["error"].get("message") or "")
    return answer.strip()[:200] if isinstance(answer, str) else ""


def words_of(error: BaseException) -> str:
    if isinstance(error, socket.timeout):
        return "timed out"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def seconds_of(header: Optional[str]) -> float:
    try:
        return max(0.0, float(header or 0))
    except ValueError:
        return 0.0
