"""Works for a while, then waits for an answer that does not come, while a thread of it goes on saying that it lives."""

import os
import socket
import threading
import time

from watched import beat, now_ms, report, say, until_there

progress = 0


def live():
    while True:
        beat(progress=progress, message="at work")
        time.sleep(0.2)


threading.Thread(target=live, daemon=True).start()
for progress in range(1, 6):
    beat(progress=progress)
    time.sleep(0.05)
say("blocked", now_ms(), os.environ["CUETOWER_ATTEMPT"])
host, port = os.environ["PEER"].split(":")
with socket.create_connection((host, int(port))) as call:
    call.recv(1)
say("freed")
progress = 6
beat(progress=progress)
until_there("enough")
report(success=True)
