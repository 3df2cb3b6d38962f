"""The charging agent of `examples/`, a real process, killed at each boundary of its steps."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import unittest
from typing import List

from support import SOURCE, TowerCase

AGENT = SOURCE.parent.parent.parent / "examples" / "charging_agent.py"


@unittest.skipIf(os.name == "nt", "kill -9")
class Charging(TowerCase):
    def attempt(self, number: int, deaths: str) -> "subprocess.CompletedProcess[bytes]":
        payload = self.folder / "payload.json"
        payload.write_text(json.dumps({"bank": str(self.folder / "bank.sqlite"), "customers": 12, "cents": 5}))
        self.started(attempt=number, CUETOWER_PAYLOAD_FILE=str(payload), CHARGING_AGENT_DIES=deaths)
        environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
        return subprocess.run(
            [sys.executable, str(AGENT)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60
        )

    def charged(self) -> List[str]:
        bank = sqlite3.connect(self.folder / "bank.sqlite")
        try:
            return [customer for (customer,) in bank.execute("SELECT customer FROM charges ORDER BY id")]
        finally:
            bank.close()

    def test_each_customer_is_charged_once_whatever_kills_the_agent(self) -> None:
        places = ["before-begin:2", "after-begin:4", "after-charge:6", "after-complete:8", "after-charge:8"]
        # The last one is never reached: that customer's step is completed.
        for number, _ in enumerate(places[:4], 1):
            ended = self.attempt(number, ", ".join(places))
            self.assertEqual(ended.returncode, -signal.SIGKILL, ended.stderr)
        ended = self.attempt(5, ", ".join(places))
        self.assertEqual((ended.returncode, ended.stderr), (0, b""))
        self.assertEqual(self.charged(), [f"customer {number:03}" for number in range(1, 13)])
        self.assertEqual(self.step("charge customer 006")["tries"], 2)
        self.assertEqual(self.step("charge customer 008")["tries"], 1)
        told = self.tower.outcomes["r1"]
        self.assertEqual((told["success"], told["processed"], told["external_id"]), (True, 12, "charges-1-12"))

    def test_nobody_is_charged_while_the_tower_is_away(self) -> None:
        self.tower.shut()
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "HOME": str(self.folder), "TMPDIR": str(self.folder)}
        ended = subprocess.run(
            [sys.executable, str(AGENT)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60
        )
        self.assertEqual(ended.returncode, 1)
        self.assertIn(b"TowerAbsent", ended.stderr)
        (bank,) = self.folder.glob("*.sqlite")
        charges = sqlite3.connect(bank)
        self.assertEqual(charges.execute("SELECT count(*) FROM charges").fetchone(), (0,))
        charges.close()


if __name__ == "__main__":
    unittest.main()
