"""What a run is given, what it says, and what becomes of it at its end."""

from __future__ import annotations

import json
import os
import unittest
from typing import Any, Dict

import support
from support import TowerCase, said, until

import cuetower
from tower import error


class Given(TowerCase):
    def test_a_started_program_finds_its_run_in_the_environment(self) -> None:
        file = self.folder / "payload.json"
        file.write_text('{"leads": 200, "ünï": "ü"}', encoding="utf-8")
        self.started("r 1/ü", 3, CUETOWER_PAYLOAD_FILE=str(file))
        with cuetower.run() as run:
            self.assertEqual((run.id, run.attempt, run.url, run.joined), ("r 1/ü", 3, self.tower.url, True))
            self.assertEqual(run.payload, {"leads": 200, "ünï": "ü"})
            self.assertEqual(run.otel_resource_attributes(), {"cuetower.run_id": "r 1/ü"})
            run.do("a", lambda: 1)
        self.assertIn(("r 1/ü", "a"), self.tower.steps)
        self.assertEqual({bearer for *_, bearer in self.tower.seen}, {"cue_run_r 1/ü.3"})

    def test_a_payload_that_is_in_no_file_is_asked_for(self) -> None:
        self.started(CUETOWER_PAYLOAD_FILE=str(self.folder / "gone.json"))
        self.tower.payloads["r1"] = {"n": 1}
        with cuetower.run() as run:
            self.assertEqual((run.payload, run.payload), ({"n": 1}, {"n": 1}))
        self.assertEqual(len(self.tower.requests("GET")), 1)

    def test_the_name_of_its_own_cue_is_no_other_run(self) -> None:
        self.started()
        with cuetower.run("leads") as run:
            self.assertEqual(run.id, "r1")

    def test_a_web_hook_finds_its_run_in_the_headers(self) -> None:
        self.tower.environment("r7", 2)
        headers = {
            "X-CUETOWER-RUN-TOKEN": "cue_run_r7.2",
            "x-cueapi-execution-id": "r7",
            "X-CueAPI-Attempt": "2",
            "X-Cuetower-Url": self.tower.url,
        }
        os.environ["CUETOWER_API_KEY"] = "cue_sk_not_for_headers"
        with cuetower.run(headers=headers, payload={"n": 5}) as run:
            self.assertEqual((run.id, run.attempt, run.payload), ("r7", 2, {"n": 5}))
            run.do("a", lambda: 1)
        self.assertEqual({bearer for *_, bearer in self.tower.seen}, {"cue_run_r7.2"})
        self.assertTrue(self.tower.outcomes["r7"]["success"])

    def test_an_address_in_headers_is_believed_on_this_machine_alone(self) -> None:
        headers = {"X-Cuetower-Run-Token": "cue_run_r7.1", "X-CueAPI-Execution-Id": "r7"}
        for elsewhere in ("http://example.com:8737", "http://127.evil.example:1", "file:///etc/passwd", "http://[::1"):
            with said() as words, cuetower.run(headers={**headers, "X-Cuetower-Url": elsewhere}) as run:
                self.assertFalse(run.joined)
            self.assertIn("not on this machine", words.getvalue())
        for odd in ("http://127.0.0.1:door", "http://localhost:8737/?a=b"):
            with said() as words, cuetower.run(headers={**headers, "X-Cuetower-Url": odd}) as run:
                self.assertFalse(run.joined)
            self.assertIn("is no address of a tower", words.getvalue())
        self.tower.environment("r7")
        told = {**headers, "X-Cuetower-Url": "http://example.com:8737"}
        with cuetower.run(headers=told, url=self.tower.url) as run:
            self.assertTrue(run.joined)
        self.assertIn("r7", self.tower.outcomes)


class Ends(TowerCase):
    def outcome(self) -> Dict[str, Any]:
        return self.tower.outcomes["r1"]

    def test_a_clean_end_is_a_success_with_the_counts(self) -> None:
        self.started()
        with cuetower.run() as run:
            run.count(processed=50, expected=200)
            run.count(processed=200)
        self.assertEqual(self.outcome(), {"success": True, "processed": 200, "expected": 200})

    def test_an_outcome_is_reported_once_with_its_facts(self) -> None:
        self.started()
        with cuetower.run() as run:
            run.count(processed=3, errors=1)
            run.outcome(
                processed=4,
                result={"rows": 4},
                summary="s" * 600,
                result_url="http://x/y",
                artifacts=[{"name": "a"}],
                next_run_in_seconds=60,
                metadata={"k": 1},
                cost_usd=None,
            )
        told = self.outcome()
        self.assertEqual((told["processed"], told["errors"], told["result"]), (4, 1, '{"rows": 4}'))
        self.assertEqual((len(told["summary"]), told["summary"][-1]), (500, "…"))
        self.assertNotIn("cost_usd", told)
        self.assertEqual(len(self.tower.requests("outcome")), 1)

    def test_another_outcome_is_refused_and_a_fact_that_no_outcome_has_too(self) -> None:
        self.started()
        with cuetower.run() as run:
            with self.assertRaisesRegex(TypeError, "an outcome has no proccessed"):
                run.outcome(proccessed=3)
            run.outcome(False, error="no")
            run.outcome(False, error="no")
            with self.assertRaises(cuetower.Refused) as refused:
                run.outcome(True)
        self.assertEqual(refused.exception.code, "outcome_already_recorded")

    def test_an_exception_is_a_failure_with_its_traceback_and_goes_on(self) -> None:
        self.started()

        def deep(depth: int) -> None:
            if depth == 0:
                raise ValueError("bad \ud800 “lead”\nsecond line " + "x" * 3_000)
            deep(depth - 1)

        with self.assertRaises(ValueError), cuetower.run() as run:
            run.count(processed=50, expected=200)
            deep(200)
        told = self.outcome()
        self.assertEqual((told["success"], told["processed"], told["expected"]), (False, 50, 200))
        self.assertTrue(told["error"].startswith("ValueError: bad ? “lead” second line xxx"), told["error"])
        self.assertEqual(len(told["error"]), 500)
        trace = told["metadata"]["traceback"]
        self.assertIn("ValueError: bad", trace)
        self.assertLess(len(json.dumps(told["metadata"], ensure_ascii=False).encode()), 10_000)

    def test_a_short_traceback_is_whole(self) -> None:
        self.started()
        with self.assertRaises(KeyError), cuetower.run():
            raise KeyError("lead")
        trace = self.outcome()["metadata"]["traceback"]
        self.assertTrue(trace.startswith("Traceback (most recent call last):\n"), trace)
        self.assertEqual(self.outcome()["error"], "KeyError: 'lead'")

    def test_exits_and_interruptions_are_what_they_are(self) -> None:
        def ended_by(error: BaseException, run: str) -> Dict[str, Any]:
            self.started(run)
            with self.assertRaises(type(error)), cuetower.run():
                raise error
            return self.tower.outcomes[run]

        self.assertTrue(ended_by(SystemExit(0), "e0")["success"])
        self.assertTrue(ended_by(SystemExit(), "e1")["success"])
        self.assertEqual(ended_by(SystemExit(3), "e2")["error"], "exit code 3")
        self.assertEqual(ended_by(SystemExit("no disk"), "e3")["error"], "no disk")
        self.assertEqual(ended_by(KeyboardInterrupt(), "e4")["error"], "KeyboardInterrupt")

    def test_what_was_reported_in_another_way_stays(self) -> None:
        self.started()
        self.tower.outcomes["r1"] = {"success": False, "error": "told by curl"}
        with cuetower.run():
            pass
        self.assertEqual(self.outcome(), {"success": False, "error": "told by curl"})

    def test_a_refused_outcome_is_raised_and_never_hides_an_error(self) -> None:
        self.started()
        self.tower.script = lambda method, path, body: error(422, "validation_error") if "outcome" in path else None
        with self.assertRaises(cuetower.Refused), cuetower.run():
            pass
        with self.assertRaises(ZeroDivisionError), said() as words, cuetower.run():
            _ = 1 / 0
        self.assertIn("its outcome was refused", words.getvalue())

    def test_report_false_reports_nothing_by_itself(self) -> None:
        self.started()
        with cuetower.run(report=False):
            pass
        self.assertEqual(self.tower.outcomes, {})

    def test_a_run_is_used_once(self) -> None:
        self.started()
        with cuetower.run() as run:
            pass
        with self.assertRaises(RuntimeError), run:
            pass


class Says(TowerCase):
    def test_beats_carry_what_is_said(self) -> None:
        self.started()
        with cuetower.run() as run:
            run.heartbeat(progress=0.5, tokens={"input": 3}, cost_usd=0.01, message="half")
        expected = {"progress": 0.5, "tokens": {"input": 3}, "cost_usd": 0.01, "message": "half"}
        self.assertEqual(self.tower.beats, [{"execution_id": "r1", **expected}])

    def test_beats_in_the_background_go_on_until_the_end(self) -> None:
        self.started()
        with cuetower.run(beat_every=0.02):
            until("third beat", lambda: len(self.tower.beats) >= 3)
        with self.assertRaises(ValueError):
            cuetower.run(beat_every=0)

    def test_a_superseded_beat_in_the_background_is_raised_by_the_next_call(self) -> None:
        self.started()
        with said() as words, self.assertRaises(cuetower.Superseded), cuetower.run(beat_every=0.02) as run:
            self.tower.attempts["r1"] = 2
            until("sentence", lambda: "counts no longer" in words.getvalue())
            before = len(self.tower.seen)
            try:
                run.do("a", lambda: 1)
            finally:
                self.assertEqual(len(self.tower.seen), before)

    def test_a_beat_is_sent_once_even_if_its_answer_is_lost(self) -> None:
        self.started()
        self.tower.script = lambda method, path, body: (1, None) if "heartbeats" in path else None
        with cuetower.run(report=False) as run:
            run.do("a", lambda: 1)
            run.heartbeat(tokens=100)
        self.assertEqual(len(self.tower.requests("heartbeats")), 1)
        self.assertEqual(self.kept(), [], "it is not told later, either")

    def test_a_refused_beat_is_said_once_and_holds_nobody_up(self) -> None:
        self.started()
        self.tower.script = lambda method, path, body: error(422, "validation_error") if "heart" in path else None
        with said() as words, cuetower.run() as run:
            run.heartbeat()
            run.heartbeat()
        self.assertEqual(words.getvalue().count("heartbeat was refused"), 1)

    def test_each_secret_is_leased_anew_and_one_that_is_not_granted_is_refused(self) -> None:
        self.started()
        with cuetower.run() as run:
            self.assertEqual((run.secret("OPENAI"), run.secret("OPENAI")), ("sk-1", "sk-1"))
            with self.assertRaises(cuetower.Refused) as refused:
                run.secret("OTHER/NAME")
            self.assertEqual(run.secret("OPENAI", tool="chat & more"), "sk-1")
        self.assertEqual((refused.exception.status, refused.exception.code), (403, "secret_not_granted"))
        asked = [path for _, path, _, _ in self.tower.requests("secrets/OPENAI")]
        self.assertEqual(asked, ["/v1/secrets/OPENAI"] * 2 + ["/v1/secrets/OPENAI?tool=chat%20%26%20more"])


if __name__ == "__main__":
    unittest.main()
