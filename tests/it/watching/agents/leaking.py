"""Keeps everything it ever made, until the system ends it; in the control group GROUP, if there is one."""

import os
import time

from watched import WORK, say

if group := os.environ.get("GROUP"):
    with open(group + "/cgroup.procs", "w") as procs:
        procs.write(str(os.getpid()))
say("leaking", os.getpid())
kept = []
while True:
    kept.append(b"\x01" * 1_000_000)
    time.sleep(0.05)
