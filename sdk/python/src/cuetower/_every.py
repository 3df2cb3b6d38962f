"""Something done again and again beside the program, until it is stopped or says that it is over."""

from __future__ import annotations

import threading
from typing import Callable


class Every:
    """A daemon thread. `do` returns whether to go on; it is first called after `seconds`."""

    def __init__(self, seconds: float, do: Callable[[], bool]) -> None:
        self._seconds = seconds
        self._do = do
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._go, name="cuetower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Does not wait for what is under way."""
        self._stopped.set()

    def _go(self) -> None:
        while not self._stopped.wait(self._seconds):
            if not self._do():
                return
