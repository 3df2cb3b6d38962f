"""Gives a stopped tower's store a long past, as tests/bench/history.rs does: each cue's one run is copied with its occurrence,
under other ids, one step further back each, and some of the copies went wrong. Usage: grow.py STORE RUNS DAYS"""

import sqlite3
import sys

store, runs, days = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
db = sqlite3.connect(f"{store}/cuetower.db", isolation_level=None)
# Nobody else is here, and the file is thrown away if this breaks off.
db.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA cache_size = -400000;")
models = db.execute("SELECT r.id, r.cue_id, r.occurrence_id, r.due_ms FROM runs r").fetchall()
copies = runs // len(models)
step_ms = days * 86_400_000 // copies
db.execute("CREATE TEMP TABLE copy (i INTEGER PRIMARY KEY)")
db.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO copy SELECT i FROM n", [copies])
db.execute("BEGIN")
for number, (run, cue, occurrence, due_ms) in enumerate(models):
    # Lanes are not due at the same instants.
    earlier = f"(copy.i * {step_ms} + {number * 977 % step_ms})"
    of_run, of_occurrence = f"'{run[:-8]}' || printf('%08x', copy.i)", f"'{occurrence[:-8]}' || printf('%08x', copy.i)"
    for table, key in (("occurrences", occurrence), ("runs", run)):
        columns = db.execute("SELECT name, type FROM pragma_table_info(?)", [table]).fetchall()
        values = []
        for name, kind in columns:
            if kind == "TEXT":
                value = f"replace(replace({name}, '{run}', {of_run}), '{occurrence}', {of_occurrence})"
            else:
                value = f"{name} - {earlier}" if name.endswith("_ms") else name
            if table == "runs":
                odd = f"(copy.i + {number})"
                if name == "delivered":
                    value = f"CASE WHEN {odd} % 211 = 5 THEN 'bounced' ELSE delivered END"
                if name == "confirmed":
                    value = (
                        f"CASE WHEN {odd} % 211 = 5 THEN 'none' WHEN {odd} % 97 = 7 THEN 'silent' WHEN {odd} % 333 = 9 THEN 'refuted' "
                        f"WHEN {odd} % 401 = 3 THEN 'failed' WHEN {odd} % 3 = 0 THEN 'claimed' ELSE 'confirmed' END"
                    )
                if name == "cost_usd":
                    value = f"0.02 * (1 + {odd} % 7)"
                if name == "ended_at_ms":
                    value = f"ended_at_ms - {earlier} + 1000 * (20 + {odd} * 37 % 240)"
            values.append(value)
        names = ", ".join(name for name, _ in columns)
        db.execute(f"INSERT INTO main.{table} ({names}) SELECT {', '.join(values)} FROM main.{table}, temp.copy WHERE id = '{key}'")
db.execute("COMMIT")
db.execute("PRAGMA journal_mode = WAL")
print(db.execute("SELECT count(*) FROM runs").fetchone()[0])
