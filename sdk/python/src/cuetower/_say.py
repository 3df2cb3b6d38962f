"""What is said to whoever watches the program's standard error: one line each, and each thing once."""

from __future__ import annotations

import sys
import threading
from typing import Set


class Voice:
    """Says each topic once."""

    def __init__(self) -> None:
        self._said: Set[str] = set()
        self._lock = threading.Lock()

    def once(self, topic: str, words: str) -> None:
        with self._lock:
            if topic in self._said:
                return
            self._said.add(topic)
        say(words)


def say(words: str) -> None:
    try:
        print(f"cuetower: {words}", file=sys.stderr, flush=True)
    except (OSError, ValueError, AttributeError):
        # Nobody listens; that is no reason to fail.
        pass


def one_line(words: str, chars_max: int) -> str:
    """Without line breaks, cut with an ellipsis."""
    line = " ".join(words.split())
    return line if len(line) <= chars_max else line[: chars_max - 1] + "…"
