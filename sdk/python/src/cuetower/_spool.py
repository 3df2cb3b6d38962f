"""Reports that could not be delivered, kept as files and told at the next start that reaches the tower.

A folder of files for this user alone, one report each, named by when it was kept; bounded in number and bytes, the oldest
going first. Who tells them holds a lock, so that two programs do not tell one report twice.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from ._say import say
from ._wire import encoded

FILES_MAX = 1_000
BYTES_MAX = 32 * 1024 * 1024
AGE_SECONDS_MAX = 14 * 24 * 3600
ENDING = ".json"
DRAFT = ".draft-"
DRAFT_SECONDS_MAX = 3600
_numbers = itertools.count()


class Kept(NamedTuple):
    """A file of the spool, read."""

    path: Path
    report: Dict[str, Any]


def folder() -> Path:
    """``CUETOWER_SPOOL``, else the platform's folder for state."""
    own = os.environ.get("CUETOWER_SPOOL")
    if own:
        return Path(own)
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "cuetower" / "spool"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "cuetower" / "spool"
    return Path(os.environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "cuetower" / "spool"


def keep(report: Dict[str, Any]) -> Optional[str]:
    """Keeps one report. None if it is kept, else why it is not."""
    place = folder()
    try:
        data = encoded(report)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written whole or not at all: `mkstemp` makes it readable by this user alone.
        handle, draft = tempfile.mkstemp(prefix=DRAFT, dir=place)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            # Clocks are coarse: the number keeps two apart.
            name = f"{time.time_ns():020d}-{os.getpid()}-{next(_numbers):06d}{ENDING}"
            os.replace(draft, place / name)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(draft)
            raise
        _make_room(place)
    except (OSError, TypeError, ValueError) as error:
        return str(error)
    return None


def kept() -> List[Kept]:
    """Every report, the oldest first. What cannot be read is put out of the way."""
    found: List[Kept] = []
    for path in _files(folder()):
        try:
            report = json.loads(path.read_bytes())
            if not isinstance(report, dict):
                raise ValueError("it is no report")
        except OSError:
            continue
        except ValueError as error:
            say(f"a kept report could not be read ({error}) and is dropped: {path.name}")
            forget(path)
            continue
        found.append(Kept(path, report))
    return found


def forget(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def is_empty() -> bool:
    return not _files(folder())


def _files(place: Path) -> List[Path]:
    try:
        return sorted(path for path in place.iterdir() if path.suffix == ENDING and path.name[0] != ".")
    except OSError:
        return []


def _make_room(place: Path) -> None:
    sized = []
    for path in _files(place):
        with contextlib.suppress(OSError):
            stat = path.stat()
            sized.append((path, stat.st_size, stat.st_mtime))
    for draft in place.glob(DRAFT + "*"):
        # Of a program that was killed while it wrote.
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > DRAFT_SECONDS_MAX:
                draft.unlink()
    total = sum(size for _, size, _ in sized)
    count, dropped = len(sized), 0
    for path, size, at in sized[:-1]:
        too_old = time.time() - at > AGE_SECONDS_MAX
        if count <= FILES_MAX and total <= BYTES_MAX and not too_old:
            break
        forget(path)
        count, total, dropped = count - 1, total - size, dropped + 1
    if dropped:
        say(f"{dropped} of the reports kept in {place} were dropped, the oldest first: there is no room for more")


@contextlib.contextmanager
def telling() -> Iterator[bool]:
    """Whether this process may tell what is kept; another one may be at it."""
    try:
        lock = open(folder() / ".lock", "a+b")
    except OSError:
        yield False
        return
    with lock:
        taken = _locked(lock.fileno())
        try:
            yield taken
        finally:
            if taken:
                _unlock(lock.fileno())


if sys.platform == "win32":
    import msvcrt

    def _locked(fd: int) -> bool:
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(fd: int) -> None:
        with contextlib.suppress(OSError):
            msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _locked(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)
