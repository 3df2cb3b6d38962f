"""A question that only the owner may answer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Tuple
from urllib.parse import quote

from ._wire import FOREVER
from .errors import GatesNotAvailable, NotAvailable

WAIT_SECONDS = 30
PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Answer:
    """What the owner said. True (in an ``if``) means: go on. A denial and a missing answer are False, unless the
    question itself said ``on_no_answer="proceed"``."""

    #: ``approved``, ``edited`` (approved with another payload), ``denied`` or ``no_answer``.
    state: str
    #: What may be done: the payload that was asked about, or the one the owner made of it.
    payload: Any
    comment: Optional[str]
    #: The gate's id.
    id: str
    #: What `on_no_answer` the question was asked with.
    on_no_answer: str

    @property
    def approved(self) -> bool:
        """The owner said yes, perhaps to a changed payload."""
        return self.state in ("approved", "edited")

    def __bool__(self) -> bool:
        return self.approved or (self.state == "no_answer" and self.on_no_answer == "proceed")


def asked(call: Callable[..., Tuple[int, Any]], question: Dict[str, Any], patience: float) -> Answer:
    """Asks, and waits until there is an answer."""
    try:
        _, gate = call("POST", "/v1/gates", question, patience=patience)
    except NotAvailable as missing:
        words = "This tower has no gates yet, so its owner cannot be asked. Nobody said yes."
        raise GatesNotAvailable(missing.status, "gates_not_available", words) from None
    place = f"/v1/gates/{quote(str(gate['id']), safe='')}?wait={WAIT_SECONDS}"
    while gate["state"] == "waiting":
        began = time.monotonic()
        _, gate = call("GET", place, patience=FOREVER, answer_seconds=WAIT_SECONDS + 15)
        if gate["state"] == "waiting" and time.monotonic() - began < PAUSE_SECONDS:
            # A tower that does not hold the question open is not asked in a circle.
            time.sleep(PAUSE_SECONDS)
    if gate["state"] not in ("approved", "edited", "denied", "no_answer"):
        raise GatesNotAvailable(200, "unknown_answer", f"The tower answered {gate['state']!r}, which nobody knows here.")
    payload = gate.get("payload")
    return Answer(
        gate["state"],
        question.get("payload") if payload is None else payload,
        gate.get("comment"),
        str(gate["id"]),
        str(question["on_no_answer"]),
    )
