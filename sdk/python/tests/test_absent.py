"""The tower is away: said once, worked on, and told later."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
import unittest
from typing import Any, List, Optional, Tuple
from unittest import mock

import support
from support import SOURCE, TowerCase, said

import cuetower
from cuetower import _join, _spool
from tower import BREAK_OFF, BREAK_OFF_AFTER, KEY, error

Script = Optional[Tuple[int, Any]]


class NoTower(TowerCase):
    def test_a_program_that_nobody_started_runs_on_and_says_so_once(self) -> None:
        with said() as words, cuetower.run() as run:
            self.assertEqual((run.joined, run.attempt, run.url, run.payload), (False, 1, None, {}))
            self.assertTrue(run.id.startswith("local-"))
            self.assertEqual(run.do("a", lambda: (1, 2)), [1, 2])
            with run.step("b", key="b") as s:
                s.output = 5
            with run.step("b again", key="b") as s:
                self.assertTrue(s.done, "it was done by this program")
                self.assertEqual(s.output, 5)
            run.heartbeat(progress=1)
            run.count(processed=1)
            with run.permit("openai"):
                pass
            for refused in (lambda: run.ask("send?"), lambda: run.secret("OPENAI")):
                with self.assertRaises(cuetower.TowerAbsent):
                    refused()
            with self.assertRaises(cuetower.TowerAbsent), run.step("c", on_absent="raise"):
                self.fail("its work must not be done")
        self.assertEqual(words.getvalue().count("no tower started this program"), 1, words.getvalue())
        self.assertEqual(self.kept(), [], "there is nobody whom it could be told")

    def test_a_key_that_may_not_fire_is_refused_and_the_tower_is_not_absent(self) -> None:
        self.tower.cue("backup", "watch")
        os.environ.update(CUETOWER_URL=self.tower.url, CUETOWER_API_KEY=KEY)
        refusal = error(403, "insufficient_scope", "This key lacks the scope `cues:write`.")
        self.tower.script = lambda method, path, body: refusal if path.endswith("/fire") else None
        with said() as words, cuetower.run("backup") as run:
            self.assertEqual(run.do("dump", lambda: 1), 1, "what needs no tower is done")
            for needs_it in (lambda: run.ask("send?"), lambda: run.secret("OPENAI")):
                with self.assertRaises(cuetower.Refused) as raised:
                    needs_it()
                self.assertEqual((raised.exception.status, raised.exception.code), (403, "insufficient_scope"))
                self.assertIn("lacks the scope", str(raised.exception))
        self.assertIn("lacks the scope", words.getvalue())

    def test_the_idempotency_key_without_a_tower_is_the_same_for_each_attempt(self) -> None:
        keys = []
        for attempt in (1, 2):
            self.started(attempt=attempt)
            self.tower.script = lambda method, path, body: BREAK_OFF
            with said(), cuetower.run(patience=0, report=False) as run, run.step("charge") as s:
                keys.append(s.idempotency_key)
                raise_later = s
            for path in self.kept():
                path.unlink()
        self.assertEqual(keys[0], keys[1])
        self.assertTrue(keys[0].startswith("local-") and raise_later.output is None)

    def test_an_uncaught_exception_goes_on_without_a_tower(self) -> None:
        with self.assertRaises(ZeroDivisionError), said(), cuetower.run():
            _ = 1 / 0


class Away(TowerCase):
    def test_what_the_tower_missed_is_told_once_it_is_back_within_the_run(self) -> None:
        self.started()
        with said() as words, cuetower.run(patience=0.05) as run:
            run.do("before", lambda: 1)
            self.tower.shut()
            self.assertEqual(run.do("meanwhile", lambda: 2), 2)
            run.heartbeat(tokens=70)
            run.heartbeat(progress=1)
            self.assertEqual(len(self.kept()), 2, "a step, and a beat that says what it cost")
            self.tower.reopen()
            run.do("after", lambda: 3)
        self.assertEqual(self.kept(), [])
        self.assertEqual((self.step("meanwhile")["state"], self.step("meanwhile")["output"]), ("completed", 2))
        self.assertEqual([beat["tokens"] for beat in self.tower.beats], [70])
        self.assertEqual(words.getvalue().count("steps are done without it"), 1, words.getvalue())

    def test_what_a_beat_says_that_was_used_is_told_later_once_even_if_that_answer_is_lost(self) -> None:
        self.started()
        with said(), cuetower.run(patience=0.05, report=False) as run:
            self.tower.script = lambda method, path, body: error(503, "busy") if "heartbeats" in path else None
            run.heartbeat(tokens=70)
            self.assertEqual(len(self.kept()), 1, "it was not taken")
        self.tower.script = lambda method, path, body: BREAK_OFF_AFTER if "heartbeats" in path else None
        for run_id in ("r2", "r3"):
            self.started(run_id)
            with said(), cuetower.run(report=False) as run:
                run.do("a", lambda: 1)
        self.assertEqual([beat["tokens"] for beat in self.tower.beats], [70])
        self.assertEqual(self.kept(), [])

    def test_a_step_stands_under_one_that_the_tower_knows(self) -> None:
        self.started()
        with said(), cuetower.run(patience=0.01) as run, run.step("known"):
            self.tower.shut()
            with run.step("unheard"):
                run.do("early", lambda: 1)
                self.tower.reopen()
                run.do("inner", lambda: 2)
        parents = {key: step.get("parent") for (_, key), step in self.tower.steps.items()}
        self.assertEqual(parents["known > unheard > inner"], "known")
        self.assertEqual(parents["known > unheard > early"], "known")
        self.assertEqual((parents["known > unheard"], parents["known"]), ("known", None))

    def test_a_completion_that_cannot_be_told_is_known_to_the_next_attempt(self) -> None:
        worked: List[int] = []
        self.started()
        with said() as words, cuetower.run(patience=0.05) as run:
            with run.step("charge") as s:
                worked.append(1)
                self.tower.shut()
                s.output = {"receipt": 1}
            run.count(processed=1)
        self.assertIn("its outcome is kept", words.getvalue())
        self.assertEqual(len(self.kept()), 2)
        # Whoever else tells what is kept does not lose it: that attempt is over.
        self.tower.reopen()
        self.tower.environment("r1", 2)
        self.started("other")
        with said(), cuetower.run():
            pass
        self.started(attempt=2)
        with said(), cuetower.run() as run:
            self.assertEqual(run.do("charge", lambda: worked.append(2)), {"receipt": 1})
        self.assertEqual((worked, self.kept()), ([1], []))
        self.assertEqual(self.step("charge")["tries"], 1)

    def test_the_next_attempt_knows_it_also_while_the_tower_is_still_away(self) -> None:
        self.started()
        with said(), cuetower.run(patience=0.01, report=False) as run:
            self.tower.shut()
            run.do("charge", lambda: "first")
        self.started(attempt=2)
        with said(), cuetower.run(patience=0.01, report=False) as run:
            self.assertEqual(run.do("charge", lambda: "second"), "first")

    def test_a_done_step_that_its_owner_is_asked_about_is_kept_until_he_has_answered(self) -> None:
        self.started()
        with said(), cuetower.run(patience=0.01, report=False) as run:
            self.tower.shut()
            run.do("send", lambda: "sent")
        self.tower.reopen()
        gate = {"state": "waiting"}
        self.tower.gates = {"gate-step-send": gate}
        self.started(attempt=2)
        with said() as words, cuetower.run(report=False) as run:
            self.assertEqual(run.do("send", lambda: self.fail("it was done")), "sent")
            run.do("other", lambda: 1)
        self.assertEqual(words.getvalue().count("waits for the owner's answer (gate-step-send)"), 1, words.getvalue())
        self.assertEqual(len(self.kept()), 1)
        gate["state"] = "approved"
        self.started(attempt=3)
        with said(), cuetower.run(report=False) as run:
            self.assertEqual(run.do("send", lambda: self.fail("it was done")), "sent")
        self.assertEqual((self.step("send")["state"], self.kept()), ("completed", []))

    def test_an_outcome_is_told_by_the_next_program_that_reaches_the_tower(self) -> None:
        self.started("r1")
        self.tower.shut()
        with said(), cuetower.run(patience=0.01) as run:
            run.outcome(processed=3)
        self.tower.reopen()
        self.started("r2")
        with cuetower.run():
            pass
        self.assertEqual(self.tower.outcomes["r1"], {"success": True, "processed": 3})
        self.assertEqual(self.kept(), [])

    def test_a_kept_report_that_is_refused_is_dropped_with_a_line(self) -> None:
        self.started("r1")
        self.tower.shut()
        with said(), cuetower.run(patience=0.01):
            pass
        self.tower.reopen()
        self.tower.outcomes["r1"] = {"success": False}
        self.started("r2")
        with said() as words, cuetower.run():
            pass
        self.assertIn("the outcome of run r1, kept since 20", words.getvalue())
        self.assertIn("is dropped", words.getvalue())
        self.assertEqual((self.kept(), self.tower.outcomes["r1"]), ([], {"success": False}))

    def test_what_the_tower_refuses_to_record_is_still_not_done_twice(self) -> None:
        self.started()
        with said() as words, cuetower.run(patience=0.01, report=False) as run:
            with run.step("charge", key="charge") as s:
                self.tower.shut()
                s.output = "x" * (1 << 21)
            self.tower.reopen()
            run.do("other", lambda: 1)
            self.assertIn("is dropped: output is over 1 MiB", words.getvalue())
            self.assertEqual(len(run.step("again", key="charge").do(lambda: "charged twice")), 1 << 21)

    def test_on_absent_raise_does_not_begin_what_it_cannot_ask_for(self) -> None:
        self.started()
        self.tower.shut()
        with said(), self.assertRaises(cuetower.TowerAbsent):
            with cuetower.run(patience=0.01, on_absent="raise") as run:
                run.do("charge", lambda: self.fail("it must not be charged"))
        with self.assertRaises(ValueError):
            cuetower.run(on_absent="perhaps")  # type: ignore[arg-type]

    def test_a_watched_cue_is_told_of_a_run_that_it_missed(self) -> None:
        cue = self.tower.cue("backup", "watch")
        worker = self.tower.cue("thumbs", "worker")
        os.environ.update(CUETOWER_URL=self.tower.url, CUETOWER_API_KEY=KEY)
        self.tower.shut()
        for name in ("backup", "thumbs"):
            soon = mock.patch.object(_join, "FIRST_WORD_SECONDS", 0.01)
            with soon, said() as words, cuetower.run(name) as run:
                run.do("dump", lambda: "ok")
                run.count(processed=9)
            self.assertIn("runs on without it", words.getvalue())
        self.tower.reopen()
        self.started("r2", CUETOWER_API_KEY=KEY)
        with said() as words, cuetower.run():
            pass
        (run_id,) = self.tower.executions
        self.assertEqual(self.tower.executions[run_id]["cue_id"], cue["id"])
        self.assertEqual(self.tower.outcomes[run_id], {"success": True, "processed": 9})
        self.assertEqual(self.step("dump", run_id)["output"], "ok")
        self.assertIn(f"never gave out a run of the cue '{worker['name']}'", words.getvalue())
        self.assertEqual(self.kept(), [])


class Spool(TowerCase):
    def test_it_is_bounded_in_files_and_bytes_and_the_oldest_go_first(self) -> None:
        with mock.patch.multiple(_spool, FILES_MAX=5, BYTES_MAX=4_000), said() as words:
            for number in range(8):
                self.assertIsNone(_spool.keep({"n": number}))
            self.assertEqual([kept.report["n"] for kept in _spool.kept()], [3, 4, 5, 6, 7])
            _spool.keep({"n": 8, "long": "x" * 3_980})
            self.assertEqual([kept.report["n"] for kept in _spool.kept()], [8])
        self.assertIn("dropped, the oldest first", words.getvalue())

    @unittest.skipIf(os.name == "nt", "modes of files")
    def test_it_is_for_this_user_alone(self) -> None:
        _spool.keep({"token": "secret"})
        self.assertEqual(stat.S_IMODE(self.spool.stat().st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(self.kept()[0].stat().st_mode), 0o600)

    def test_what_is_no_report_is_put_out_of_the_way(self) -> None:
        self.spool.mkdir()
        for name, content in (("1.json", "{"), ("2.json", "[]"), ("3.json", '{"kind": "odd", "url": 5}')):
            (self.spool / name).write_text(content)
        self.started()
        with said() as words, cuetower.run():
            pass
        self.assertEqual((self.kept(), words.getvalue().count("is dropped")), ([], 3))

    def test_one_program_at_a_time_tells_what_is_kept(self) -> None:
        _spool.keep({"n": 1})
        with _spool.telling() as first, _spool.telling() as second:
            self.assertEqual((first, second), (True, False))
        with _spool.telling() as again:
            self.assertTrue(again)

    def test_a_folder_that_cannot_be_written_is_said_once(self) -> None:
        self.started(CUETOWER_SPOOL=str(self.folder / "file" / "spool"))
        (self.folder / "file").write_text("")
        self.tower.shut()
        with said() as words, cuetower.run(patience=0) as run:
            run.do("a", lambda: 1)
        self.assertEqual(words.getvalue().count("could not be kept either"), 1, words.getvalue())


class Wire(TowerCase):
    def test_connections_are_kept_alive_and_a_broken_one_is_made_anew(self) -> None:
        self.started()
        with cuetower.run() as run:
            for number in range(20):
                run.do(f"s{number}", lambda: 1)
            self.assertEqual(self.tower.connections, 1)
            broken: List[int] = []

            def break_once(method: str, path: str, body: Any) -> Script:
                broken.append(1)
                return BREAK_OFF if len(broken) == 1 else None

            self.tower.script = break_once
            run.do("again", lambda: 1)
        self.assertEqual((self.tower.connections, self.step("again")["tries"]), (2, 1))

    def test_busy_and_broken_answers_are_tried_again(self) -> None:
        self.started()
        answers = [error(503, "busy"), error(429, "too_many"), BREAK_OFF, BREAK_OFF_AFTER, error(500, "odd")]
        self.tower.script = lambda method, path, body: answers.pop() if answers and "steps" in path else None
        with cuetower.run(patience=30) as run:
            self.assertEqual(run.do("a", lambda: "once"), "once")
        self.assertEqual((answers, self.step("a")["state"]), ([], "completed"))

    def test_a_refusal_is_not_tried_again(self) -> None:
        self.started()
        self.tower.script = lambda method, path, body: error(422, "validation_error", "input: too odd")
        with cuetower.run(report=False) as run:
            with self.assertRaises(cuetower.Refused) as refused:
                run.do("a", lambda: self.fail("it was refused"))
        self.assertEqual(str(refused.exception), "input: too odd (422 validation_error)")
        self.assertEqual(len(self.tower.requests("steps")), 1)

    def test_one_long_wait_is_enough_for_a_tower_that_stays_away(self) -> None:
        self.started()
        self.tower.shut()
        with said(), cuetower.run(patience=0.3, report=False) as run:
            began = time.monotonic()
            run.do("a", lambda: 1)
            first = time.monotonic() - began
            self.assertGreaterEqual(first, 0.05)
            with mock.patch("time.sleep", side_effect=AssertionError("it waits again")):
                for _ in range(50):
                    run.do("b", lambda: 1)

    def test_proxies_are_not_used(self) -> None:
        self.started(HTTP_PROXY="http://127.0.0.1:1", http_proxy="http://127.0.0.1:1", ALL_PROXY="http://127.0.0.1:1")
        with cuetower.run() as run:
            run.do("a", lambda: 1)
        self.assertEqual(self.step("a")["state"], "completed")

    def test_an_address_that_is_none_is_said(self) -> None:
        self.started(CUETOWER_URL="tower.local")
        with said() as words, cuetower.run() as run:
            self.assertFalse(run.joined)
        self.assertIn("is no address of a tower", words.getvalue())

    @unittest.skipUnless(hasattr(os, "fork"), "forks")
    def test_a_forked_child_has_connections_of_its_own(self) -> None:
        program = """
import os, sys, cuetower
with cuetower.run(report=False) as run:
    run.do("parent", lambda: 1)
    child = os.fork()
    if child == 0:
        run.do("child", lambda: 2)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    run.do("parent again", lambda: 3)
"""
        self.started()
        environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
        subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)
        self.assertEqual(
            [self.step(key)["output"] for key in ("parent", "child", "parent again")], [1, 2, 3]
        )
        self.assertEqual(self.tower.connections, 2)


class Killed(TowerCase):
    def test_a_program_killed_between_the_work_and_its_record_begins_again_with_the_same_key(self) -> None:
        program = """
import os, signal, sys, cuetower
with cuetower.run() as run:
    with run.step("charge") as s:
        print(s.idempotency_key, s.tries, flush=True)
        if run.attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        s.output = "charged"
"""
        said_keys = []
        for attempt in (1, 2):
            self.started(attempt=attempt)
            environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
            ended = subprocess.run(
                [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, timeout=60
            )
            said_keys.append(ended.stdout.decode().split())
        self.assertEqual(said_keys, [["idem:r1:charge", "1"], ["idem:r1:charge", "2"]])
        self.assertEqual(self.step("charge")["output"], "charged")
        self.assertTrue(self.tower.outcomes["r1"]["success"])


if __name__ == "__main__":
    unittest.main()
