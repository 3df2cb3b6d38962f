"""Works for a few seconds with an API that several agents share. Its cue uses the pool `model-api`, so the tower lets one
of them go at a time; the others wait, and the window says for what.

The payload says what to embed and how long it takes, at most a minute: {"what": "mail", "batches": 6}.
"""

import json
import sys
import time

from outcome import report

MOST_BATCHES = 60


def main():
    payload = json.load(sys.stdin)
    what, batches = payload.get("what", "documents"), min(payload.get("batches", 6), MOST_BATCHES)
    for batch in range(1, batches + 1):
        print(f"batch {batch} of {batches}: 50 {what} embedded", flush=True)
        time.sleep(1)
    report(True, processed=batches * 50, expected=batches * 50, tokens=batches * 900, summary=f"{batches * 50} {what} embedded")


main()
