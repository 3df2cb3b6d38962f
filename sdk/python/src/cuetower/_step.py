"""A step: a named, durable part of a run. Completed once, it is not done again in that run, whatever crashes."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import hashlib
import inspect
import json
import warnings
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple, Type, TypeVar, Union, cast

from ._say import one_line
from .errors import Failed, Refused, StepRepeatedWarning, Superseded

if TYPE_CHECKING:
    from typing import Literal

    from ._run import Run

    Kind = Literal["llm", "tool", "http", "decision", "check", "other"]
    OnAbsent = Literal["run", "raise"]

R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])

KEY_BYTES_MAX = 200
ERROR_CHARS_MAX = 2_000
BETWEEN = " > "
TOKENS = ("input", "output", "cached_input", "reasoning", "total")

_current: contextvars.ContextVar[Optional[Step]] = contextvars.ContextVar("cuetower_step", default=None)


class Step:
    """Made by `Run.step`; used once as a ``with`` or ``async with`` block, as a decorator, or by `do`.

    In a block, look at `done` first::

        with run.step("charge") as s:
            if not s.done:
                s.output = bank.charge(idempotency_key=s.idempotency_key)
        receipt = s.output

    A block that ends well completes the step with `output`; one that raises fails it, and it may be begun again by
    the next attempt, with the same idempotency key.
    """

    #: The name of the step within its run; known once it has begun.
    key: str
    #: As it was called; shown to people.
    name: str
    #: The same for each try of this step in this run, also after a crash: hand it to whatever must happen only once.
    #: Without a tower: a hash of the run's id and the key.
    idempotency_key: str
    #: Completed before: `output` is what was recorded, and the work must not be done again.
    done: bool
    #: How often this step was begun, with this time: 1, 2, …
    tries: int
    #: What it was given; where the cue asks its owner before this step, what he made of it.
    input: Any

    def __init__(
        self,
        run: Run,
        name: str,
        *,
        key: Union[None, str, Callable[..., str]] = None,
        kind: Kind = "other",
        input: Any = None,
        model: Optional[str] = None,
        parent: Optional[Step] = None,
        on_absent: Optional[OnAbsent] = None,
    ) -> None:
        self.run = run
        self.name = name
        self.kind = kind
        self.input = input
        self.model = model
        self.parent = parent
        self.on_absent = on_absent
        self.idempotency_key = ""
        self.done = False
        self.tries = 0
        self._given_key = key
        self._output: Any = None
        self._ended = False
        self._begun = False
        self._is_known = False  # To the tower.
        self._cost: Optional[float] = None
        self._retries = 0
        self._tokens: Dict[str, int] = {}
        self._reset: Optional[contextvars.Token[Optional[Step]]] = None
        # What it was called with, if the owner made something else of it.
        self._replaced: Optional[Tuple[Any]] = None
        if not callable(key):
            self.key = checked_key(name if key is None else key)

    # --- What the work says ---

    @property
    def output(self) -> Any:
        """What the step gave; anything that JSON can hold, at most 1 MiB of it."""
        return self._output

    @output.setter
    def output(self, value: Any) -> None:
        if self.done and not self._ended:
            if value != self._output:
                words = f"step {self.key!r} was completed earlier, and its work was done again; look at `done` first"
                warnings.warn(words, StepRepeatedWarning, stacklevel=2)
            return
        if self._ended:
            raise RuntimeError(f"step {self.key!r} has ended; its output was recorded")
        self._output = value

    def tokens(
        self,
        total: Optional[int] = None,
        *,
        input: Optional[int] = None,
        output: Optional[int] = None,
        cached_input: Optional[int] = None,
        reasoning: Optional[int] = None,
        model: Optional[str] = None,
    ) -> None:
        """Tokens that were used; said several times, they add up. `input` includes `cached_input`, and `output`
        includes `reasoning`. `model` prices them, as in ``"gpt-5-mini"``."""
        for name, count in zip(TOKENS, (input, output, cached_input, reasoning, total)):
            if count is not None:
                if count < 0:
                    raise ValueError(f"{name} tokens cannot be {count}")
                self._tokens[name] = self._tokens.get(name, 0) + int(count)
        self.model = model or self.model

    def cost(self, usd: float) -> None:
        """US dollars that were spent; said several times, they add up. It overrides what `tokens` would be priced at."""
        self._cost = (self._cost or 0.0) + float(usd)

    def retry(self) -> int:
        """Counts one more try of what this step does, as after a 429. How many there were so far."""
        self._retries += 1
        return self._retries

    def complete(self, output: Any = None) -> None:
        """Records the output at once, and with it that the step is done. A block that ends well does it by itself."""
        if self.done or self._ended:
            self.output = output
            return
        if output is not None:
            self._output = output
        self._finish()

    def fail(self, error: Union[str, BaseException]) -> None:
        """Records at once that the step failed, in one sentence. It may be begun again later."""
        if self._ended or self.done:
            return
        self._ended = True
        self.run._line.end_step(self, "fail", {"error": words_for(error), **self._facts()})

    # --- Ways to use it ---

    def do(self, fn: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """What `fn(*args, **kwargs)` returns, or the recorded output without calling it if the step is done already.

        What it returns must fit into JSON, and comes back as JSON has it, the first time too: a tuple as a list.
        Of an ``async def`` it returns what is to be awaited.

        If the owner changes the step's input at a gate, `fn` gets the changed one where its one argument is the input;
        any other call fails the step, because nobody said yes to it."""
        if inspect.iscoroutinefunction(fn):
            return cast(R, self._do_async(fn, *args, **kwargs))
        with self:
            if not self.done:
                self._output = fn(*self._approved(args, kwargs), **kwargs)
        return cast(R, self._output)

    async def _do_async(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        async with self:
            if not self.done:
                self._output = await fn(*self._approved(args, kwargs), **kwargs)
        return self._output

    def __call__(self, fn: F) -> F:
        """As a decorator: each call of `fn` is a step, numbered in the order of the calls (see `Run.step`)."""
        if inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
            raise TypeError(f"{fn.__name__} is a generator; a step returns one output")
        if inspect.iscoroutinefunction(fn):

            @functools.wraps(fn)
            async def stepped_async(*args: Any, **kwargs: Any) -> Any:
                return await self._copy(*args, **kwargs)._do_async(fn, *args, **kwargs)

            return cast(F, stepped_async)

        @functools.wraps(fn)
        def stepped(*args: Any, **kwargs: Any) -> Any:
            return self._copy(*args, **kwargs).do(fn, *args, **kwargs)

        return cast(F, stepped)

    def _copy(self, *args: Any, **kwargs: Any) -> Step:
        key = self._given_key(*args, **kwargs) if callable(self._given_key) else self._given_key
        return Step(
            self.run,
            self.name,
            key=key,
            kind=self.kind,
            input=self.input,
            model=self.model,
            parent=self.parent,
            on_absent=self.on_absent,
        )

    def __enter__(self) -> Step:
        self._place()
        self.run._line.begin_step(self)
        self._reset = _current.set(self)
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._leave()
        self._end(error)

    async def __aenter__(self) -> Step:
        # In this task, where the order of the calls is known.
        self._place()
        await asyncio.to_thread(self.run._line.begin_step, self)
        self._reset = _current.set(self)
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._leave()
        await asyncio.to_thread(self._end, error)

    # --- Inside ---

    def _place(self) -> None:
        if self._begun:
            raise RuntimeError(f"step {self.key!r} was used already; make another one with run.step(…)")
        if callable(self._given_key):
            raise TypeError("a key that is a function needs a call's arguments: use the step as a decorator")
        self._begun = True
        around = _current.get()
        if self.parent is None and around is not None and around.run is self.run:
            self.parent = around
        if self._given_key is None:
            self.key = self.run._next_key(self.name, self.parent.key if self.parent else None)

    def _leave(self) -> None:
        if self._reset is not None:
            try:
                _current.reset(self._reset)
            except ValueError:
                # It ends in another context than it began in.
                _current.set(self.parent)
            self._reset = None

    def _end(self, error: Optional[BaseException]) -> None:
        if self.done or self._ended:
            return
        if error is None:
            self._finish()
        elif not isinstance(error, Superseded):
            self.fail(error)

    def _finish(self) -> None:
        try:
            self._output = json.loads(json.dumps(self._output, allow_nan=False))
        except (TypeError, ValueError) as error:
            words = f"the output of step {self.key!r} cannot be recorded, because JSON cannot hold it: {error}"
            self.fail(words)
            raise TypeError(words) from None
        body = self._facts()
        if self._output is not None:
            body["output"] = self._output
        try:
            self.run._line.end_step(self, "complete", body)
        except Refused as refused:
            if refused.code != "step_already_completed":
                self.fail(refused.message)
            raise
        self._ended = True

    def _facts(self) -> Dict[str, Any]:
        facts: Dict[str, Any] = {}
        if self._tokens:
            only_total = set(self._tokens) == {"total"}
            facts["tokens"] = self._tokens["total"] if only_total else dict(self._tokens)
        if self._cost is not None:
            facts["cost_usd"] = self._cost
        if self.model:
            facts["model"] = self.model
        if self._retries:
            facts["retries"] = self._retries
        return facts

    def _has_begun(self, idempotency_key: str, tries: int, done: bool = False, output: Any = None) -> None:
        self.idempotency_key, self.tries, self.done = idempotency_key, tries, done
        if done:
            self._output = output

    def _was_given(self, input: Any) -> None:
        """The owner said yes to another input than the step came with."""
        self._replaced, self.input = (self.input,), input

    def _approved(self, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Tuple[Any, ...]:
        """What a function may be called with."""
        if self._replaced is None:
            return args
        if not kwargs and args == self._replaced:
            return (self.input,)
        words = f"the owner changed the input of step {self.key!r}, and its function was called with something else; "
        raise Failed(words + "use a block, and `input`")

    def _begin_body(self) -> Dict[str, Any]:
        body: Dict[str, Any] = {"name": self.name, "kind": self.kind}
        # Always as it was asked with: a later begin with the changed one would be another question.
        given = self.input if self._replaced is None else self._replaced[0]
        if given is not None:
            body["input"] = given
        above = self.parent
        while above is not None and not above._is_known:
            # Begun while the tower was away: it would refuse a step that stands under one it never heard of.
            above = above.parent
        if above is not None:
            body["parent"] = above.key
        if self.model:
            body["model"] = self.model
        return body

    def __repr__(self) -> str:
        state = "done" if self.done else "ended" if self._ended else "begun" if self._begun else "new"
        return f"<cuetower.Step {getattr(self, 'key', self.name)!r} {state}>"


def checked_key(key: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the key of a step is a text, not {key!r}")
    if not 1 <= len(key.encode("utf-8")) <= KEY_BYTES_MAX or any(is_control(letter) for letter in key):
        raise ValueError(f"the key of a step has 1 to {KEY_BYTES_MAX} bytes and no control characters; not {key[:80]!r}")
    return key


def is_control(letter: str) -> bool:
    return letter < " " or "\x7f" <= letter < "\xa0"


def below(parent: Optional[str], name: str) -> str:
    """The key of a step inside of another one. One that would be too long ends in a hash of itself."""
    key = name if parent is None else f"{parent}{BETWEEN}{name}"
    return shortened(key)


def shortened(key: str) -> str:
    data = key.encode("utf-8")
    if len(data) <= KEY_BYTES_MAX:
        return key
    digest = hashlib.sha256(data).hexdigest()[:16]
    return data[: KEY_BYTES_MAX - 17].decode("utf-8", "ignore") + "~" + digest


def words_for(error: Union[str, BaseException]) -> str:
    """One line for the sentence that people read: ``TypeName: message``; of `Failed` the message alone."""
    if isinstance(error, str):
        words = error
    elif isinstance(error, Failed):
        words = str(error) or "it failed"
    elif isinstance(error, SystemExit):
        words = error.code if isinstance(error.code, str) else f"exit code {error.code or 0}"
    else:
        said = str(error)
        words = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return one_line(words, ERROR_CHARS_MAX)
