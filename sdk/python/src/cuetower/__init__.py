"""Durable steps, heartbeats, permits and proof for programs that a Cuetower watches.

    import cuetower

    with cuetower.run() as run:
        for customer in run.payload["customers"]:
            with run.step("charge", key=f"charge {customer}", kind="http") as s:
                if not s.done:
                    s.output = bank.charge(customer, idempotency_key=s.idempotency_key)
        run.outcome(processed=len(run.payload["customers"]))

See README.md for the whole of it. Needs nothing but Python's standard library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

from ._gate import Answer
from ._permit import Permit
from ._run import PATIENCE_SECONDS, Run
from ._step import Step
from .errors import (
    CuetowerError,
    Failed,
    GatesNotAvailable,
    NotAvailable,
    PermitTimeout,
    Refused,
    StepRepeatedWarning,
    Superseded,
    TowerAbsent,
)

if TYPE_CHECKING:
    from ._step import OnAbsent

__version__ = "0.6.0"
__all__ = [
    "Answer",
    "CuetowerError",
    "Failed",
    "GatesNotAvailable",
    "NotAvailable",
    "Permit",
    "PermitTimeout",
    "Refused",
    "Run",
    "Step",
    "StepRepeatedWarning",
    "Superseded",
    "TowerAbsent",
    "run",
]


def run(
    cue: Optional[str] = None,
    *,
    headers: Optional[Mapping[str, str]] = None,
    payload: Optional[Any] = None,
    url: Optional[str] = None,
    api_key: Optional[str] = None,
    beat_every: Optional[float] = None,
    on_absent: OnAbsent = "run",
    patience: float = PATIENCE_SECONDS,
    report: bool = True,
) -> Run:
    """The run that this program is; use it as ``with cuetower.run() as run``.

    It is found in the environment if the tower (or `cuetowerctl worker`) started the program. Otherwise:

    cue: the name of a cue, for a program that somebody else starts. Of a cue with the transport ``watch`` it is the
        run that waits for a sign of its agent, else a new one; of a ``worker`` cue one that it claims. Needs an API
        key, in `api_key` or CUETOWER_API_KEY.
    headers: those of a request that the tower sent to this web hook.
    payload: what the run was given, where the program knows it, as from a request's body.
    url: the tower's address. Default: CUETOWER_URL, else ``http://127.0.0.1:8737``.

    beat_every: seconds between heartbeats in the background. Default: none.
    on_absent: ``"run"`` or ``"raise"``, for steps whose begin does not reach the tower (see `Run.step`).
    patience: seconds for which a step's begin and end, and the outcome, are tried again while the tower does not
        answer. After that each is tried once, until it is back.
    report: whether leaving the block reports an outcome.

    Nothing is sent before it is needed, so it can be made where a module begins, for decorators. Whatever is wrong with
    the tower, this raises nothing: a program that can be no run says so once on standard error, and runs on.
    """
    return Run(cue, headers, payload, url, api_key, beat_every, on_absent, patience, report)
