"""Charges an order and mails its receipt. This bank knows no keys: asked twice, it charges twice.

The payload: {"bank": "bank.sqlite", "mailer": "http://127.0.0.1:1234"}.
"""

import sqlite3
import urllib.error
import urllib.request

import cuetower

direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def charge(bank, key):
    with sqlite3.connect(bank, timeout=30) as bank:
        bank.execute("CREATE TABLE IF NOT EXISTS charges (key TEXT, cents INTEGER)")
        return bank.execute("INSERT INTO charges VALUES (?, 4200)", (key,)).lastrowid


def mail(mailer, receipt):
    try:
        with direct.open(f"{mailer}/receipt/{receipt}", data=b"{}", timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        raise cuetower.Failed(f"smtp.example.com answered {refused.code}") from None


with cuetower.run() as run:
    with run.step("charge", kind="http") as s:
        if not s.done:
            s.output = charge(run.payload["bank"], s.idempotency_key)
    run.do("mail the receipt", mail, run.payload["mailer"], s.output)
    run.do("archive", lambda: "archived")
    run.count(processed=1, expected=1)
