"""What every test of this package needs: a tower, an environment of its own, and what was said on standard error."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, TypeVar
from unittest import mock

SOURCE = Path(__file__).resolve().parent.parent / "src"
sys.path.insert(0, str(SOURCE))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tower import Tower  # noqa: E402

T = TypeVar("T")
LIMIT_SECONDS = 30.0


class TowerCase(unittest.TestCase):
    """A tower, and an environment in which nothing but what a test says is set."""

    def setUp(self) -> None:
        self.tower = Tower()
        self.addCleanup(self.tower.shut)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.spool = self.folder / "spool"
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        kept["CUETOWER_SPOOL"] = str(self.spool)
        environment = mock.patch.dict(os.environ, kept, clear=True)
        environment.start()
        self.addCleanup(environment.stop)

    def started(self, run: str = "r1", attempt: int = 1, **more: str) -> None:
        """As if the tower had started this program for an attempt of this run."""
        os.environ.update(self.tower.environment(run, attempt))
        os.environ.update(more)

    def kept(self) -> List[Path]:
        return sorted(self.spool.glob("*.json"))

    def step(self, key: str, run: str = "r1") -> Dict[str, Any]:
        return self.tower.steps[(run, key)]


@contextlib.contextmanager
def said() -> Iterator[io.StringIO]:
    """What goes to standard error meanwhile."""
    words = io.StringIO()
    with contextlib.redirect_stderr(words):
        yield words


def until(what: str, ask: Callable[[], Optional[T]]) -> T:
    end = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < end:
        found = ask()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"there was no {what} within {LIMIT_SECONDS} s")
