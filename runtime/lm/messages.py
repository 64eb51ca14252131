"""What a model is told and what it says, in parts: text, pictures, tool calls and the rest, as frozen data.

OpenAI's dicts stay at the doors: each part renders itself as one (`as_openai`), and `openai_shapes.py` reads
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

from ...base.frozen import EmptyDict, frozen_record
from .capabilities import GrammarSetting

EMPTY: Mapping[str, Any] = EmptyDict()
"""What stands for no settings, counts or entries; all values share it, so it gets none."""
Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool", "function"]


@frozen_record
class Text:
    """Plain text."""

    text: str

    def as_openai(self) -> dict[str, Any]:
        """OpenAI's dict of it."""
        return {"type": "text", "text": self.text}


@frozen_record
class Image:
    """An image: a URL that the provider fetches, or a `data:` URL that contains it."""

    url: str
    detail: str | None = None

    def as_openai(self) -> dict[str, Any]:
        """OpenAI's dict of it."""
        return {"type": "image_url", "image_url": _given(url=self.url, detail=self.detail)}


@frozen_record
class Audio:
    """Audio, in base64, and its format (`wav`, `mp3`)."""

    data: str
    format: str

    def as_openai(self) -> dict[str, Any]:
        """OpenAI's dict of it."""
        return {"type": "input_audio", "input_audio": {"data": self.data, "format": self.format}}


@frozen_record
class File:
    """A document: its content as a `data:` URL, or the provider's identifier of an uploaded one."""

    data: str | None = None
    id: str | None = None
    name: str | None = None

    def as_openai(self) -> dict[str, Any]:
        """OpenAI's dict of it."""
        return {"type": "file", "file": _given(file_data=self.data, file_id=self.id, filename=self.name)}


@frozen_record
class ToolCall:
    """A call that the model asks for; `arguments` is the JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str

    def as_openai(self) -> dict[str, Any]:
        """OpenAI's dict of it."""
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.id, "type": "function", "function": function}


@frozen_record
class ToolResult:
    """What a tool returned for the call with this identifier."""

    call_id: str
    content: str
    name: str | None = None


@frozen_record
class Reasoning:
    """What the model thought before it answered, where the provider shows it.

    `blocks` are the provider's own form of it, which some want back unchanged in the next request.
    """

    text: str
    blocks: tuple[Mapping[str, Any], ...] = ()


@frozen_record
class Native:
    """A part in the provider's own form, passed on unchanged; `value` has OpenAI's `type`."""

    value: Mapping[str, Any]

    def as_openai(self) -> Any:
        """OpenAI's dict of it."""
        return self.value


Part: TypeAlias = Text | Image | Audio | File | ToolCall | ToolResult | Reasoning | Native


@frozen_record
class Message:
    """One message of a conversation.

    `message["role"]` and `message["content"]` read it as OpenAI's dict does. `extra` holds entries of such a
    dict that have no part, as `name`.
    """

    role: str
    parts: tuple[Part, ...]
    extra: Mapping[str, Any] = EMPTY

    @property
    def text(self) -> str:
        """The message's text, its text parts joined."""
        return join_text(self.parts)

    def as_openai(self) -> dict[str, Any]:
        """The message as OpenAI's dict."""
        parts = self.parts
        if len(parts) == 1 and type(parts[0]) is Text:
            return {"role": self.role, "content": parts[0].text, **self.extra}
        rendered: dict[str, Any] = {"role": self.role, "content": _content(parts)}
        for part in parts:
            if isinstance(part, ToolCall):
                rendered.setdefault("tool_calls", []).append(part.as_openai())
            elif isinstance(part, ToolResult):
                rendered |= {"tool_call_id": part.call_id, **_given(name=part.name)}
            elif isinstance(part, Reasoning):
                rendered["reasoning_content"] = rendered.get("reasoning_content", "") + part.text
        return rendered | dict(self.extra)

    def __getitem__(self, key: str) -> Any:
        return self.as_openai()[key]

    def keys(self) -> Iterator[str]:
        """The names of OpenAI's entries, so that `dict(message)` is OpenAI's form."""
        return iter(self.as_openai())


def _content(parts: tuple[Part, ...]) -> Any:
    """The content of OpenAI's dict: a text, a list of parts, or None for a message that only calls tools."""
    if results := [part.content for part in parts if isinstance(part, ToolResult)]:
        return "\n".join(results)
    shown = [part for part in parts if not isinstance(part, (ToolCall, ToolResult, Reasoning))]
    if not shown:
        return None if any(isinstance(part, ToolCall) for part in parts) else ""
    if len(shown) == 1 and isinstance(shown[0], Text):
        return shown[0].text
    return [part.as_openai() for part in shown]


def _given(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


@frozen_record
class ToolSpec:
    """A tool that the model may call, for providers that take tools: its arguments as a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]

    def as_openai(self) -> dict[str, Any]:
        """OpenAI's dict of it."""
        facts = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": facts}


@frozen_record
class Schema:
    """Enforces a JSON schema on the answer, if the provider can."""

    name: str
    schema: Mapping[str, Any]
    strict: bool = True

    def as_settings(self) -> dict[str, Any]:
        """The setting of a request that asks for it."""
        facts = {"name": self.name, "schema": dict(self.schema), "strict": self.strict}
        return {"response_format": {"type": "json_schema", "json_schema": facts}}


@frozen_record
class Grammar:
    """Enforces a GBNF grammar on the answer, if the model's server can.

    `setting` is the server's name for it: llama.cpp's `grammar`, vLLM's `structured_outputs` (before version
    0.12 `guided_grammar`), SGLang's `ebnf`.
    """

    text: str
    setting: GrammarSetting = "grammar"

    def as_settings(self) -> dict[str, Any]:
        """The setting of a request that asks for it."""
        if self.setting == "structured_outputs":
            return {self.setting: {"grammar": self.text}}
        return {self.setting: self.text}


@frozen_record
class JsonObject:
    """Enforces that the answer is a JSON object, whatever is in it."""

    def as_settings(self) -> dict[str, Any]:
        """The setting of a request that asks for it."""
        return {"response_format": {"type": "json_object"}}


OutputFormat: TypeAlias = Schema | Grammar | JsonObject
"""How a provider is to hold the answer."""


def join_text(parts: tuple[Part, ...]) -> str:
    """The text of the text parts, without anything between them."""
    if len(parts) == 1 and type(parts[0]) is Text:
        return parts[0].text
    return "".join(part.text for part in parts if isinstance(part, Text))
