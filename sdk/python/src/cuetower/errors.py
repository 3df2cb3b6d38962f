"""What can go wrong between an agent and its tower, each by its own name."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

__all__ = [
    "CuetowerError",
    "Failed",
    "GatesNotAvailable",
    "NotAvailable",
    "PermitTimeout",
    "Refused",
    "StepRepeatedWarning",
    "Superseded",
    "TowerAbsent",
]


class CuetowerError(Exception):
    """Every error of this package is one, except `Superseded`."""


class Failed(CuetowerError):
    """Raise it to fail a step or the run in exactly your words, without the name of an exception before them.

    >>> raise cuetower.Failed("api.openai.com answered 429")
    """


class TowerAbsent(CuetowerError):
    """There is no tower, or it did not answer for as long as the run waits for it (`patience`), and what was asked for
    cannot be had without it: an answer, a secret, or a step with ``on_absent="raise"``.

    sent: it was sent, and only the answer is missing: the tower may have taken it.
    """

    sent = False


class Refused(CuetowerError):
    """The tower answered with a refusal that trying again would not change.

    status: the HTTP status, such as 422.
    code: the tower's word for it, such as ``"validation_error"``.
    message: a sentence for people.
    details: the bad fields, each ``{"field": …, "message": …}``; mostly empty.
    gate: the id of the gate where it was refused (``step_denied``); mostly None.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Optional[List[Dict[str, Any]]] = None,
        gate: Optional[str] = None,
    ) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details or []
        self.gate = gate

    def __str__(self) -> str:
        return f"{self.message} ({self.status} {self.code})"


class NotAvailable(Refused):
    """This tower does not have what was asked for; a newer one may."""


class GatesNotAvailable(NotAvailable):
    """This tower cannot ask its owner yet, so there is no answer. It is never taken for a yes."""


class PermitTimeout(CuetowerError, TimeoutError):
    """No permit within the time that `run.permit(…, wait_seconds=…)` was given."""


class Superseded(BaseException):
    """This attempt counts no longer: a newer one is under way (``attempt_superseded``), the run was stopped
    (``run_stopped``) or has ended (``run_ended``). Whatever it goes on to do, somebody else may be doing too.

    It is no `Exception`, as `asyncio.CancelledError` is none, so that a loop that catches every error of a piece of work
    does not go on past it. Once raised, each further call of the run raises it again.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"


class StepRepeatedWarning(UserWarning):
    """A step that was completed earlier was given another output, so its work was probably done twice."""
