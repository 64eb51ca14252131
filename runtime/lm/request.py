"""What goes to a model and what comes back, independent of who serves it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

from ...base.frozen import frozen_record
from .capabilities import ModelType
from .messages import (
    EMPTY,
    Message,
    Native,
    OutputFormat,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolSpec,
    join_text,
)
from .openai_shapes import read_messages, render_messages

GivenMessage: TypeAlias = Message | Mapping[str, Any]
"""A message in parts, or in the form of OpenAI's dict, as DSPy's programs write it."""

ATTEMPT = "dspyc_attempt"
"""The setting by which a transport is told how many attempts there were before."""
NOT_SENT = frozenset(
    {"rollout_id", "cache", "accept_truncated", "deadline", "probabilities", "use_developer_role"}
)
"""Request settings that are for us, never for a provider."""
TRUNCATED = "length"
"""The finish reason of an answer that was cut off at the limit of tokens."""
FILTERED = frozenset({"content_filter", "content-filter", "safety", "refusal"})
"""Finish reasons of answers that a provider's filter has stopped."""


@frozen_record
class Request:
    """One request to a model.

    Attributes:
        model: the model's name.
        given: the conversation, as it was given: messages in parts or OpenAI's dicts.
        settings: sampling settings, stop sequences and whatever else the provider takes.
        model_type: `chat`, `text` for a model that continues a text, or `responses` for OpenAI's API of that
            name.
        prompt: the text, for a text model, or the one message of a call `lm("…")`.
        tools: what the model may call, where the provider takes tools.
        output: a schema or grammar that the provider holds the answer to; only where the model's
            capabilities have it.
    """

    model: str
    given: Sequence[GivenMessage]
    settings: Mapping[str, Any]
    model_type: ModelType
    prompt: str | None
    tools: tuple[ToolSpec, ...]
    output: OutputFormat | None
    _fill: ClassVar[Callable[..., None]]

    def __init__(
        self,
        model: str,
        messages: Sequence[GivenMessage],
        settings: Mapping[str, Any] = EMPTY,
        model_type: ModelType = "chat",
        prompt: str | None = None,
        tools: tuple[ToolSpec, ...] = (),
        output: OutputFormat | None = None,
    ) -> None:
        self._fill(model, messages, settings, model_type, prompt, tools, output)

    def __repr__(self) -> str:
        # Settings may hold keys.
        return f"Request({self.model!r}, {len(self.given)} messages)"

    @property
    def messages(self) -> tuple[Message, ...]:
        """The conversation, in parts."""
        return read_messages(self.given)

    @property
    def openai_messages(self) -> list[dict[str, Any]]:
        """The conversation, as OpenAI's dicts."""
        return render_messages(self.given)

    @property
    def text_prompt(self) -> str:
        """The one text that a text model continues."""
        return self.prompt or "\n\n".join(
            [*(str(message["content"]) for message in self.openai_messages), "BEGIN RESPONSE:"]
        )

    @property
    def kwargs(self) -> Mapping[str, Any]:
        """The settings, under DSPy's name."""
        return self.settings

    @property
    def sent_settings(self) -> dict[str, Any]:
        """The settings without those that are only ours, and without those set to None; with the tools and
        the format of the answer in OpenAI's form.
        """
        sent = {
            name: value for name, value in self.settings.items() if name not in NOT_SENT and value is not None
        }
        if self.tools:
            sent["tools"] = [tool.as_openai() for tool in self.tools]
        if self.output is not None:
            sent |= self.output.as_settings()
        return sent

    def with_settings(self, changes: Mapping[str, Any]) -> Request:
        """The request with some settings changed."""
        settings = {**self.settings, **changes}
        return Request(
            self.model, self.given, settings, self.model_type, self.prompt, self.tools, self.output
        )


@frozen_record
class Completion:
    """One answer: its parts, why the model stopped, and the log probabilities where they were asked for.

    One that is a text alone, as most are, may be made of that, and keeps no more; its `parts` are made when
    they are looked at.
    """

    __match_args__ = ("parts", "finish_reason", "logprobs")
    given: tuple[Part, ...] | str
    finish_reason: str | None
    logprobs: Any
    _fill: ClassVar[Callable[..., None]]

    def __init__(
        self, parts: Iterable[Part] | str, finish_reason: str | None = None, logprobs: Any = None
    ) -> None:
        if not isinstance(parts, str):
            parts = tuple(parts) if parts else ()
            if len(parts) == 1 and type(parts[0]) is Text:
                text = parts[0].text
                parts = text if isinstance(text, str) else parts
        self._fill(parts, finish_reason, logprobs)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._fill(*state)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What the answer is made of."""
        given = self.given
        return (Text(given),) if isinstance(given, str) else given

    @property
    def text(self) -> str:
        """The answer's text; empty for one that only calls tools."""
        given = self.given
        return given if isinstance(given, str) else join_text(given)

    @property
    def reasoning(self) -> str:
        """What the model thought before, where the provider shows it."""
        return "".join(part.text for part in self.parts if isinstance(part, Reasoning))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that the model asks for."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def citations(self) -> tuple[Mapping[str, Any], ...]:
        """What was cited, where the provider says it."""
        natives = [part.value for part in self.parts if isinstance(part, Native)]
        return tuple(value["citation"] for value in natives if value.get("type") == "citation")

    @property
    def is_truncated(self) -> bool:
        """Whether the model stopped because it had written as much as it may."""
        return self.finish_reason == TRUNCATED

    @property
    def is_filtered(self) -> bool:
        """Whether a filter of the provider stopped the answer."""
        return self.finish_reason in FILTERED

    @property
    def is_empty(self) -> bool:
        """Whether there is neither text nor a tool call."""
        return not any(
            part.text.strip() if isinstance(part, Text) else not isinstance(part, Reasoning)
            for part in self.parts
        )

    @property
    def is_good(self) -> bool:
        """Whether it is a whole answer, which may be kept."""
        return not (self.is_truncated or self.is_filtered or self.is_empty)


@frozen_record
class Response:
    """What a model answered: one completion for each answer asked for.

    `usage` has OpenAI's names (`prompt_tokens`, `completion_tokens`, `total_tokens`) and is empty for an
    answer from the cache; `cost` is in US dollars, None when it is not known.
    """

    completions: tuple[Completion, ...]
    usage: Mapping[str, Any]
    cost: float | None
    model: str | None
    id: str | None
    cache_hit: bool
    answered_by: str | None
    """The model that answered, where it is not the one that was asked; see `fallbacks` of `LM`."""
    _fill: ClassVar[Callable[..., None]]

    def __init__(
        self,
        completions: Iterable[Completion | str],
        usage: Mapping[str, Any] = EMPTY,
        cost: float | None = None,
        finish_reason: str | None = None,
        model: str | None = None,
        id: str | None = None,  # noqa: A002 the field's name
        cache_hit: bool = False,
        answered_by: str | None = None,
    ) -> None:
        """Make a response of completions, or of texts, which share `finish_reason`."""
        made = [Completion(each, finish_reason) if isinstance(each, str) else each for each in completions]
        self._fill(tuple(made), usage, cost, model, id, cache_hit, answered_by)

    @property
    def texts(self) -> tuple[str, ...]:
        """The answers' texts."""
        return tuple([completion.text for completion in self.completions])

    @property
    def text(self) -> str:
        """The first answer's text."""
        return self.completions[0].text

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped: `length` when one of the answers was cut off, else the first answer's."""
        if any(completion.is_truncated for completion in self.completions):
            return "length"
        return self.completions[0].finish_reason if self.completions else None

    @property
    def is_truncated(self) -> bool:
        """Whether an answer was cut off at the limit of tokens."""
        return any(completion.is_truncated for completion in self.completions)

    @property
    def is_good(self) -> bool:
        """Whether there are answers and all of them are whole, so that they may be kept."""
        return bool(self.completions) and all(completion.is_good for completion in self.completions)

    def as_hit(self) -> Response:
        """The same answers as they come from the cache: without usage and cost."""
        return Response(
            self.completions, model=self.model, id=self.id, cache_hit=True, answered_by=self.answered_by
        )

    def answered_by_another(self, model: str) -> Response:
        """The same answers, as those of another model than the one that was asked."""
        return Response(
            self.completions,
            self.usage,
            self.cost,
            model=self.model or model,
            id=self.id,
            cache_hit=self.cache_hit,
            answered_by=self.answered_by or model,
        )
