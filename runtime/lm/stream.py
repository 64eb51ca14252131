"""Answers in pieces: what a model writes as it writes it, and the response that the pieces make."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from ...base.frozen import frozen_record
from .messages import EMPTY, Part, Reasoning, Text, ToolCall
from .request import Completion, Response


@frozen_record
class ToolCallPiece:
    """A piece of a tool call: `index` says which call of the answer it continues."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@frozen_record
class Delta:
    """A piece of an answer; what it does not bring is empty or None.

    Attributes:
        index: which of the answers asked for it belongs to.
        text: the next characters of the text.
        reasoning: the next characters of what the model thinks.
        tool_calls: pieces of tool calls.
        parts: whole parts of another kind, and the provider's own form of the reasoning that came.
        finish_reason: why the model stopped; in the last piece of an answer.
        logprobs: the log probabilities of this piece's tokens, OpenAI's `content` list.
        usage: the counts of the whole request; in the last piece of all.
        cost: of the whole request, in US dollars.
        model: the model's name as the provider gives it.
        id: the provider's name for the answer.
        cache_hit: whether it is from the cache.
        answered_by: the model that answers, where it is not the one that was asked.
    """

    index: int = 0
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCallPiece, ...] = ()
    parts: tuple[Part, ...] = ()
    finish_reason: str | None = None
    logprobs: Any = None
    usage: Mapping[str, Any] = EMPTY
    cost: float | None = None
    model: str | None = None
    id: str | None = None
    cache_hit: bool = False
    answered_by: str | None = None


class Collector:
    """Puts deltas together; `response` is what they make so far."""

    def __init__(self) -> None:
        self._answers: dict[int, _Answer] = {}
        self._facts: dict[str, Any] = {}

    def add(self, delta: Delta) -> None:
        """Take the next piece."""
        for name in ("usage", "cost", "model", "id", "answered_by"):
            if (value := getattr(delta, name)) not in (None, {}):
                self._facts[name] = value
        brings = (
            delta.text or delta.reasoning or delta.tool_calls or delta.parts or delta.finish_reason
        ) or delta.logprobs is not None
        if brings or delta.index in self._answers:
            self._answers.setdefault(delta.index, _Answer()).add(delta)

    @property
    def response(self) -> Response:
        """The answers as far as they have come."""
        answers = [self._answers[index].completion() for index in sorted(self._answers)]
        return Response(answers, **self._facts)


class _Answer:
    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.blocks: list[Mapping[str, Any]] = []
        self.calls: dict[int, ToolCallPiece] = {}
        self.parts: list[Part] = []
        self.logprobs: list[Any] = []
        self.finish_reason: str | None = None

    def add(self, delta: Delta) -> None:
        if delta.text:
            self.text.append(delta.text)
        if delta.reasoning:
            self.reasoning.append(delta.reasoning)
        for part in delta.parts:
            if isinstance(part, Reasoning):
                self.reasoning += filter(None, [part.text])
                self.blocks += part.blocks
            else:
                self.parts.append(part)
        if delta.finish_reason:
            self.finish_reason = delta.finish_reason
        if delta.logprobs is not None:
            content = delta.logprobs.get("content") if isinstance(delta.logprobs, Mapping) else None
            self.logprobs += content or ()
        for piece in delta.tool_calls:
            before = self.calls.get(piece.index, ToolCallPiece(piece.index))
            self.calls[piece.index] = ToolCallPiece(
                piece.index,
                before.id or piece.id,
                before.name or piece.name,
                before.arguments + piece.arguments,
            )

    def completion(self) -> Completion:
        parts: list[Part] = []
        if self.reasoning or self.blocks:
            parts.append(Reasoning("".join(self.reasoning), tuple(self.blocks)))
        if self.text:
            parts.append(Text("".join(self.text)))
        parts += self.parts
        parts += [ToolCall(call.id, call.name, call.arguments) for _, call in sorted(self.calls.items())]
        logprobs = {"content": self.logprobs} if self.logprobs else None
        return Completion(tuple(parts), self.finish_reason, logprobs)


def collect(deltas: Iterable[Delta]) -> Response:
    """The response that pieces make."""
    collector = Collector()
    for delta in deltas:
        collector.add(delta)
    return collector.response


async def acollect(deltas: AsyncIterator[Delta]) -> Response:
    """The response that the pieces of a stream make."""
    collector = Collector()
    async for delta in deltas:
        collector.add(delta)
    return collector.response


def other_parts(completion: Completion) -> tuple[Part, ...]:
    """What an answer has beside texts and calls: whole parts, and the provider's form of its reasoning."""
    blocks = tuple(block for part in completion.parts if isinstance(part, Reasoning) for block in part.blocks)
    whole = tuple(part for part in completion.parts if not isinstance(part, (Text, Reasoning, ToolCall)))
    return (Reasoning("", blocks), *whole) if blocks else whole


def as_deltas(response: Response) -> list[Delta]:
    """A whole response in pieces, one for each answer, as a model that cannot stream gives it.

    The last one brings usage and cost; a response without answers is one piece that brings only these.
    """
    deltas = [
        Delta(
            index=index,
            text=completion.text,
            reasoning=completion.reasoning,
            tool_calls=tuple(
                ToolCallPiece(number, call.id, call.name, call.arguments)
                for number, call in enumerate(completion.tool_calls)
            ),
            parts=other_parts(completion),
            finish_reason=completion.finish_reason,
            logprobs=completion.logprobs,
            cache_hit=response.cache_hit,
        )
        for index, completion in enumerate(response.completions)
    ]
    last = Delta(
        usage=response.usage,
        cost=response.cost,
        model=response.model,
        id=response.id,
        cache_hit=response.cache_hit,
        answered_by=response.answered_by,
    )
    return [*deltas, last]
