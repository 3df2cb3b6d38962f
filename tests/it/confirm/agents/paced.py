"""Does four steps and writes each down as it is done. In the middle of the third it waits until it may go on.

The environment: WORK, a folder. The third step writes `in the middle` there and waits for `go on`.
"""

import os
import pathlib
import time

import cuetower

work = pathlib.Path(os.environ["WORK"])

with cuetower.run() as run:
    for number in range(1, 5):
        with run.step(f"part {number}") as s:
            if not s.done:
                if number == 3:
                    (work / "in the middle").write_text(s.idempotency_key)
                    while not (work / "go on").exists():
                        time.sleep(0.02)
                with (work / "log").open("a") as log:
                    log.write(f"part {number}\n")
                s.output = number
        run.count(processed=number, expected=4)
