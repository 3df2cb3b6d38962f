"""Scores leads into a table and reports a count: the one it has, or the one it was told to have.

The payload: {"scores": 3, "of": 200, "reports": 200, "crm": "crm.db", "outcome": {…}}. `reports` and `outcome` may be left out.
"""

import sqlite3

import cuetower


def score(crm, count):
    with crm:
        crm.execute("CREATE TABLE IF NOT EXISTS scored (lead INTEGER, score INTEGER)")
        crm.executemany("INSERT INTO scored VALUES (?, ?)", [(lead, lead * 7 % 100) for lead in range(count)])
    return count


with cuetower.run() as run:
    scored = run.do("score", score, sqlite3.connect(run.payload["crm"]), run.payload["scores"])
    run.outcome(
        processed=run.payload.get("reports", scored), expected=run.payload["of"], **run.payload.get("outcome", {})
    )
