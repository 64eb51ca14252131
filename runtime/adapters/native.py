"""Fields that a provider takes or fills by other means than the text: tools, their calls, thoughts, sources.

A `Type` says itself what a provider can do for its outputs (`adapt_to_native_lm_feature`) and where they
stand in the answer (`parse_lm_response`); tools and their calls are typed parts of request and response.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, Protocol, Union, get_args, get_origin

from ..errors import AdapterParseError, ConfigurationError
from ..lm.capabilities import Capabilities
from ..lm.doors import render_completion
from ..lm.messages import OutputFormat, ToolSpec
from ..lm.request import Completion
from ..signature.conditions import check_outputs
from ..signature.signature import Signature
from ..types.annotations import allows_none, plain_annotation
from ..values import repair
from .plan import NativeFields, Plan, chooses_format

_NOT_SET = object()


class Native(Protocol):
    """What an adapter is asked here."""

    use_native_function_calling: bool
    native_response_types: list[type] | None
    parallel_tool_calls: bool | None

    def output_format(self, signature: type[Signature], capabilities: Capabilities) -> OutputFormat | None:
        """The format that the provider holds the answer to."""
        ...

    def parsed(self, signature: type[Signature], completion: str) -> dict[str, Any]:
        """What a text says."""
        ...


def native_fields(signature: type[Signature]) -> NativeFields | None:
    """The fields that a provider could take or fill itself; None for the usual signature, which has none."""
    kept = signature.__compiled__
    if NativeFields not in kept:
        kept[NativeFields] = _find(signature)
    found: NativeFields | None = kept[NativeFields]
    return found


def _find(signature: type[Signature]) -> NativeFields | None:
    # Who annotates a field with one of these has imported it; importing it here would import pydantic.
    kind = getattr(sys.modules.get(f"{_RUNTIME}types.type"), "Type", None)
    if kind is None:
        return None
    typed = [
        (name, core)
        for name, field in signature.output_fields.items()
        if isinstance(core := _core(field.annotation), type) and issubclass(core, kind)
    ]
    if not typed:
        return None
    calls = next((name for name, core in typed if is_tool_calls(core)), None)
    tools = next((name for name, field in signature.input_fields.items() if is_tools(field.annotation)), None)
    return NativeFields(tools, calls, tuple((name, core) for name, core in typed if name != calls))


_RUNTIME = __name__.rpartition(".adapters")[0] + "."


def _core(annotation: Any) -> Any:
    """The type itself, without notes and without None."""
    annotation = plain_annotation(annotation)
    if get_origin(annotation) in (Union, UnionType) and allows_none(annotation):
        arms = [arm for arm in get_args(annotation) if arm is not type(None)]
        return plain_annotation(arms[0]) if len(arms) == 1 else annotation
    return annotation


def is_tool_calls(annotation: Any) -> bool:
    """Whether the values of a type are calls of tools."""
    module = sys.modules.get(f"{_RUNTIME}types.toolcalls")
    return module is not None and isinstance(annotation, type) and issubclass(annotation, module.ToolCalls)


def is_tools(annotation: Any) -> bool:
    """Whether the values of a type are tools: `Tool`, or a list of them."""
    core = _core(annotation)
    if get_origin(core) in (list, Sequence):
        core = _core(get_args(core)[0])
    module = sys.modules.get(f"{_RUNTIME}tools.tool")
    return module is not None and isinstance(core, type) and issubclass(core, module.Tool)


# --- what is asked --------------------------------------------------------------------------------------


def plan_natives(
    adapter: Native,
    fields: NativeFields,
    signature: type[Signature],
    lm: Any,
    settings: Mapping[str, Any],
    inputs: Mapping[str, Any],
) -> Plan:
    """How a signature with such fields is asked; see `Adapter.plan`."""
    added: dict[str, Any] = {}
    asked, tools = _without_tools(adapter, fields, signature, lm, settings, inputs, added)
    sent = {**settings, **added}
    filled = []
    for name, kind in fields.typed:
        if not _is_chosen(adapter, kind):
            continue
        before = asked
        asked = kind.adapt_to_native_lm_feature(asked, name, lm, sent)
        if asked is not before:
            filled.append((name, kind))
    new = {name: value for name, value in sent.items() if settings.get(name, _NOT_SET) is not value}
    output = None
    if asked.output_fields and not tools and not chooses_format(sent, lm):
        output = adapter.output_format(asked, lm.capabilities)
    natives = NativeFields(fields.tools, fields.calls if tools else None, tuple(filled))
    return Plan(asked, tools, output, new, signature, natives if tools or filled else None)


def _without_tools(
    adapter: Native,
    fields: NativeFields,
    signature: type[Signature],
    lm: Any,
    settings: Mapping[str, Any],
    inputs: Mapping[str, Any],
    added: dict[str, Any],
) -> tuple[type[Signature], tuple[ToolSpec, ...]]:
    """The signature without tools and their calls, and the tools for the provider, where it takes them."""
    if fields.calls is None or not adapter.use_native_function_calling:
        return signature, ()
    if fields.tools is None:
        raise ConfigurationError(
            f"`{signature.__name__}` has the output `{fields.calls}` for tool calls, but no input for the "
            "tools: add one, such as `tools: list[Tool]`"
        )
    if not lm.capabilities.native_tools:
        return signature, ()
    given = inputs.get(fields.tools)
    tools = tuple(as_spec(tool) for tool in (given if isinstance(given, (list, tuple)) else [given]) if tool)
    if not tools:
        return signature, ()
    if adapter.parallel_tool_calls is not None and settings.get("parallel_tool_calls") is None:
        added["parallel_tool_calls"] = adapter.parallel_tool_calls
    if {**settings, **added}.get("parallel_tool_calls") is not None and "tool_choice" not in settings:
        added["tool_choice"] = "auto"
    key = ("without", fields.calls, fields.tools)
    kept = signature.__compiled__
    if key not in kept:
        kept[key] = signature.delete(fields.calls).delete(fields.tools)
    return kept[key], tools


def as_spec(tool: Any) -> ToolSpec:
    """A tool as a provider is told of it."""
    function = tool.format_as_litellm_function_call()["function"]
    return ToolSpec(function["name"], function["description"] or "", function["parameters"])


def _is_chosen(adapter: Native, kind: type) -> bool:
    """Whether outputs of a type may be filled by the provider."""
    chosen = adapter.native_response_types
    if chosen is not None:
        return kind in chosen
    return kind.__name__ in ("Reasoning", "Citations") and kind.__module__.startswith(f"{_RUNTIME}types.")


# --- what is answered -----------------------------------------------------------------------------------


def read_natives(
    adapter: Native, plan: Plan, completion: Completion, inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """The outputs of an answer of which the provider has filled some.

    Raises:
        AdapterParseError: there is neither text nor a call of a tool, or the text cannot be read.
        ConditionError: the answer violates a condition.
    """
    values: dict[str, Any] = {}
    if asks_for_text(adapter, plan, completion):
        try:
            values = adapter.parsed(plan.signature, completion.text)
        except AdapterParseError:
            # Beside a call of a tool, models say what they are about to do, in any form.
            if not completion.tool_calls or plan.natives is None or plan.natives.calls is None:
                raise
    return with_natives(adapter, plan, completion, inputs, values)


def asks_for_text(adapter: Native, plan: Plan, completion: Completion) -> bool:
    """Whether some outputs are in the answer's text.

    Raises:
        AdapterParseError: they should be, or calls of tools, and there is nothing.
    """
    natives = plan.natives
    wants_text = bool(plan.signature.output_fields)
    if completion.text.strip():
        return wants_text
    if not completion.tool_calls and (wants_text or (natives is not None and natives.calls is not None)):
        owner = plan.original or plan.signature
        raise AdapterParseError(type(adapter).__name__, owner, completion.text, "the answer is empty")
    return False


def with_natives(
    adapter: Native,
    plan: Plan,
    completion: Completion,
    inputs: Mapping[str, Any],
    values: Mapping[str, Any],
) -> dict[str, Any]:
    """The outputs that were read from the text, and those that the provider has filled, in their order.

    Raises:
        AdapterParseError: the arguments of a call of a tool cannot be read.
        ConditionError: the outputs violate a condition.
    """
    natives, original = plan.natives, plan.original
    assert natives is not None
    assert original is not None
    filled = dict(values)
    if natives.calls is not None:
        filled[natives.calls] = (
            _as_calls(adapter, original, natives.calls, completion) if completion.tool_calls else None
        )
    answer: Any = render_completion(completion) if natives.typed else {}
    if answer.keys() == {"text"}:
        answer = answer["text"]
    for name, kind in natives.typed:
        if (found := kind.parse_lm_response(answer)) is not None:
            filled[name] = found
    complete = {}
    for name, field in original.output_fields.items():
        if name in filled:
            complete[name] = filled[name]
        else:
            complete[name] = None if field.is_required() else field.get_default()
    check_outputs(type(adapter).__name__, original, completion.text, inputs, complete)
    return complete


def _as_calls(adapter: Native, signature: type[Signature], name: str, completion: Completion) -> Any:
    kind = _core(signature.output_fields[name].annotation)
    calls = []
    for call in completion.tool_calls:
        if (arguments := arguments_of(call.arguments)) is None:
            raise AdapterParseError(
                type(adapter).__name__,
                signature,
                completion.text,
                f"the arguments of the call to `{call.name}` are not a JSON object: {call.arguments[:120]!r}",
                field=name,
            )
        calls.append({"id": call.id or None, "name": call.name, "args": arguments})
    return kind.from_dict_list(calls)


def arguments_of(text: str) -> dict[str, Any] | None:
    """The arguments of a call of a tool, as the model wrote them; None for what is no JSON object."""
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        mended = repair.repaired(text)
        found = None if mended is None else mended[0]
    return {} if found == [] else found if isinstance(found, dict) else None
