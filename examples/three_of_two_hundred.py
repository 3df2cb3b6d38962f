"""Stops after 3 of 200 leads, swallows the error, reports success and exits 0.

Its cue expects at least 150 to be processed, so the tower does not believe it: the run is refuted.
"""

import sys

import cuetower


def enrich(number):
    """Every call after the third is refused, as a rate-limited provider would."""
    if number > 3:
        raise cuetower.Failed("api.example.com answered 429")
    return {"company": f"Company {number:03}", "employees": 10 * number}


with cuetower.run() as run:
    wanted = run.payload.get("leads", 200)
    enriched = []
    try:
        for number in range(1, wanted + 1):
            step = run.step(f"enrich lead {number}", kind="http", input={"lead": number})
            enriched.append(step.do(enrich, number))
    except cuetower.Failed as error:
        print(f"lead {len(enriched) + 1}: {error}", file=sys.stderr)
    print(f"{len(enriched)} of {wanted} leads enriched")
    run.outcome(processed=len(enriched), expected=wanted, summary="Leads enriched")
