"""Scripted models that learn as models do: from the demos in the prompt, or from training."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from itertools import pairwise
from typing import Any

from dspyc.runtime.lm.base import BaseLM
from dspyc.runtime.lm.request import Request, Response

_SECTION = re.compile(r"\[\[ ## (\w+) ## \]\]\n(.*?)(?=\n\n\[\[ ## |\n\nRespond with|\Z)", re.DOTALL)

Fields = dict[str, str]

_LEARNED: dict[str, list[tuple[Fields, Fields]]] = {}


class Neighbour(BaseLM):
    """Answers as the nearest demo in the prompt, or the nearest conversation it was trained on, was answered.

    Near is whose inputs share words with the question. Where nothing shares a word the answer is `otherwise`.
    It keeps what it was asked, and can be told to fail on inputs.
    """

    model = "test/neighbour"

    def __init__(
        self,
        otherwise: Mapping[str, str] | None = None,
        known: Sequence[tuple[Fields, Fields]] = (),
        fails: Callable[[Fields], bool] = lambda inputs: False,
        trainable: bool = True,
    ) -> None:
        self.otherwise = dict(otherwise or {})
        self.known = list(known)
        self.fails = fails
        self.trainable = trainable
        self.kwargs = {}
        self.asked: list[Fields] = []
        self.killed = 0
        self.trained: list[tuple[list[dict[str, Any]], Any, Any]] = []
        self._lock = threading.Lock()

    def complete(self, request: Request) -> Response:
        """Answer in ChatAdapter's format."""
        inputs = sections(request.messages[-1]["content"])
        with self._lock:
            self.asked.append(inputs)
        if self.fails(inputs):
            raise RuntimeError("the model is out of order")
        wanted = _wanted(request.messages)
        pairs = [*_pairs(request.messages[:-1]), *self.known, *_LEARNED.get(self.model, ())]
        answer = self._nearest(inputs, pairs)
        return Response((written({name: answer.get(name, "nothing") for name in wanted}),))

    async def acomplete(self, request: Request) -> Response:
        """The same; nothing is waited for."""
        return self.complete(request)

    def finetune(
        self, train_data: list[dict[str, Any]], train_data_format: Any = None, train_kwargs: Any = None
    ) -> Future[Any]:
        """Learn the conversations by heart, at once; the result is a copy of the model that knows them."""
        self.trained.append((train_data, train_data_format, train_kwargs))
        job: Future[Any] = Future()
        if (train_kwargs or {}).get("breaks"):
            job.set_exception(RuntimeError("the training ran out of memory"))
            return job
        trained = self.copy(model=f"{self.model}-trained-{len(self.trained)}")
        trained.asked = []
        # What was learned goes with the model's name, as weights do with their file.
        _LEARNED[trained.model] = [pair for row in train_data for pair in _pairs(row["messages"])]
        job.set_result(trained)
        return job

    def kill(self) -> None:
        """Count that it was stopped."""
        self.killed += 1

    def _nearest(self, inputs: Fields, pairs: list[tuple[Fields, Fields]]) -> Fields:
        scored = [(_shared(inputs, asked), -number) for number, (asked, _) in enumerate(pairs)]
        best = max(scored, default=(0.0, 0))
        return pairs[-best[1]][1] if best[0] > 0 else self.otherwise


def sections(text: str) -> Fields:
    """The fields of a message."""
    found = {name: value.strip() for name, value in _SECTION.findall(text)}
    return {name: value for name, value in found.items() if name != "completed"}


def written(fields: Mapping[str, str]) -> str:
    """Fields as an answer."""
    body = "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())
    return f"{body}\n\n[[ ## completed ## ]]"


def _pairs(messages: Sequence[Any]) -> list[tuple[Fields, Fields]]:
    return [
        (sections(asked["content"]), sections(answer["content"]))
        for asked, answer in pairwise(messages)
        if asked["role"] == "user" and answer["role"] == "assistant"
    ]


def _wanted(messages: Sequence[Any]) -> list[str]:
    system = messages[0]["content"]
    outputs = system.partition("Your output fields are:")[2].partition("All interactions")[0]
    return re.findall(r"^\d+\. `(\w+)`", outputs, re.MULTILINE)


def _shared(one: Fields, other: Fields) -> float:
    here, there = _words(one), _words(other)
    return len(here & there) / max(len(here | there), 1)


def _words(fields: Fields) -> set[str]:
    words = re.findall(r"\w+", " ".join(fields.values()).lower())
    return {word for word in words if len(word) > 3}
