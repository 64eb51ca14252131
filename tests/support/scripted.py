"""A model for tests of concurrency: it answers from its prompt, after a wait, and writes down when."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any

from dspyc.runtime import BaseLM, ChatAdapter
from dspyc.runtime.lm.request import Request, Response

_FIELD = re.compile(r"\[\[ ## (\w+) ## \]\]\n(.*?)(?=\n\n\[\[ ## |\n\nRespond with)", re.S)


class ScriptedLM(BaseLM):
    """Answers with what a function makes of the inputs; counts the requests that are in flight.

    Args:
        answer: the inputs by name (as texts) to the outputs by name, or an error to raise.
        delay: the inputs to the number of turns of the event loop that the answer takes.
    """

    model = "scripted"

    def __init__(
        self,
        answer: Callable[[dict[str, str]], Mapping[str, Any] | Exception],
        delay: Callable[[dict[str, str]], int] = lambda inputs: 1,
    ) -> None:
        self.answer = answer
        self.delay = delay
        self.kwargs = {}
        self.events: list[str] = []
        self.prompts: list[str] = []
        self.in_flight = 0
        self.most_in_flight = 0

    def complete(self, request: Request) -> Response:
        assert asyncio._get_running_loop() is None, "only where no event loop runs is it asked in place"
        inputs = self._asked(request)
        self.events.append(f"start {_name(inputs)}")
        return self._reply(inputs)

    async def acomplete(self, request: Request) -> Response:
        inputs = self._asked(request)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.events.append(f"start {_name(inputs)}")
        try:
            for _ in range(self.delay(inputs) * 10):
                await asyncio.sleep(0)
            self.events.append(f"end {_name(inputs)}")
            return self._reply(inputs)
        except asyncio.CancelledError:
            self.events.append(f"cancelled {_name(inputs)}")
            raise
        finally:
            self.in_flight -= 1

    def _asked(self, request: Request) -> dict[str, str]:
        prompt: str = request.messages[-1]["content"]
        self.prompts.append(prompt)
        return dict(_FIELD.findall(prompt))

    def _reply(self, inputs: dict[str, str]) -> Response:
        answer = self.answer(inputs)
        if isinstance(answer, Exception):
            raise answer
        return Response((ChatAdapter().format_answer(answer),), finish_reason="stop")


def _name(inputs: Mapping[str, str]) -> str:
    return next(iter(inputs.values()), "")


def echo(inputs: dict[str, str]) -> dict[str, str]:
    """The first input with brackets around it, as `answer`."""
    return {"answer": f"<{_name(inputs)}>"}
