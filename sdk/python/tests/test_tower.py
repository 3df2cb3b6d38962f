"""What is asked of the tower: runs by name, permits, and the owner's answer."""

from __future__ import annotations

import asyncio
import os
import threading
import unittest
from datetime import datetime, timedelta, timezone
from typing import Any, List

import support
from support import TowerCase, said, until

import cuetower
from tower import KEY, error


class ByName(TowerCase):
    def setUp(self) -> None:
        super().setUp()
        os.environ.update(CUETOWER_URL=self.tower.url, CUEAPI_API_KEY=KEY)

    def test_a_watched_cue_s_waiting_run_is_taken_the_oldest_first(self) -> None:
        for number in range(150):
            self.tower.cue(f"other {number}", "watch")
        cue = self.tower.cue("backup", "watch")
        newer = self.tower.execution(cue, "2026-11-20T20:00:00Z")
        older = self.tower.execution(cue, "2026-11-20T19:00:00Z")
        with cuetower.run("backup") as run:
            self.assertEqual((run.id, run.payload), (older, {"n": 1}))
            self.assertTrue(self.tower.executions[older]["began"], "it said that it began")
            run.do("dump", lambda: 1)
        self.assertTrue(self.tower.outcomes[older]["success"])
        self.assertNotIn(newer, self.tower.outcomes)

    def test_a_watched_cue_without_a_waiting_run_is_fired(self) -> None:
        self.tower.cue("backup", "watch")
        with cuetower.run("backup") as run:
            self.assertIn(run.id, self.tower.fires.values())
        self.assertTrue(self.tower.outcomes[run.id]["success"])

    def test_a_run_that_is_due_in_a_moment_is_waited_for(self) -> None:
        cue = self.tower.cue("backup", "watch")
        cue["next_run"] = (datetime.now(timezone.utc) + timedelta(seconds=2)).isoformat().replace("+00:00", "Z")
        asked = threading.Event()

        def come_due(method: str, path: str, body: Any) -> None:
            if "status=pending" in path and not asked.is_set():
                asked.set()
            elif "status=pending" in path and not self.tower.executions:
                self.tower.execution(cue)

        self.tower.script = come_due
        with cuetower.run("backup") as run:
            self.assertEqual([run.id], list(self.tower.executions))
        self.assertEqual(self.tower.fires, {})

    def test_a_worker_s_run_is_claimed_and_its_lease_is_kept(self) -> None:
        cue = self.tower.cue("thumbs", "worker")
        waiting = self.tower.execution(cue)
        with cuetower.run("thumbs") as run:
            self.assertEqual(run.id, waiting)
            path = f"/v1/executions/{waiting}/heartbeat"
            until("second sign of life", lambda: len(self.tower.requests(path)) >= 2)
            run.do("a", lambda: 1)
        bearers = {bearer for _, path, _, bearer in self.tower.seen if "steps" in path or "outcome" in path}
        self.assertEqual(bearers, {f"cue_run_{waiting}.1"}, "it speaks for its attempt alone")

    def test_a_worker_s_cue_is_fired_if_nothing_waits(self) -> None:
        self.tower.cue("thumbs", "worker")
        with cuetower.run("thumbs") as run:
            self.assertEqual(self.tower.executions[run.id]["status"], "delivering")

    def test_what_is_no_tower_is_not_joined(self) -> None:
        odd_answers: List[Any] = [[], "hello", {"cues": [{"name": "backup"}], "total": 1}, {"cues": 7}]
        self.tower.script = lambda method, path, body: (200, odd_answers[0])
        while odd_answers:
            with said() as words, cuetower.run("backup", report=False) as run:
                self.assertFalse(run.joined)
            self.assertIn("does not answer as a tower does", words.getvalue())
            odd_answers.pop(0)

    def test_what_cannot_be_joined_is_said_once_and_runs_on(self) -> None:
        self.tower.cue("mail", "command")
        for name, words in (("mail", "the tower delivers it itself"), ("nobody", "has no cue named 'nobody'")):
            with said() as heard, cuetower.run(name) as run:
                self.assertEqual(run.do("a", lambda: 1), 1)
                self.assertFalse(run.joined)
            self.assertEqual(heard.getvalue().count(words), 1, heard.getvalue())
        with said() as heard, cuetower.run("mail", api_key="cue_sk_wrong") as run:
            self.assertFalse(run.joined)
        self.assertIn("401 invalid_api_key", heard.getvalue())
        os.environ["CUEAPI_API_KEY"] = "cue_run_r1.1"
        with said() as heard, cuetower.run("mail") as run:
            self.assertFalse(run.joined)
        self.assertIn("CUETOWER_API_KEY is needed", heard.getvalue())
        self.assertEqual(self.kept(), [])


class Permits(TowerCase):
    def test_a_permit_is_renewed_while_it_is_held_and_given_back(self) -> None:
        self.started()
        with cuetower.run() as run, run.permit("openai", weight=2, tokens=500) as permit:
            self.assertEqual(list(self.tower.permits), [permit.id])
            permit.used(tokens=480)
            until("renewal", lambda: self.tower.requests("PATCH /v1/pools/openai/permits/"))
            permit.rate_limited(retry_after_seconds=3)
        self.assertEqual(self.tower.permits, {})
        asked = self.tower.requests("POST /v1/pools")[0][2]
        self.assertEqual((asked["weight"], asked["tokens"]), (2, 500))
        self.assertIn({"rate_limited": True, "retry_after_seconds": 3}, [body for _, _, body, _ in self.tower.seen])
        self.assertTrue(self.tower.requests("DELETE")[0][1].endswith("?tokens=480"))

    def test_whoever_waits_keeps_its_place_and_goes_in_turn(self) -> None:
        self.started()
        order: List[int] = []
        with cuetower.run() as run:
            first = run.permit("openai")
            with first:

                def wait(number: int) -> None:
                    with run.permit("openai"):
                        order.append(number)

                threads = []
                for number in range(3):
                    thread = threading.Thread(target=wait, args=(number,))
                    thread.start()
                    threads.append(thread)
                    until("place in the line", lambda: len(self.tower.waiting) == number + 1)
                self.assertEqual(order, [])
            for thread in threads:
                thread.join(support.LIMIT_SECONDS)
        self.assertEqual((order, self.tower.permits), ([0, 1, 2], {}))

    def test_waiting_ends_when_it_was_to_end(self) -> None:
        self.started()
        with cuetower.run() as run, run.permit("openai"):
            with self.assertRaisesRegex(cuetower.PermitTimeout, "a place in openai"):
                with run.permit("openai", wait_seconds=0.05):
                    self.fail("there is one place")
            self.assertEqual(self.tower.waiting, [], "it left the line")

    def test_a_pool_that_is_not_there_is_refused(self) -> None:
        self.started()
        with cuetower.run() as run, self.assertRaises(cuetower.Refused) as refused, run.permit("gpu"):
            self.fail("there is no such pool")
        self.assertEqual(refused.exception.code, "pool_not_found")

    def test_a_lost_permit_is_said(self) -> None:
        self.started()
        with said() as words, cuetower.run() as run, run.permit("openai") as permit:
            self.tower.permits.clear()
            until("loss", lambda: permit.lost)
        self.assertIn("the permit of openai was lost", words.getvalue())

    def test_a_cancelled_wait_leaves_the_line(self) -> None:
        async def work() -> None:
            async with cuetower.run() as run, run.permit("openai") as permit:

                async def wait() -> None:
                    async with run.permit("openai"):
                        self.fail("there is one place")

                task = asyncio.ensure_future(wait())
                while not self.tower.waiting:
                    await asyncio.sleep(0.01)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                held = permit
            self.assertIsNone(held.id)

        self.started()
        asyncio.run(work())
        self.assertEqual((self.tower.permits, self.tower.waiting), ({}, []))


class Gates(TowerCase):
    def ask(self, **more: Any) -> cuetower.Answer:
        self.started()
        with cuetower.run(report=False) as run:
            return run.ask("Send 200 emails?", key="send", payload={"to": 200}, **more)

    def test_a_tower_without_gates_never_says_yes(self) -> None:
        with self.assertRaisesRegex(cuetower.GatesNotAvailable, "Nobody said yes"):
            self.ask()

    def test_the_answer_is_waited_for(self) -> None:
        self.tower.gates = {}
        asked: List[str] = []

        def answer(method: str, path: str, body: Any) -> None:
            if method == "GET" and "gates" in path:
                asked.append(path)
                if len(asked) == 3 and self.tower.gates is not None:
                    self.tower.gates["gate-send"].update(state="edited", edited={"to": 5}, comment="five first")

        self.tower.script = answer
        said_yes = self.ask(deadline_seconds=3600)
        self.assertEqual(
            (said_yes.state, said_yes.payload, said_yes.comment, bool(said_yes)), ("edited", {"to": 5}, "five first", True)
        )
        question = self.tower.requests("POST /v1/gates")[0][2]
        self.assertEqual((question["title"], question["execution_id"]), ("Send 200 emails?", "r1"))
        self.assertEqual((question["deadline_seconds"], question["on_no_answer"]), (3600, "keep_waiting"))
        self.assertEqual(asked, ["/v1/gates/gate-send?wait=25"] * 3)

    def test_only_a_yes_is_true(self) -> None:
        for state, on_no_answer, expected in (
            ("approved", "keep_waiting", True),
            ("denied", "proceed", False),
            ("no_answer", "stop", False),
            ("no_answer", "proceed", True),
        ):
            self.tower.gates = {"gate-send": {"state": state}}
            answer = self.ask(on_no_answer=on_no_answer)
            self.assertEqual((bool(answer), answer.state), (expected, state))
            self.assertEqual(answer.payload, {"to": 200})

    def test_the_tower_s_word_counts(self) -> None:
        for state, goes, on_no_answer, expected in (
            ("no_answer", True, "keep_waiting", True),
            ("no_answer", False, "proceed", False),
            ("approved", True, "stop", True),
            ("approved", "yes", "stop", True),
            ("denied", None, "proceed", False),
        ):
            self.tower.gates = {"gate-send": {"state": state, "goes": goes}}
            self.assertEqual(bool(self.ask(on_no_answer=on_no_answer)), expected, (state, goes))

    def test_everything_that_can_be_said_of_a_question_is_sent(self) -> None:
        self.tower.gates = {"gate-send": {"state": "approved", "goes": True}}
        more = {
            "body": "POST api.postmarkapp.com",
            "diff": "+a",
            "answers": ["approve", "deny"],
            "reversible": False,
            "cost_of_waiting": "$2 an hour",
            "usd_per_hour": 2,
            "take_back_seconds": 20,
            "deadline_seconds": 60,
            "on_no_answer": "stop",
            "callback": "http://127.0.0.1:9/answer",
        }
        self.ask(**more)
        asked = self.tower.requests("POST /v1/gates")[0][2]
        own = {"key": "send", "title": "Send 200 emails?", "payload": {"to": 200}, "execution_id": "r1"}
        self.assertEqual(asked, {**own, **more})

    def test_a_question_that_blocks_nothing_is_asked_again(self) -> None:
        self.tower.gates = {}
        answer = self.ask(blocking=False)
        self.assertEqual((answer.state, answer.waiting, bool(answer)), ("waiting", True, False))
        self.assertEqual(self.tower.requests("GET /v1/gates"), [])
        self.tower.gates["gate-send"].update(state="approved", goes=True)
        answer = self.ask(blocking=False)
        self.assertEqual((answer.state, answer.waiting, bool(answer)), ("approved", False, True))

    def test_what_was_withdrawn_or_stopped_is_no_yes(self) -> None:
        self.tower.gates = {"gate-send": {"state": "waiting"}}
        gates = self.tower.gates

        def withdrawn(method: str, path: str, body: Any) -> None:
            if method == "GET":
                gates["gate-send"]["state"] = "withdrawn"

        self.tower.script = withdrawn
        with self.assertRaises(cuetower.Refused) as refused:
            self.ask(on_no_answer="proceed")
        self.assertEqual((refused.exception.status, refused.exception.code), (409, "gate_withdrawn"))
        self.tower.gates = {"gate-send": {"state": "waiting"}}
        self.tower.script = lambda method, path, body: error(409, "run_stopped") if method == "GET" else None
        with said(), self.assertRaises(cuetower.Superseded):
            self.ask(on_no_answer="proceed")

    def test_a_step_of_the_cue_s_waits_for_the_owner(self) -> None:
        self.tower.gates = {"gate-step-send": {"state": "waiting"}}
        gates, polls = self.tower.gates, []

        def answer(method: str, path: str, body: Any) -> Any:
            if method == "GET" and "gates" in path:
                polls.append(path)
                if len(polls) == 1:
                    return error(503, "stopping")
                gates["gate-step-send"].update(state="edited", edited={"to": 5})
            return None

        self.tower.script = answer
        self.started()
        with cuetower.run(report=False, patience=0) as run:
            with run.step("send", input={"to": 200}) as s:
                self.assertEqual((s.done, s.tries, s.input), (False, 1, {"to": 5}))
        self.assertEqual(polls, ["/v1/gates/gate-step-send?wait=25"] * 2)
        begins = [body["input"] for _, _, body, _ in self.tower.requests("PUT /v1/executions/r1/steps/send")]
        self.assertEqual(begins, [{"to": 200}] * 2, "the same question")
        self.assertEqual(self.step("send")["state"], "completed")

    def test_a_function_gets_what_the_owner_made_of_its_input(self) -> None:
        self.tower.gates = {"gate-step-send": {"state": "edited", "edited": [1]}}
        self.started()
        with cuetower.run(report=False) as run:
            self.assertEqual(run.step("send", input=[1, 2]).do(lambda to: to, [1, 2]), [1])

    def test_a_function_is_not_called_with_what_nobody_said_yes_to(self) -> None:
        self.tower.gates = {"gate-step-send": {"state": "edited", "edited": [1]}}
        self.started()
        done: List[Any] = []
        with cuetower.run(report=False) as run:
            with self.assertRaisesRegex(cuetower.Failed, "the owner changed the input of step 'send'"):
                run.step("send", input=[1, 2]).do(done.append, [1, 2, 3])
        self.assertEqual((done, self.step("send")["state"]), ([], "failed"))

    def test_a_step_that_the_owner_denies_is_not_done(self) -> None:
        self.tower.gates = {"gate-step-send": {"state": "denied"}}
        self.started()
        with cuetower.run(report=False, on_absent="run") as run:
            with self.assertRaises(cuetower.Refused) as refused:
                run.do("send", lambda: self.fail("nobody said yes"))
        self.assertEqual((refused.exception.code, refused.exception.gate), ("step_denied", "gate-step-send"))

    def test_an_answer_that_nobody_knows_is_no_yes(self) -> None:
        self.tower.gates = {"gate-send": {"state": "sure"}}
        with self.assertRaises(cuetower.GatesNotAvailable):
            self.ask()

    def test_the_question_outlasts_a_tower_that_is_away(self) -> None:
        self.tower.gates = {}
        times: List[int] = []

        def away(method: str, path: str, body: Any) -> Any:
            if method != "GET" or "gates" not in path:
                return None
            times.append(1)
            if len(times) < 4:
                return error(503, "stopping")
            if self.tower.gates is not None:
                self.tower.gates["gate-send"]["state"] = "approved"
            return None

        self.tower.script = away
        self.assertTrue(self.ask())


if __name__ == "__main__":
    unittest.main()
