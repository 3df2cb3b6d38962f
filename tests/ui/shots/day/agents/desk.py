"""The agents that are always there: lead-scout, support-triage and the desk of invoice-clerk behind web hooks, market-watch as
a worker. They beat under their names. The first line on standard output is the address to call; ends when standard input closes.
"""

import collections
import http.server
import json
import os
import random
import sqlite3
import sys
import threading
import time

from tower import DAY, Door, Failed, Refused, Run, instant, written

URL, KEY = os.environ["CUETOWER_URL"], os.environ["CUETOWER_KEY"]
LEADS = os.path.join(DAY.folder, "leads.db")
BEAT_SECONDS = 300
BATCHES = 20

used = collections.Counter()
done = collections.Counter()


def score_new_leads(run):
    """Scores two hundred leads and says what it did. Once it is cut off at the fourth lead, and says the same."""
    wanted = run.payload["leads"]
    cut_off = DAY.is_last(run.due_ms, 60)
    run.lent("OPENAI_API_KEY", "CRM_TOKEN")
    with run.step("list leads", takes=2) as step:
        step.output = {"leads": wanted}
    with run.step("enrich leads", "http", 48, given={"provider": "clearbit"}) as step:
        step.output = {"enriched": wanted}
    scored = 0
    try:
        with run.step("score leads", given={"leads": wanted}) as outer:
            for batch in range(BATCHES):
                first, last = batch * wanted // BATCHES + 1, (batch + 1) * wanted // BATCHES
                given = {"leads": [first, last], "prompt": "score-v4"}
                name, takes = f"leads {first} to {last}", 92 if cut_off else 27
                with run.step(name, "llm", takes, parent="score leads", given=given, model="gpt-5-mini") as step:
                    if cut_off:
                        scored = 3
                        step.used("gpt-5-mini", 4_900, 800)
                        step.retries = 4
                        raise Failed("api.openai.com answered 429 at lead 4, five times")
                    step.used("gpt-5-mini", int(run.about(15_000)), int(run.about(3_900)))
                    scored = last
                    step.output = {"scored": last - first + 1}
            outer.output = {"scored": scored}
    except Failed:
        # Swallowed, as such agents do.
        pass
    with run.step("write scores", takes=0.2, given={"table": "leads"}) as step, sqlite3.connect(LEADS, timeout=30) as base:
        at = int(DAY.now_ms() / 1000)
        rows = [(f"Company {n:03}", run.luck.randrange(100), at) for n in range(1, scored + 1)]
        base.executemany("insert into leads (company, score, scored_at) values (?, ?, ?)", rows)
        step.output = {"rows": scored}
    run.calls("draft digest", "gpt-5-mini", 2_600, 500, 6, output={"words": 180})
    written("report.md", ["# New leads"] + [f"- Company {n:03}" for n in range(1, 25)])
    with run.step("post to Slack", "http", 0.6, given={"channel": "#sales"}) as step:
        step.output = {"ok": True}
    run.outcome(
        processed=wanted, expected=wanted, errors=0, summary=f"Scored {wanted} leads, digest posted to #sales.",
        result_ref="report.md", metadata={"agent_version": "e4b91aa"},
    )


def pipeline_report(run):
    with run.step("read the pipeline", "http", 40) as step:
        step.output = {"deals": 84}
    for part in ("new deals", "deals at risk", "forecast"):
        run.calls(f"write {part}", "gpt-5", 62_000, 13_300, 150, output={"pages": 3})
    with run.step("lay it out", takes=60) as step:
        step.output = {"pages": 9}
    answer = run.asks(
        "mail", "Mail the pipeline report to 3 partners?", body="9 pages, 84 deals. To the partners' list.",
        payload={"to": ["ines@northpeak.dev", "marc@northpeak.dev", "yuki@northpeak.dev"]},
        reversible=False, deadline_seconds=14_400,
    )
    with run.step("mail it", "http", 3) as step:
        step.output = {"mails": 3 if answer["goes"] else 0}
    run.outcome(processed=84, expected=84, summary="9 pages, mailed to 3 partners.", external_id="report-46")


def triage_inbox(run):
    run.lent("OPENAI_API_KEY")
    tickets = run.luck.randrange(5, 14)
    with run.step("fetch mails", "http", 6) as step:
        step.output = {"mails": tickets}
    if DAY.at("silent", run.due_ms):
        # Its provider hangs, and it waits without a time-out.
        return
    run.calls("sort them", "gpt-5-mini", 38_000, 4_200, 46, output={"sorted": tickets}, given={"mails": tickets})
    with run.step("put labels on", "http", 9) as step:
        step.output = {"labels": tickets}
    external_id = f"triage-{int(run.due_ms / 1000)}"
    run.outcome(processed=tickets, expected=tickets, summary=f"{tickets} mails sorted.", external_id=external_id)


REFUNDS = {"approved": ("$48.00", 10391), "denied": ("$1,900.00", 10377), "later": ("$48.00", 10422)}


def refund_requests(run):
    with run.step("read requests", "http", 5) as step:
        step.output = {"requests": 3}
    run.calls("judge them", "gpt-5-mini", 22_000, 3_100, 60, output={"fair": 2})
    story = next((name for name in REFUNDS if DAY.at(f"refund_{name}", run.due_ms)), None)
    words = "3 requests answered, none above $25."
    if story:
        amount, order = REFUNDS[story]
        answer = run.asks(
            f"refund {order}", f"Refund {amount} to order {order}?",
            body=f"POST api.stripe.com/v1/refunds\nOrder {order}, {amount}, reason: not as described.",
            payload={"order": order, "amount": amount}, reversible=False, cost_of_waiting="a customer's patience",
        )
        words = f"{amount} to order {order} refunded." if answer["goes"] else f"Order {order} was not refunded."
    with run.step("answer the customers", "http", 12) as step:
        step.output = {"answers": 3}
    run.outcome(processed=3, expected=3, summary=words, external_id=f"refunds-{int(run.due_ms / 1000)}")


# To whom, the invoice, days late, the amount, and the how manieth reminder it is.
LATE = [
    ("Alba Freight", 2291, 34, 1240, 2), ("Bruma Studio", 2304, 12, 180, 1), ("Kite & Co", 2310, 8, 95, 1),
    ("Oriol Dental", 2288, 41, 620, 3), ("Nacre Labs", 2299, 21, 410, 1), ("Tessel GmbH", 2301, 17, 730, 1),
    ("Finca Roja", 2312, 7, 140, 1), ("Marbel SL", 2295, 27, 385, 1), ("Pine & Poe", 2306, 11, 260, 1),
    ("Lumen Works", 2284, 48, 890, 3), ("Quiet Tools", 2313, 6, 75, 1), ("Ria Ceramics", 2302, 16, 515, 1),
    ("Sondheim Oy", 2297, 24, 470, 1), ("Vale Optics", 2309, 9, 300, 1),
]
LETTER = """Subject: Invoice {invoice} is open

Hello {to},

{opening}

You can pay by card here: pay.northpeak.dev/{invoice}
{closing}
Thank you,
Northpeak Billing"""
OPENINGS = [
    "Just a friendly reminder that invoice {invoice} is open.",
    "Invoice {invoice} over ${amount:,} was due {days} days ago and is still open.",
    "This is our third letter about invoice {invoice} over ${amount:,}.",
]
CLOSINGS = ["", "If it is not paid within a week, we will pause your account.\n", "Your account is paused until it is paid.\n"]


def reminder(to, invoice, days, amount, nth):
    opening = OPENINGS[nth - 1].format(invoice=invoice, amount=amount, days=days)
    mail = LETTER.format(to=to, invoice=invoice, opening=opening, closing=CLOSINGS[nth - 1])
    return {"to": to, "invoice": invoice, "amount_usd": amount, "days_late": days, "reminder": nth, "mail": mail}


def dunning_emails(run):
    """Fourteen reminders; those of the day before were eleven, and gentler."""
    before = not DAY.at("dunning", run.due_ms)
    late = LATE[:11] if before else LATE
    run.lent("POSTMARK_TOKEN")
    with run.step("find late invoices", "tool", 12) as step:
        step.output = {"late": len(late)}
    run.calls("write the reminders", "gpt-5-mini", 21_000, 32_000, 260, output={"mails": len(late)})
    mails = [
        reminder(to, invoice, days, 350 if before and invoice == 2295 else amount, max(nth - before, 1))
        for to, invoice, days, amount, nth in late
    ]
    total = sum(mail["amount_usd"] for mail in mails)
    answer = run.asks(
        "send-reminders", f"Send {len(mails)} payment reminders, ${total:,} in total?",
        body="POST api.postmarkapp.com/email/batch\n"
        "One message for each, from billing@northpeak.dev. A second send with the same key is ignored.",
        payload={"reminders": mails}, reversible=False,
        cost_of_waiting="$9 an hour in late payments", usd_per_hour=9, deadline_seconds=7_200,
    )
    sent = len((answer.get("payload") or {"reminders": mails})["reminders"]) if answer["goes"] else 0
    with run.step("send them", "http", 4) as step:
        step.output = {"sent": sent}
    external_id = f"dunning-{int(run.due_ms / 1000)}"
    run.outcome(processed=max(sent, 1), expected=sent, summary=f"{sent} reminders sent.", external_id=external_id)


def morning_brief(run):
    for part in ("overnight moves", "news", "calendar"):
        run.calls(f"read {part}", "claude-sonnet-4-5", 13_000, 2_100, 95, output={"points": 6})
    written("brief.md", ["# Morning brief"] + [f"- point {n}" for n in range(1, 19)])
    run.outcome(processed=18, expected=18, summary="18 points, in brief.md.", result_ref="brief.md")


def rebalance_check(run):
    run.calls("weigh the portfolio", "claude-haiku-4-5", 7_000, 1_000, 48, output={"drift": 0.7})
    run.outcome(summary="Drift is 0.7 %, nothing to do.")


HOOKS = {
    "/score": ("lead-scout", score_new_leads),
    "/report": ("lead-scout", pipeline_report),
    "/triage": ("support-triage", triage_inbox),
    "/refunds": ("support-triage", refund_requests),
    "/dunning": ("invoice-clerk", dunning_emails),
}
TASKS = {"brief": morning_brief, "rebalance": rebalance_check}


def work(agent, job, run):
    try:
        job(run)
    except Refused as error:
        # At the day's end its runs are stopped.
        if error.status != 409:
            print(f"{job.__name__}: {error}", file=sys.stderr)
    used[agent] += run.tokens
    done[agent] += 1


class Hook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path not in HOOKS:
            # Whoever is told of alerts here takes them.
            return self.answer(200, {"id": "taken"})
        call = json.loads(body)
        due_ms = instant(call["scheduled_for"])
        if DAY.at("bounced", due_ms) and self.path == "/triage":
            return self.answer(503, {"error": "overloaded"})
        agent, job = HOOKS[self.path]
        run = Run(URL, self.headers["X-Cuetower-Run-Token"], call["execution_id"], due_ms, call.get("payload"))
        self.answer(200, {"accepted": True})
        threading.Thread(target=work, args=(agent, job, run), daemon=True).start()

    do_PUT = do_POST

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def worker():
    """market-watch fetches its work by itself."""
    door = Door(URL, KEY)
    while True:
        try:
            door.ask("POST", "/v1/worker/heartbeat", {"worker_id": "market-watch", "handlers": list(TASKS)})
            claimed = door.ask("POST", "/v1/executions/claim", {"worker_id": "market-watch", "tasks": list(TASKS), "wait": 20})
            run_id = claimed.get("execution_id") or claimed.get("id")
            payload = claimed.get("payload") or door.ask("GET", f"/v1/executions/{run_id}").get("payload") or {}
            work("market-watch", TASKS[payload["task"]], Run(URL, KEY, run_id, payload=payload))
        except Refused as error:
            if error.status != 409:
                print(f"worker: {error}", file=sys.stderr)
                time.sleep(1)
        except OSError:
            time.sleep(1)


ABOUT = {"lead-scout": ("python", 186), "support-triage": ("flask", 94), "invoice-clerk": ("node", 152)}


def beats():
    """Each agent beats every five minutes, and says what it used since."""
    door, luck = Door(URL, KEY), random.Random(7)
    told = collections.Counter()
    while True:
        for agent, (kind, megabytes) in ABOUT.items():
            tokens, told[agent] = used[agent] - told[agent], used[agent]
            beat = {
                "agent": agent, "status": "ok", "agent_type": kind, "tokens_used": tokens, "progress": done[agent],
                "memory_mb": round(megabytes * luck.uniform(0.96, 1.05), 1), "message": f"{done[agent]} runs done",
            }
            try:
                door.ask("POST", "/api/v1/heartbeat", beat)
            except (OSError, Refused) as error:
                print(f"beat: {error}", file=sys.stderr)
        DAY.nap(BEAT_SECONDS)


def main():
    with sqlite3.connect(LEADS) as base:
        base.execute("pragma journal_mode = wal")
        base.execute("create table if not exists leads (company text, score integer, scored_at integer)")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.daemon_threads = True
    for job in (worker, beats):
        threading.Thread(target=job, daemon=True).start()
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


main()
