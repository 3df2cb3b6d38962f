"""A question that only the owner may answer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Tuple
from urllib.parse import quote

from ._wire import FOREVER
from .errors import GatesNotAvailable, NotAvailable

# A tower holds a question open for so long at most.
WAIT_SECONDS = 25
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 2.0
ANSWERS = ("approved", "edited", "denied", "no_answer")

Call = Callable[..., Tuple[int, Any]]


@dataclass(frozen=True)
class Answer:
    """What the owner said. True (in an ``if``) means: go on. A denial and a missing answer are False, unless the
    question itself said ``on_no_answer="proceed"``."""

    #: ``approved``, ``edited`` (approved with another payload), ``denied`` or ``no_answer``; of a question that was
    #: asked with ``blocking=False`` also ``waiting``.
    state: str
    #: What may be done: the payload that was asked about, or the one the owner made of it.
    payload: Any
    comment: Optional[str]
    #: The gate's id.
    id: str
    #: What `on_no_answer` the question was asked with.
    on_no_answer: str
    #: The tower's word for whether to go on, which has the policy in it. None: it did not say.
    goes: Optional[bool] = None

    @property
    def approved(self) -> bool:
        """The owner said yes, perhaps to a changed payload."""
        return self.state in ("approved", "edited")

    @property
    def waiting(self) -> bool:
        """There is no answer yet; ask again with the same key to hear it."""
        return self.state == "waiting"

    def __bool__(self) -> bool:
        if self.state not in ANSWERS:
            return False
        if self.goes is not None:
            return self.goes
        return self.approved or (self.state == "no_answer" and self.on_no_answer == "proceed")


def asked(call: Call, question: Dict[str, Any], patience: float) -> Answer:
    """Asks, and waits until there is an answer, unless the question says that it blocks nothing."""
    try:
        _, gate = call("POST", "/v1/gates", question, patience=patience)
    except NotAvailable as missing:
        words = "This tower has no gates yet, so its owner cannot be asked. Nobody said yes."
        raise GatesNotAvailable(missing.status, "gates_not_available", words) from None
    if question.get("blocking") is not False:
        gate = heard(call, gate)
    state = gate["state"]
    if state not in ANSWERS and state != "waiting":
        raise GatesNotAvailable(200, "unknown_answer", f"The tower answered {state!r}, which nobody knows here.")
    payload, goes = gate.get("payload"), gate.get("goes")
    return Answer(
        state,
        question.get("payload") if payload is None else payload,
        gate.get("comment"),
        str(gate["id"]),
        str(question["on_no_answer"]),
        goes if isinstance(goes, bool) else None,
    )


def heard(call: Call, gate: Dict[str, Any]) -> Dict[str, Any]:
    """The gate once it waits no longer, however long that takes. Raises Refused (``gate_withdrawn``), Superseded."""
    place = f"/v1/gates/{quote(str(gate['id']), safe='')}?wait={WAIT_SECONDS}"
    pause = FIRST_PAUSE
    while gate["state"] == "waiting":
        began = time.monotonic()
        _, gate = call("GET", place, patience=FOREVER, answer_seconds=WAIT_SECONDS + 15)
        if gate["state"] == "waiting" and time.monotonic() - began < pause:
            # A tower that does not hold the question open is not asked in a circle.
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
    return gate
