"""Says that it lives, and goes without a word of what became of its work: well, or not at all well (HOW)."""

import os
import signal
import time

from watched import beat, now_ms, say

for progress in range(5):
    beat(progress=progress)
    time.sleep(0.1)
say("leaving", now_ms())
if os.environ["HOW"] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
