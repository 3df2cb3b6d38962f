"""A long-lived agent: it listens for mail and prints what it hears. After a while its connection breaks and it ends with
exit code 1, as such agents do; its cue says `"restart": "on_failure"`, so the tower starts it again. It beats meanwhile,
as agents with ClevAgent's client do: the token that its run was given is its key.

    python3 listener.py [SECONDS [AGENT]]
"""

import json
import os
import sys
import time
import urllib.request

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 75
AGENT = sys.argv[2] if len(sys.argv) > 2 else "mail-desk"


def beat(**fields):
    """Says that it is alive, to the tower that started it. It listens on if nobody hears that."""
    if "CUETOWER_URL" not in os.environ:
        return
    request = urllib.request.Request(
        os.environ["CUETOWER_URL"] + "/api/v1/heartbeat",
        data=json.dumps({"agent": AGENT, **fields}).encode(),
        headers={"X-API-Key": os.environ["CUETOWER_TOKEN"], "Content-Type": "application/json"},
    )
    try:
        urllib.request.urlopen(request, timeout=5).close()
    except OSError as error:
        print(f"the beat was not heard: {error}", file=sys.stderr)


began = time.monotonic()
print("connected, listening", flush=True)
looks = 0
while (lived := time.monotonic() - began) < SECONDS:
    looks += 1
    print(f"nothing new after {lived:.0f} s", flush=True)
    beat(status="ok", message=f"nothing new after {lived:.0f} s", iteration_count=looks, tokens_used=120 + looks % 7 * 10)
    time.sleep(5)
print("the connection broke", file=sys.stderr)
beat(status="error", message="the connection broke")
sys.exit(1)
