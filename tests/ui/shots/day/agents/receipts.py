"""Sorts the receipts that came in."""

import sys

from tower import DAY, Failed, Run

run = Run.of_command()
found = run.luck.randrange(6, 20)
try:
    with run.step("fetch the mailbox", "http", 12) as step:
        if DAY.at("failed", run.due_ms):
            step.retries = 2
            raise Failed("imap.northpeak.dev answered: mailbox quota exceeded, 15 GB of 15 GB")
        step.output = {"receipts": found}
except Failed as error:
    print(error, file=sys.stderr)
    run.outcome(False, processed=0, expected=found, errors=1, error="The mailbox quota is reached: nothing could be moved.")
    sys.exit(0)
run.calls("read them", "gpt-5-mini", 31_000, 6_000, 110, output={"read": found}, given={"receipts": found})
with run.step("move them", "tool", 30) as step:
    if DAY.at("overlong", run.due_ms):
        DAY.nap(2400)
    step.output = {"moved": found}
print(f"{found} receipts sorted")
run.outcome(processed=found, expected=found, summary=f"{found} receipts sorted.", external_id=f"receipts-{int(run.due_ms / 1000)}")
