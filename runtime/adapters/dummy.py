"""`DummyLM`: a model for tests that answers what it was told to, in the adapter's own format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from ...base.forks import new_lock
from ..lm.base import BaseLM
from ..lm.history import text_of
from ..lm.request import Request, Response
from .chat import ChatAdapter


class DummyLM(BaseLM):
    """A scripted model.

    There are three ways to script it:

        DummyLM([{"answer": "red"}, {"answer": "blue"}])          # one after another
        DummyLM({"What color is the sky?": {"answer": "blue"}})   # by a text in the last message
        DummyLM([{"answer": "red"}], follow_examples=True)        # like a demo with the same input

    At the end of the list, or when no text fits, the answer is "No more responses".

    Args:
        answers: the answers, as fields and values; a plain string is sent as it is.
        follow_examples: answer like the demo in the prompt that has the same input.
        reasoning: put a `reasoning` field before each answer's own.
        adapter: whose format to answer in; `ChatAdapter` when None.
    """

    model = "dummy"
    in_process = True

    def __init__(
        self,
        answers: Iterable[Mapping[str, Any] | str] | Mapping[str, Mapping[str, Any] | str],
        follow_examples: bool = False,
        reasoning: bool = False,
        adapter: Any = None,
    ) -> None:
        self.answers: Any = answers if isinstance(answers, Mapping) else iter(answers)
        self.follow_examples = follow_examples
        self.reasoning = reasoning
        self.adapter = adapter or ChatAdapter()
        self.kwargs = {"temperature": 0.0, "max_tokens": 1000}
        self.excuse: str | None = None
        """Why the last answer was none of those it was told; an error that comes of it says so."""
        self._lock = new_lock()

    def __getstate__(self) -> dict[str, Any]:
        # To another process go the answers, without the lock.
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = new_lock()

    def complete(self, request: Request) -> Response:
        """Give the next answers, as many as the request asks for."""
        count = request.settings.get("n") or 1
        with self._lock:
            return Response(
                tuple(self._answer(request.openai_messages) for _ in range(count)), finish_reason="stop"
            )

    async def acomplete(self, request: Request) -> Response:
        """Give the next answers, without a thread."""
        return self.complete(request)

    def get_convo(self, index: int) -> tuple[list[dict[str, Any]], list[str]]:
        """What was sent and answered in the call with this number."""
        entry = self.history[index]
        return entry["messages"], entry["outputs"]

    def _answer(self, messages: list[dict[str, Any]]) -> str:
        self.excuse = None
        if self.follow_examples and (found := _answer_of_example(messages)) is not None:
            return found
        if isinstance(self.answers, Mapping):
            last = text_of(messages[-1]["content"])
            answer = next((answer for text, answer in self.answers.items() if text in last), None)
            excuse = _NO_TEXT
        else:
            answer = next(self.answers, None)
            excuse = _AT_THE_END
        if answer is None:
            self.excuse, answer = excuse, _NOTHING
        return self._format(answer)

    def _format(self, answer: Mapping[str, Any] | str) -> str:
        if isinstance(answer, str):
            return answer
        if self.reasoning:
            answer = {"reasoning": "Because.", **answer}
        text: str = self.adapter.format_answer(answer)
        return text


_NOTHING = {"answer": "No more responses"}
_AT_THE_END = "the scripted model (DummyLM) has no answers left; give its list one for each call"
_NO_TEXT = "no text of the scripted model (DummyLM) is in the last message; its keys are texts of the inputs"


def _answer_of_example(messages: list[dict[str, Any]]) -> str | None:
    wanted = text_of(messages[-1]["content"]).split("\n\n")[0]
    pairs = list(pairwise(messages))
    for question, answer in reversed(pairs):
        are_a_pair = question["role"] == "user" and answer["role"] == "assistant"
        if are_a_pair and wanted in text_of(question["content"]):
            text: str = answer["content"]
            return text
    return None
