"""A long-lived agent: it listens for mail and prints what it hears. After a while its connection breaks and it ends with
exit code 1, as such agents do; its cue says `"restart": "on_failure"`, so the tower starts it again.

    python3 listener.py [SECONDS]
"""

import sys
import time

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 75

began = time.monotonic()
print("connected, listening", flush=True)
while (lived := time.monotonic() - began) < SECONDS:
    print(f"nothing new after {lived:.0f} s", flush=True)
    time.sleep(5)
print("the connection broke", file=sys.stderr)
sys.exit(1)
