"""Outcomes as the tower takes them, of what a program says or of the exception that ended it."""

from __future__ import annotations

import json
import traceback
from datetime import datetime, timezone
from typing import Any, Callable, Dict

from ._say import one_line

# The tower's own limits, in characters; a report is not lost for being long.
CUT = {"result": 2_000, "error": 2_000, "summary": 500}
FACTS = frozenset(
    {
        "result",
        "error",
        "summary",
        "processed",
        "expected",
        "errors",
        "result_url",
        "result_ref",
        "result_type",
        "external_id",
        "artifacts",
        "tokens",
        "cost_usd",
        "assertions",
        "metadata",
        "next_run_in_seconds",
        "next_run_at",
    }
)
TRACEBACK_BYTES_MAX = 8 * 1024
ERROR_CHARS_MAX = 500


def body(success: bool, facts: Dict[str, Any]) -> Dict[str, Any]:
    """Raises TypeError for a fact that no outcome has."""
    if not isinstance(success, bool):
        raise TypeError(f"success is True or False, not {success!r}")
    unknown = sorted(set(facts) - FACTS)
    if unknown:
        raise TypeError(f"an outcome has no {', '.join(unknown)}; put it into metadata")
    said: Dict[str, Any] = {"success": success}
    for name, value in facts.items():
        if value is None:
            continue
        if name in CUT:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            value = text if len(text) <= CUT[name] else text[: CUT[name] - 1] + "…"
        said[name] = value
    return said


def of_failure(error: Any, words_for: Callable[[Any], str], counts: Dict[str, Any]) -> Dict[str, Any]:
    """What an exception that nobody caught says about the run."""
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    words = one_line(words_for(error), ERROR_CHARS_MAX)
    return body(False, {**counts, "error": words, "metadata": {"traceback": bounded(trace)}})


def bounded(trace: str) -> str:
    """Its end, which says most, so that it has at most 8 KiB as JSON."""

    def size(text: str) -> int:
        return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace"))

    if size(trace) <= TRACEBACK_BYTES_MAX:
        return trace
    lines = trace.splitlines(keepends=True)
    kept = "…\n"
    for line in reversed(lines):
        if size(kept) + size(line) > TRACEBACK_BYTES_MAX:
            break
        kept = "…\n" + line + kept[2:]
    return kept if kept != "…\n" else "…\n" + trace[-1_000:]


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
