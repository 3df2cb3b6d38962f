"""Writes reminders and asks its owner before it sends them: what is sent cannot be called back. Run again by hand it has
found other invoices, so it asks anew.

The payload may say how long to think first: {"seconds": 2}. (It sends nothing: it says what it would send.)
"""

import random
import time

import cuetower

CLIENTS = ["Bruma Studio", "Alba Freight", "Kite & Co", "Oriol Dental", "Nacre Labs", "Tessel GmbH", "Finca Roja", "Marbel SL"]

LETTER = """Subject: Invoice {invoice} is {days_late} days late

Hello {to},

Invoice {invoice} over ${amount_usd:,} was due {days_late} days ago and is still open.
You can pay by card here: pay.northpeak.dev/{invoice}

Thank you,
Northpeak Billing"""

with cuetower.run() as run:
    with run.step("find late invoices", kind="tool") as s:
        time.sleep(min(run.payload.get("seconds", 2), 60))
        # A restart of the same run finds the same ones, so that its question is the same.
        luck = random.Random(run.id)
        late = [
            {"to": client, "invoice": 2280 + at, "amount_usd": luck.randrange(60, 1300, 5), "days_late": luck.randrange(5, 45)}
            for at, client in enumerate(luck.sample(CLIENTS, k=luck.randrange(3, len(CLIENTS))))
        ]
        for invoice in late:
            invoice["mail"] = LETTER.format(**invoice)
        s.output = {"late": len(late)}
    total = sum(invoice["amount_usd"] for invoice in late)
    answer = run.ask(
        f"Send {len(late)} payment reminders, ${total:,} in total?",
        key="send-reminders",
        body="POST api.postmarkapp.com/email/batch\nOne mail for each, from billing@northpeak.dev.",
        payload={"reminders": late},
        reversible=False,
        deadline_seconds=3600,
    )
    if answer:
        sent = answer.payload["reminders"]
        for reminder in sent:
            with run.step(f"send to {reminder['to']}", key=f"send {reminder['invoice']}", kind="tool"):
                print(f"to {reminder['to']}: invoice {reminder['invoice']}", flush=True)
        run.outcome(summary=f"{len(sent)} of {len(late)} reminders sent", processed=len(sent))
    else:
        words = "nobody answered" if answer.state == "no_answer" else "you said no"
        run.outcome(summary=f"Nothing was sent: {words}" + (f", “{answer.comment}”" if answer.comment else ""))
