"""Scores 200 leads, writes them to a file, and reports what it really wrote: the run is confirmed.

The payload: {"leads": 200}.
"""

import csv
import getpass
import hashlib
import pathlib
import tempfile

import cuetower


def score(company):
    """A number from 0 to 99 that only depends on the name."""
    return hashlib.sha256(company.encode()).digest()[0] * 100 // 256


def write_scores(path, wanted):
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["company", "score"])
        for number in range(1, wanted + 1):
            company = f"Company {number:03}"
            rows.writerow([company, score(company)])
    return str(path)


def read_scores(path):
    with path.open(newline="") as file:
        return [int(row["score"]) for row in csv.DictReader(file)]


def main():
    folder = pathlib.Path(tempfile.gettempdir()) / f"cuetower-demo-{getpass.getuser()}"
    folder.mkdir(exist_ok=True)
    path = folder / "scored-leads.csv"
    with cuetower.run() as run:
        wanted = run.payload.get("leads", 200)
        run.step("score the leads", kind="tool", input={"leads": wanted}).do(write_scores, path, wanted)
        # The count that is reported is read back from the file, not remembered.
        with run.step("count what was written", kind="check") as s:
            scores = read_scores(path)
            s.output = len(scores)
        hot = sum(1 for value in scores if value >= 90)
        print(f"wrote {len(scores)} leads to {path}")
        run.outcome(
            processed=len(scores),
            expected=wanted,
            errors=0,
            summary=f"{len(scores)} leads scored, {hot} of them hot",
            external_id="leads-" + hashlib.sha256(path.read_bytes()).hexdigest()[:12],
        )


main()
