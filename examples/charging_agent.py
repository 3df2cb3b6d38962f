"""Charges each customer exactly once, whatever kills it: each charge is a step, and the step's idempotency key is the
bank's. What was completed is not done again; what may have been done is asked for again with the same key.

The payload: {"bank": "/path/to/bank.sqlite", "customers": 25, "cents": 499}. With CHARGING_AGENT_DIES it kills itself, as
`kill -9` would, to show it: "after-charge:3, before-begin:7" ends the first attempt at the third customer, right after the
bank has charged and before that is recorded, and the second attempt at the seventh. Later attempts live. The places are
before-begin, after-begin, after-charge and after-complete.
"""

import getpass
import os
import pathlib
import signal
import sqlite3
import tempfile

import cuetower

PLACES = ("before-begin", "after-begin", "after-charge", "after-complete")


class Bank:
    """A bank as it is from outside: it knows nothing of runs and attempts, and to a request with a key that it has seen it
    answers with the charge that it made then."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path, timeout=30)
        with self.connection:
            self.connection.execute(
                "CREATE TABLE IF NOT EXISTS charges (id INTEGER PRIMARY KEY, idempotency_key TEXT NOT NULL UNIQUE,"
                " customer TEXT NOT NULL, cents INTEGER NOT NULL)"
            )

    def charge(self, customer, cents, idempotency_key):
        """The number of the charge. Raises ValueError for a key that was used for something else."""
        with self.connection:
            self.connection.execute(
                "INSERT OR IGNORE INTO charges (idempotency_key, customer, cents) VALUES (?, ?, ?)",
                (idempotency_key, customer, cents),
            )
        query = "SELECT id, customer, cents FROM charges WHERE idempotency_key = ?"
        number, *charged = self.connection.execute(query, (idempotency_key,)).fetchone()
        if charged != [customer, cents]:
            raise ValueError(f"the key {idempotency_key} was used to charge {charged}")
        return number


def death_of(attempt):
    """Where this attempt dies: a place and the number of a customer. (None, 0): it lives."""
    deaths = [death.strip() for death in os.environ.get("CHARGING_AGENT_DIES", "").split(",") if death.strip()]
    if attempt > len(deaths):
        return None, 0
    place, number = deaths[attempt - 1].rsplit(":", 1)
    if place not in PLACES:
        raise SystemExit(f"{place} is none of {', '.join(PLACES)}")
    return place, int(number)


def main():
    # Without the tower nobody knows who has been charged: then it is better not to.
    with cuetower.run(on_absent="raise") as run:
        customers, cents = run.payload.get("customers", 25), run.payload.get("cents", 499)
        default = pathlib.Path(tempfile.gettempdir()) / f"cuetower-bank-{getpass.getuser()}.sqlite"
        bank = Bank(run.payload.get("bank", default))
        death = death_of(run.attempt)

        def may_die(place, number):
            if death == (place, number):
                os.kill(os.getpid(), signal.SIGKILL)

        charges = []
        for number in range(1, customers + 1):
            customer = f"customer {number:03}"
            may_die("before-begin", number)
            with run.step("charge", key=f"charge {customer}", kind="http", input={"customer": customer}) as s:
                if not s.done:
                    may_die("after-begin", number)
                    s.output = bank.charge(customer, cents, s.idempotency_key)
                    may_die("after-charge", number)
            may_die("after-complete", number)
            charges.append(s.output)
            run.count(processed=number, expected=customers)
        print(f"{len(set(charges))} customers charged in {run.attempt} attempts")
        run.outcome(
            errors=0,
            summary=f"{customers} customers charged {cents / 100:.2f} each",
            external_id=f"charges-{min(charges)}-{max(charges)}",
        )


main()
