"""Stops after 3 of 200 leads, swallows the error, reports success and exits 0.

Its cue expects at least 150 to be processed, so the tower does not believe it: the run is refuted.
"""

import json
import sys

from outcome import report


def enrich(number):
    """Every call after the third is refused, as a rate-limited provider would."""
    if number > 3:
        raise ConnectionError("429 Too Many Requests")
    return {"company": f"Company {number:03}", "employees": 10 * number}


def main():
    wanted = json.load(sys.stdin).get("leads", 200)
    enriched = []
    try:
        for number in range(1, wanted + 1):
            enriched.append(enrich(number))
    except ConnectionError as error:
        print(f"lead {len(enriched) + 1}: {error}", file=sys.stderr)
    print(f"{len(enriched)} of {wanted} leads enriched")
    report(True, processed=len(enriched), expected=wanted, summary="Leads enriched")


main()
