"""Watches prices, all day. In the morning its exchange stops to answer; the thread that beats goes on, so it looks alive.

The payload: {"exchange": "127.0.0.1:PORT"}, which takes calls and answers none.
"""

import random
import socket
import threading

from tower import DAY, Refused, Run

run = Run.of_command()
looks = 0


def work():
    global looks
    while DAY.now_ms() < DAY.stories["stuck"]:
        DAY.nap(20)
        looks += 7
    print("asking the exchange for prices", flush=True)
    host, port = run.payload["exchange"].rsplit(":", 1)
    with socket.create_connection((host, int(port))) as line:
        line.recv(1)


threading.Thread(target=work, daemon=True).start()
luck = random.Random(3)
print("connected, watching 40 prices", flush=True)
while True:
    stuck = DAY.now_ms() > DAY.stories["stuck"]
    tokens, cost_usd = (0, 0) if stuck else (luck.randrange(1_900, 3_200), 0.009)
    beat = {
        "agent": "market-watch", "status": "ok", "agent_type": "python", "message": f"{looks} prices seen", "progress": looks,
        "tokens_used": tokens, "cost_usd": cost_usd, "memory_mb": round(412 * luck.uniform(0.98, 1.02), 1),
    }
    try:
        run.door.ask("POST", "/api/v1/heartbeat", beat)
        run.door.ask("POST", "/v1/heartbeats", {"progress": looks, "tokens": tokens, "cost_usd": cost_usd})
    except (OSError, Refused) as error:
        print(f"the beat was not heard: {error}", flush=True)
    DAY.nap(120)
