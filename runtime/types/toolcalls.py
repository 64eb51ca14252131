"""`ToolCalls`: the calls of tools that a model asks for; `ToolCallResults`: what they returned."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import (
    BaseModel,
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from ..errors import ToolError, ToolRunError
from ..execution import drive
from .content import InAnswer, InPrompt
from .type import Type


class ToolCall(Type):
    """One call: the tool's name, and its arguments by name. `id` is the provider's, None for a call that was
    read from a text.
    """

    id: str | None = None
    name: str
    args: dict[str, Any] = Field(default_factory=dict)

    def format(self) -> Any:
        """The call as a prompt shows it."""
        return {"name": self.name, "args": self.args}

    def execute(self, functions: Any = None) -> Any:
        """Call the tool and return its result.

        Args:
            functions: the tools and functions that may be called: a list, or a dict by name. No others are
                ever called, whatever the model asks for.

        Raises:
            ToolError: there is no tool of this name.
            ToolRunError: the tool failed.
        """
        return drive.drive(self.aexecute(functions))

    async def aexecute(self, functions: Any = None) -> Any:
        """Call the tool from asynchronous code; see `execute`."""
        tools = by_name(functions)
        if self.name not in tools:
            known = ", ".join(tools) or "none; pass the tools: `call.execute(tools)`"
            raise ToolError(f"the tool `{self.name}` was not found (known tools: {known})")
        try:
            return await drive.call_function(tools[self.name], **self.args)
        except Exception as error:
            raise ToolRunError(f"the tool `{self.name}` failed: {error}") from error

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        schema = _without(cls, core_schema, handler, "id")
        schema["properties"]["args"] = {"type": "object", "additionalProperties": True, "title": "Args"}
        schema["required"] = ["name", "args"]
        return schema


class ToolCalls(Type):
    """The calls that a model asks for: `prediction.calls.tool_calls` is a list of `ToolCall`s.

    It is the type of an output, beside an input `tools: list[Tool]`. With native function calling the
    provider fills it, else the model writes it into its answer.
    """

    tool_calls: list[ToolCall]
    tool_call_results: Any | None = None

    @classmethod
    def from_dict_list(cls, tool_calls_dicts: Iterable[Mapping[str, Any]]) -> ToolCalls:
        """The calls of dicts with `name` and `args`, or of OpenAI's form."""
        return cls.model_validate({"tool_calls": list(tool_calls_dicts)})

    @classmethod
    def description(cls) -> str:
        """What the model is told about the form."""
        return (
            "Tool calls must be a JSON object with `tool_calls`, a list of calls. "
            "Each call must include `name` and `args`. "
            'Example: {"tool_calls": [{"name": "search", "args": {"query": "cats"}}]}'
        )

    def format(self) -> Any:
        """The calls as a prompt shows them."""
        return {"tool_calls": [call.format() for call in self.tool_calls]}

    @model_serializer(mode="wrap")
    def _serialized(self, plain: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:
        if not isinstance(info.context, (InPrompt, InAnswer)):
            return plain(self)
        shown = self.format()
        if self.tool_call_results is not None:
            shown["tool_call_results"] = plain(self)["tool_call_results"]
        return shown

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if isinstance(given, cls):
            return given
        if isinstance(given, Mapping) and "tool_calls" in given:
            calls = given["tool_calls"]
            read = [_read_call(each) for each in calls] if isinstance(calls, list) else calls
            return {**given, "tool_calls": read}
        if isinstance(given, list) and all(_is_call(each) for each in given):
            return {"tool_calls": [_read_call(each) for each in given]}
        if _is_call(given):
            return {"tool_calls": [_read_call(given)]}
        raise ValueError('must be tool calls, such as {"tool_calls": [{"name": "…", "args": {…}}]}')

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        return _without(cls, core_schema, handler, "tool_call_results")


ToolCalls.ToolCall = ToolCall  # type: ignore[attr-defined]  # DSPy's name of it


class ToolCallResult(BaseModel):
    """What one call returned; `is_error` says that `value` is an error's text."""

    call_id: str | None = None
    name: str
    value: Any
    is_error: bool = False


class ToolCallResults(BaseModel):
    """What calls of tools returned, in their order; in a conversation it goes back to the model."""

    tool_call_results: list[ToolCallResult]

    @classmethod
    def from_tool_calls_and_values(
        cls,
        tool_calls: ToolCalls | Sequence[ToolCall],
        values: Sequence[Any],
        is_errors: Sequence[bool] | None = None,
    ) -> ToolCallResults:
        """The results of calls.

        Args:
            tool_calls: the calls.
            values: what each returned.
            is_errors: whether each failed; none when None.

        Raises:
            ValueError: there are not as many values as calls.
        """
        calls = tool_calls.tool_calls if isinstance(tool_calls, ToolCalls) else tool_calls
        errors = [False] * len(calls) if is_errors is None else is_errors
        if not len(calls) == len(values) == len(errors):
            raise ValueError("`tool_calls`, `values` and `is_errors` must have the same length")
        return cls(
            tool_call_results=[
                ToolCallResult(call_id=call.id, name=call.name, value=value, is_error=failed)
                for call, value, failed in zip(calls, values, errors, strict=True)
            ]
        )

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if isinstance(given, list):
            return {"tool_call_results": given}
        if (
            isinstance(given, Mapping)
            and "tool_call_results" not in given
            and {"name", "value"} <= given.keys()
        ):
            return {"tool_call_results": [given]}
        return given


def by_name(functions: Any) -> dict[str, Any]:
    """Tools and functions by their names."""
    if isinstance(functions, Mapping):
        return dict(functions)
    return {getattr(each, "name", None) or each.__name__: each for each in functions or ()}


def _is_call(given: Any) -> bool:
    if isinstance(given, ToolCall):
        return True
    return isinstance(given, Mapping) and (
        "function" in given or ("name" in given and ("args" in given or "arguments" in given))
    )


def _read_call(given: Any) -> Any:
    """A call in our own form: from that of a provider, or with its arguments as JSON text."""
    if not isinstance(given, Mapping):
        return given
    function = given.get("function")
    inner: Mapping[str, Any] = function if isinstance(function, Mapping) else given
    arguments = inner.get("args", inner.get("arguments", {}))
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments) if arguments.strip() else {}
        except (ValueError, RecursionError):
            raise ValueError(f"the arguments of a call are not a JSON object: {arguments[:120]!r}") from None
    name = inner.get("name") or (function if isinstance(function, str) else given.get("name"))
    return {"id": given.get("id") or given.get("call_id"), "name": name, "args": arguments or {}}


def _without(cls: Any, core_schema: Any, handler: Any, name: str) -> dict[str, Any]:
    """A record's JSON schema without an attribute that is not for the model to write."""
    schema: dict[str, Any] = handler.resolve_ref_schema(handler(core_schema))
    schema.get("properties", {}).pop(name, None)
    schema.pop("description", None)  # what stands here is said to those who write programs
    if "required" in schema:
        schema["required"] = [each for each in schema["required"] if each != name]
    return schema
