"""Works for a few seconds with an API that several agents share. Its cue uses the pool `model-api`, so the tower lets one
of them go at a time; the others wait, and the window says for what.

The payload says what to embed and how long it takes, at most a minute: {"what": "mail", "batches": 6}.
"""

import time

import cuetower

MOST_BATCHES = 60

with cuetower.run() as run:
    what, batches = run.payload.get("what", "documents"), min(run.payload.get("batches", 6), MOST_BATCHES)
    for batch in range(1, batches + 1):
        with run.step(f"embed batch {batch}", kind="llm") as s:
            if not s.done:
                time.sleep(1)
                # No model is called here, and nothing is spent; it says so, since tokens alone would leave the cost open.
                s.tokens(input=900, model="demo-embedder")
                s.cost(0)
                s.output = {what: 50}
        print(f"batch {batch} of {batches}: 50 {what} embedded", flush=True)
        run.heartbeat(progress=batch)
        run.count(processed=batch * 50, expected=batches * 50)
    run.outcome(summary=f"{batches * 50} {what} embedded")
