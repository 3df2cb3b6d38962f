"""Counts three records, waits until it is told to go on, and reports: a run that stays delivered until then.

Told by a file, whose name is its one argument. Gives up after a minute.
"""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "sdk/python/src"))
import cuetower  # noqa: E402

with cuetower.run() as run:
    told = pathlib.Path(sys.argv[1])
    for _ in range(1200):
        if told.exists():
            break
        time.sleep(0.05)
    else:
        sys.exit("nobody told it to go on")
    run.outcome(success=True, processed=3, summary="three records, as asked")
