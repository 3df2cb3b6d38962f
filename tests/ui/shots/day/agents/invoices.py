"""Matches invoices with the bank's statement, and asks the same again and again: its fuse stops it."""

from tower import Run

run = Run.of_command()
with run.step("read the statement", takes=20) as step:
    step.output = {"bookings": 118}
for at in range(1, 400):
    print(f"match invoice 2288 with the statement, try {at}", flush=True)
    given = {"invoice": 2288, "tool": "find_booking"}
    run.calls("match invoice 2288", "gpt-5", 30_000, 1_600, 25, key=f"match {at}", given=given, output={"found": None})
