"""Earlier turns of a conversation as messages: fields, messages of a chat, tools' calls and results."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from ..signature.fields import InputField
from ..signature.signature import Signature, make_signature
from ..values import rendering

_RESULTS = "tool_call_results"


class Formatter(Protocol):
    """What an adapter is asked here."""

    use_native_function_calling: bool

    def format_user_message_content(
        self,
        signature: type[Signature],
        inputs: Mapping[str, Any],
        prefix: str = "",
        suffix: str = "",
        main_request: bool = False,
    ) -> str:
        """The inputs of a turn."""
        ...

    def format_assistant_message_content(
        self,
        signature: type[Signature],
        outputs: Mapping[str, Any],
        missing_field_message: str | None = None,
    ) -> str:
        """The outputs of a turn."""
        ...


def format_turn(
    adapter: Formatter, signature: type[Signature], turn: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """One turn of a conversation as messages: what was asked, and what was answered.

    Args:
        adapter: writes the fields.
        signature: without the history field.
        turn: fields by name, or one message of a chat.
    """
    if "role" in turn and signature.fields.keys().isdisjoint(turn):
        return [{"role": turn["role"], "content": _chat_text(turn.get("content"))}]
    messages: list[dict[str, Any]] = []
    asked = any(name in turn for name in signature.input_fields)
    if user := adapter.format_user_message_content(signature, turn, main_request=asked):
        messages.append({"role": "user", "content": user})
    name, calls = _calls_of(turn)
    if calls is not None:
        return messages + _format_calls(adapter, signature, turn, name, calls)
    if answer := adapter.format_assistant_message_content(signature, turn):
        messages.append({"role": "assistant", "content": answer})
    return messages


def _chat_text(content: Any) -> Any:
    """A message's content as it is, save that markers in its text are no structure."""
    return rendering.escape_markers(content) if isinstance(content, str) else content


def _calls_of(turn: Mapping[str, Any]) -> tuple[str, Any]:
    """The field of a turn that holds calls of tools, and the calls; None where there are none."""
    module = sys.modules.get(f"{__name__.rpartition('.adapters')[0]}.types.toolcalls")
    for name, value in turn.items():
        if module is not None and isinstance(value, module.ToolCalls):
            return name, value
        if isinstance(value, Mapping) and "tool_calls" in value:
            from ..types.toolcalls import ToolCalls

            return name, ToolCalls.model_validate(value)
    return "", None


def _format_calls(
    adapter: Formatter, signature: type[Signature], turn: Mapping[str, Any], name: str, calls: Any
) -> list[dict[str, Any]]:
    """An answer that called tools, and what they returned."""
    from ..types.toolcalls import ToolCallResults

    results = calls.tool_call_results
    if results is not None:
        results = ToolCallResults.model_validate(results)
    if adapter.use_native_function_calling:
        return _natively(adapter, signature, turn, name, calls, results)
    messages = []
    shown = turn if results is None else {**turn, name: calls.model_copy(update={_RESULTS: None})}
    if answer := adapter.format_assistant_message_content(signature, shown):
        messages.append({"role": "assistant", "content": answer})
    if results is not None:
        text = adapter.format_user_message_content(_signature_of_results(), {_RESULTS: results})
        messages.append({"role": "user", "content": text})
    return messages


def _natively(
    adapter: Formatter,
    signature: type[Signature],
    turn: Mapping[str, Any],
    name: str,
    calls: Any,
    results: Any,
) -> list[dict[str, Any]]:
    """The same in the provider's own form, in which each call needs an identifier and its result."""
    told = signature
    for each in signature.output_fields:
        if each == name or turn.get(each) is None:
            told = told.delete(each)
    content = adapter.format_assistant_message_content(told, turn) if told.output_fields else ""
    asked = [call.id for call in calls.tool_calls]
    answered = [] if results is None else results.tool_call_results
    if not all(asked) or asked != [result.call_id for result in answered]:
        return [{"role": "assistant", "content": content}] if content else []
    message: dict[str, Any] = {"role": "assistant", "content": content or None}
    message["tool_calls"] = [_as_openai(call) for call in calls.tool_calls]
    return [message, *(_as_result(result) for result in answered)]


def _as_openai(call: Any) -> dict[str, Any]:
    arguments = json.dumps(rendering.to_json_types(call.args), ensure_ascii=False)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _as_result(result: Any) -> dict[str, Any]:
    value = result.value
    content = (
        value if isinstance(value, str) else json.dumps(rendering.to_json_types(value), ensure_ascii=False)
    )
    return {"role": "tool", "tool_call_id": result.call_id, "name": result.name, "content": content}


def _signature_of_results() -> type[Signature]:
    from ..types.toolcalls import ToolCallResults

    return make_signature({_RESULTS: (ToolCallResults, InputField())})
