"""Uses 200 tokens a minute, then 40,000; it has a child in another session, and neither of them heeds the polite signal."""

import os
import signal
import subprocess
import sys
import time

from watched import beat, now_ms, say

signal.signal(signal.SIGTERM, signal.SIG_IGN)
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(900)"
child = subprocess.Popen([sys.executable, "-c", deaf], start_new_session=True)
say("pids", os.getpid(), child.pid)
for _ in range(14):
    beat(tokens=1)
    time.sleep(0.3)
while True:
    sent = now_ms()
    status = beat(tokens=200)
    say("heavy", sent, now_ms(), status)
    time.sleep(0.3)
