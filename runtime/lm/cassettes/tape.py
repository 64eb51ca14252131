"""A cassette in use: what it answers, what it keeps, and what it does not hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

from ....base.forks import new_lock
from ...errors import ReplayError
from ...execution import trace
from ..playing import playing
from ..request import Request, Response
from . import file
from .asked import Asked, asked, differences

Namer: TypeAlias = Callable[[Sequence[trace.Caller]], str]
"""What the innermost of the modules that are being called is named in its program."""


class Tape:
    """The cassette of a file with tests.

    Args:
        path: its file.
        mode: `record` keeps the answers of models, `replay` gives them and asks no model.
        name: names the predictors that ask.

    Raises:
        ReplayError: the file is there and is not a cassette.
    """

    def __init__(self, path: Path, mode: Literal["record", "replay"], name: Namer) -> None:
        self.path = path
        self.mode = mode
        self.name = name
        self._earlier = file.read(path) if path.exists() else []
        self.models = frozenset(each.model for each, _ in self._earlier)
        self._recorded: dict[str, dict[str, file.Recorded]] = {}

    @contextmanager
    def test(self, title: str) -> Iterator[None]:
        """The time in which a test runs.

        Raises:
            ReplayError: at the end, when it made a request that the cassette does not hold, whatever the
                program has made of that.
        """
        if self.mode == "record":
            held = self._recorded[title] = {}
        else:
            held = {each.key: (each, responses) for each, responses in self._earlier if each.test == title}
        running = _Test(self, title, held)
        try:
            with playing(running):
                yield
        except Exception as error:
            if running.failure is not None and error is not running.failure:
                raise running.failure from error
            raise
        if running.failure is not None:
            raise running.failure

    def model_of(self, title: str) -> str | None:
        """The model that a test was recorded with, for programs that name none."""
        return next((each.model for each, _ in self._earlier if each.test == title), None)

    def save(self, program: str, titles: Sequence[str]) -> None:
        """Write what was recorded, and for tests that did not run what was there before.

        Args:
            program: the file with the tests.
            titles: the titles of its tests, in their order.

        Raises:
            ReplayError: the cassette cannot be written.
        """
        found: list[file.Recorded] = []
        for title in titles:
            if title in self._recorded:
                found += self._recorded[title].values()
            else:
                found += (each for each in self._earlier if each[0].test == title)
        if found or self._earlier:
            file.write(self.path, program, found)


class _Test:
    """A test that is running, with the requests that the cassette holds for it."""

    def __init__(self, tape: Tape, title: str, held: dict[str, file.Recorded]) -> None:
        self.failure: ReplayError | None = None
        self._tape = tape
        self._title = title
        self._held = held
        self._given: dict[str, int] = {}
        self._lock = new_lock()

    @property
    def asks_models(self) -> bool:
        return self._tape.mode == "record"

    def leaves(self, request: Request, in_process: bool) -> bool:
        """Whether a request goes past the cassette: in a replay, to a model here that no test was recorded
        with.
        """
        return in_process and not self.asks_models and request.model not in self._tape.models

    async def answer(self, request: Request, send: Callable[[], Awaitable[Response]]) -> Response:
        """What a model answers, from the cassette or for it.

        Raises:
            ReplayError: the cassette does not hold the request.
        """
        wanted = asked(self._title, self._tape.name(trace.callers.get()), request)
        if not self.asks_models:
            return self._play(wanted)
        response = await send()
        with self._lock:
            self._held.setdefault(wanted.key, (wanted, []))[1].append(response)
        return response

    def _play(self, wanted: Asked) -> Response:
        with self._lock:
            number = self._given.get(wanted.key, 0)
            self._given[wanted.key] = number + 1
        _, responses = self._held.get(wanted.key, (wanted, []))
        if number < len(responses):
            return responses[number]
        if len(responses) == 1:
            return responses[0]
        error = ReplayError(self._complaint(wanted, len(responses)))
        self.failure = self.failure or error
        raise error

    def _complaint(self, wanted: Asked, times: int) -> str:
        name = self._tape.path.name
        who = f"`{wanted.predictor}`" if wanted.predictor else f"the model `{wanted.model}`"
        start = f'{who} in the test "{self._title}" sends a request that {name} does not contain'
        again = "record it again with `dspyc test --record`"
        if not self._tape.path.exists():
            return f"{start}: there is no such file; record it with `dspyc test --record`"
        if times:
            return f"{start}: the same request was recorded {times} times; {again}"
        everything = [each for each, _ in self._held.values()]
        others = [each for each in everything if each.predictor == wanted.predictor] or everything
        if not others:
            return f"{start}: nothing was recorded for this test; {again}"
        nearest = min((differences(each, wanted) for each in others), key=len)
        return f"{start}: {'; '.join(nearest)}. If that is intended, {again}"
