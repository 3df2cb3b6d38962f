"""Takes the work and never reports. Its outcome deadline passes, and the run is silent.

The payload says how long it hangs about before it leaves, at most a minute: {"seconds": 12}.
"""

import json
import sys
import time

LONGEST_SECONDS = 60

seconds = min(json.load(sys.stdin).get("seconds", 12), LONGEST_SECONDS)
print("waiting for the exchange to answer", flush=True)
time.sleep(seconds)
