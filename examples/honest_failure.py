"""Cannot finish, and says so: reports a failure with the facts it has. The run is failed, and nobody has to guess why."""

import cuetower

with cuetower.run() as run:
    run.do("match invoices", lambda: {"matched": 12})
    print("matched 12 of 40 invoices; the bank's statement for today is missing")
    run.outcome(False, processed=12, expected=40, errors=1, error="The bank's statement for today is missing.")
