"""Steps: done once in a run, whatever crashes."""

from __future__ import annotations

import asyncio
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any, List

import support
from support import TowerCase, said

import cuetower


class Steps(TowerCase):
    def test_a_step_is_told_with_all_that_is_known_of_it(self) -> None:
        self.started()
        with cuetower.run() as run:
            with run.step("charge", kind="http", input={"eur": 5}, model="gpt-5") as s:
                self.assertFalse(s.done)
                self.assertEqual((s.idempotency_key, s.tries), ("idem:r1:charge", 1))
                s.tokens(input=10, output=4)
                s.tokens(input=5, cached_input=2, model="gpt-5-mini")
                s.cost(0.25)
                s.cost(0.5)
                self.assertEqual((s.retry(), s.retry()), (1, 2))
                s.output = {"receipt": 7}
        step = self.step("charge")
        self.assertEqual((step["name"], step["kind"], step["input"]), ("charge", "http", {"eur": 5}))
        self.assertEqual(step["tokens"], {"input": 15, "output": 4, "cached_input": 2})
        self.assertEqual((step["cost_usd"], step["retries"], step["model"]), (0.75, 2, "gpt-5-mini"))
        self.assertEqual((step["state"], step["output"]), ("completed", {"receipt": 7}))

    def test_tokens_without_parts_are_one_number(self) -> None:
        self.started()
        with cuetower.run() as run, run.step("a") as s:
            s.tokens(100)
            s.tokens(20)
        self.assertEqual(self.step("a")["tokens"], 120)
        with self.assertRaises(ValueError):
            s.tokens(input=-1)

    def test_a_completed_step_is_not_done_again_in_a_later_attempt(self) -> None:
        calls: List[str] = []

        def work(run: cuetower.Run) -> List[Any]:
            @run.step
            def load(name: str) -> Any:
                calls.append(name)
                return (name, len(calls))

            with run.step("block") as s:
                if not s.done:
                    calls.append("block")
                    s.output = "done once"
            return [load("a"), load("b"), run.do("third", lambda: calls.append("third")), s.output]

        self.started()
        with self.assertRaises(ZeroDivisionError), said(), cuetower.run(report=False) as run:
            first = work(run)
            _ = 1 / 0
        self.started(attempt=2)
        with cuetower.run() as run:
            second = work(run)
        self.assertEqual(calls, ["block", "a", "b", "third"])
        self.assertEqual(first, [["a", 2], ["b", 3], None, "done once"], "as JSON has it, the first time too")
        self.assertEqual(second, first)
        self.assertEqual({key for _, key in self.tower.steps}, {"block", "load", "load#2", "third"})

    def test_a_step_that_raised_has_failed_and_is_begun_again_with_the_same_idempotency_key(self) -> None:
        self.started()
        with cuetower.run(report=False) as run:
            with self.assertRaises(ConnectionError):
                with run.step("charge") as s:
                    raise ConnectionError("api.example.com answered\n429")
            first = s.idempotency_key
            self.assertEqual(self.step("charge")["error"], "ConnectionError: api.example.com answered 429")
        self.started(attempt=2)
        with cuetower.run(report=False) as run:
            with run.step("charge") as s:
                self.assertEqual((s.idempotency_key, s.tries, s.done), (first, 2, False))

    def test_failed_is_told_in_exactly_its_words(self) -> None:
        self.started()
        with self.assertRaises(cuetower.Failed), cuetower.run() as run, run.step("enrich"):
            raise cuetower.Failed("api.openai.com answered 429")
        self.assertEqual(self.step("enrich")["error"], "api.openai.com answered 429")
        self.assertEqual(self.tower.outcomes["r1"]["error"], "api.openai.com answered 429")

    def test_steps_nest_and_their_keys_do_not_depend_on_what_was_skipped(self) -> None:
        self.started()

        def work(run: cuetower.Run) -> List[Any]:
            def outer(name: str) -> str:
                with run.step("fetch") as s:
                    if not s.done:
                        s.output = name
                return str(s.output)

            return [run.do("first", outer, "one"), run.do("second", outer, "two")]

        with cuetower.run(report=False) as run:
            self.assertEqual(work(run), ["one", "two"])
        self.assertEqual(self.step("first > fetch")["parent"], "first")
        self.assertNotIn("parent", self.step("second"))
        # The second one is to be done again, the first one not.
        self.step("second")["state"] = "failed"
        self.started(attempt=2)
        with cuetower.run(report=False) as run:
            self.assertEqual(work(run), ["one", "two"])
        self.assertEqual(self.step("second > fetch")["output"], "two")

    def test_keys_are_checked_numbered_and_shortened(self) -> None:
        self.started()
        with cuetower.run() as run:
            for bad in ("", "a\nb", "ü" * 101, "\x85"):
                with self.assertRaises(ValueError):
                    run.step(bad)
            with run.step("x#2"), run.step("y" * 150), run.step("z" * 150) as deep:
                self.assertEqual(len(deep.key.encode()), 200)
            keys = []
            for _ in range(3):
                with run.step("x") as s:
                    keys.append(s.key)
            self.assertEqual(keys, ["x", "x#3", "x#4"])
            with run.step("odd", key="a/b?c=1&ü %2F..") as s:
                pass
        self.assertEqual(self.step("a/b?c=1&ü %2F..")["name"], "odd")

    def test_a_decorator_takes_a_key_made_of_the_arguments(self) -> None:
        self.started()
        calls: List[int] = []
        with cuetower.run() as run:

            @run.step("charge", kind="http", key=lambda customer: f"charge {customer}")
            def charge(customer: int) -> int:
                """Charges."""
                calls.append(customer)
                return customer * 10

            self.assertEqual([charge(1), charge(2), charge(1)], [10, 20, 10])
        self.assertEqual(calls, [1, 2])
        self.assertEqual((charge.__name__, charge.__doc__), ("charge", "Charges."))
        self.assertEqual(self.step("charge 2")["kind"], "http")

    def test_what_cannot_be_a_step_is_said(self) -> None:
        self.started()
        with cuetower.run() as run:
            with self.assertRaises(TypeError):

                @run.step
                def numbers() -> Any:
                    yield 1

            step = run.step("once")
            with step:
                pass
            with self.assertRaises(RuntimeError), step:
                pass

    def test_an_output_that_json_cannot_hold_fails_the_step(self) -> None:
        self.started()
        with said(), cuetower.run(report=False) as run:
            for bad in ({1, 2}, float("nan")):
                with self.assertRaisesRegex(TypeError, "JSON cannot hold it"):
                    run.do("bad", lambda bad=bad: bad)
        self.assertEqual([self.step("bad")["state"], self.step("bad#2")["state"]], ["failed", "failed"])

    def test_an_output_that_is_too_long_is_refused_and_the_step_has_failed(self) -> None:
        self.started()
        with cuetower.run(report=False) as run:
            with self.assertRaises(cuetower.Refused) as refused:
                run.do("long", lambda: "x" * (1 << 21))
        self.assertEqual(refused.exception.status, 413)
        self.assertEqual((self.step("long")["state"], self.step("long")["error"]), ("failed", "output is over 1 MiB"))

    def test_doing_a_done_step_again_keeps_what_was_recorded_and_warns(self) -> None:
        self.started()
        with cuetower.run(report=False) as run, run.step("a") as s:
            s.output = 1
        self.started(attempt=2)
        with cuetower.run(report=False) as run:
            with self.assertWarns(cuetower.StepRepeatedWarning), run.step("a") as s:
                s.output = 2
        self.assertEqual((s.output, self.step("a")["output"]), (1, 1))

    def test_complete_and_fail_are_told_at_once(self) -> None:
        self.started()
        with cuetower.run() as run:
            with run.step("a") as s:
                s.complete([1])
                self.assertEqual(self.step("a")["state"], "completed")
            with run.step("b") as s:
                s.fail("no paper")
                self.assertEqual((self.step("b")["state"], self.step("b")["error"]), ("failed", "no paper"))
            with self.assertRaises(KeyError), run.step("c") as s:
                s.complete("kept")
                raise KeyError("later")
        self.assertEqual(self.step("c")["state"], "completed")

    def test_threads_number_and_nest_their_own_steps(self) -> None:
        self.started()
        with cuetower.run() as run, run.step("outer") as outer:

            def one(number: int) -> Any:
                with run.step("part", key=f"part {number}", parent=outer) as s:
                    s.output = number
                return s.output

            with ThreadPoolExecutor(8) as pool:
                self.assertEqual(sorted(pool.map(one, range(40))), list(range(40)))
        parts = [step for (_, key), step in self.tower.steps.items() if key.startswith("part")]
        self.assertEqual((len(parts), {step["parent"] for step in parts}), (40, {"outer"}))
        self.assertLess(self.tower.connections, 40, "connections are used again")


class Async(TowerCase):
    def test_coroutines_step_too(self) -> None:
        calls: List[str] = []

        async def work() -> List[Any]:
            async with cuetower.run(report=False) as run:

                @run.step("load")
                async def load(name: str) -> str:
                    calls.append(name)
                    await asyncio.sleep(0)
                    return name.upper()

                async def branch(name: str) -> Any:
                    async with run.step(name) as s:
                        with run.step("inner") as inner:
                            inner.output = name
                        if not s.done:
                            s.output = await run.step("deep").do(deep, name)
                    return s.output

                async def deep(name: str) -> str:
                    calls.append(f"deep {name}")
                    return f"deep {name}"

                found = [await load("a"), await load("b")]
                found.extend(await asyncio.gather(branch("left"), branch("right")))
                return found

        expected = ["A", "B", "deep left", "deep right"]
        self.started()
        self.assertEqual(asyncio.run(work()), expected)
        self.assertEqual(self.step("left > deep")["parent"], "left")
        self.assertEqual(self.step("right > inner")["parent"], "right")
        self.started(attempt=2)
        self.assertEqual(asyncio.run(work()), expected)
        self.assertEqual(sorted(calls), ["a", "b", "deep left", "deep right"])

    def test_a_cancelled_task_fails_its_step(self) -> None:
        async def work() -> None:
            async with cuetower.run() as run:
                inside = asyncio.Event()

                async def long() -> None:
                    async with run.step("long"):
                        inside.set()
                        await asyncio.sleep(60)

                task = asyncio.ensure_future(long())
                await inside.wait()
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task

        self.started()
        asyncio.run(work())
        self.assertEqual((self.step("long")["state"], self.step("long")["error"]), ("failed", "CancelledError"))
        self.assertTrue(self.tower.outcomes["r1"]["success"])


class Fenced(TowerCase):
    def test_a_superseded_attempt_stops_and_cannot_go_on(self) -> None:
        self.started()
        worked = []
        with self.assertRaises(cuetower.Superseded) as gone, said() as words:
            with cuetower.run() as run:
                run.do("a", lambda: worked.append("a"))
                self.tower.attempts["r1"] = 2
                for name in ("b", "c"):
                    try:
                        run.do(name, lambda: worked.append(name))
                    except Exception:
                        self.fail("whoever catches every error must not catch this one")
        self.assertEqual((gone.exception.code, worked), ("attempt_superseded", ["a"]))
        self.assertIn("counts no longer", words.getvalue())
        self.assertNotIn("r1", self.tower.outcomes)
        before = len(self.tower.seen)
        with self.assertRaises(cuetower.Superseded):
            run.heartbeat()
        self.assertEqual(len(self.tower.seen), before, "the tower need not be asked again")

    def test_superseded_while_it_works_is_told_at_the_end_of_the_step(self) -> None:
        self.started()
        with self.assertRaises(cuetower.Superseded), said(), cuetower.run() as run, run.step("a"):
            self.tower.attempts["r1"] = 2

    def test_its_own_error_goes_on_if_the_attempt_is_superseded_meanwhile(self) -> None:
        self.started()
        with self.assertRaises(KeyError), said(), cuetower.run() as run, run.step("a"):
            self.tower.attempts["r1"] = 2
            raise KeyError("own")

    def test_a_clean_end_of_a_superseded_attempt_is_no_clean_end(self) -> None:
        self.started()
        with self.assertRaises(cuetower.Superseded), said(), cuetower.run():
            self.tower.attempts["r1"] = 2


if __name__ == "__main__":
    unittest.main()
