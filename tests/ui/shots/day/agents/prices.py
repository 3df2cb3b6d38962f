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
beats = 0
while True:
    stuck = DAY.now_ms() > DAY.stories["stuck"]
    said = {"agent": "market-watch", "progress": looks, "message": f"{looks} prices seen"}
    used = {"tokens": 0} if stuck else {"tokens": luck.randrange(950, 1600), "cost_usd": 0.0045}
    try:
        run.door.ask("POST", "/v1/heartbeats", said | {"status": "ok"} | used)
        if beats % 10 == 0:
            run.door.ask("POST", "/api/v1/heartbeat", said | {"agent_type": "python", "memory_mb": round(412 * luck.uniform(0.98, 1.02), 1)})
    except (OSError, Refused) as error:
        print(f"the beat was not heard: {error}", flush=True)
    beats += 1
    DAY.nap(60)
