"""Signature help: what the call around the cursor takes, and which parameter is being written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from ...grammar import syntax
from .. import types
from ..analysis import FileAnalysis
from ..query.describe import describe_limits, documentation, parameter_doc
from ..types.display import display, display_parameter
from .calls import ActiveCall
from .context import call_at


class ParameterHelp(Struct, frozen=True):
    """A parameter: its range in the label of its signature, and its documentation in Markdown."""

    start: int
    end: int
    doc: str


class SignatureHelp(Struct, frozen=True):
    """One way to call something."""

    label: str
    parameters: tuple[ParameterHelp, ...]
    active: int | None
    """The index of the parameter that is written at the cursor; None where that is none of these."""
    doc: str
    is_active: bool
    """Whether it is the way that the arguments fit, of several."""


def signature_help(analysis: FileAnalysis, offset: int) -> tuple[SignatureHelp, ...]:
    """The ways to call what is called around an offset; none outside of a call's brackets."""
    call = call_at(analysis, offset)
    return tuple(_ways(call)) if call is not None else ()


def _ways(call: ActiveCall) -> Iterator[SignatureHelp]:
    if isinstance(call.callee, types.Overloaded):
        chosen = call.item.binding_of(call.node).parameters
        for way in call.callee.options:
            yield _way(call, way.parameters, is_active=way.parameters is chosen)
    elif call.parameters is not None:
        yield _way(call, call.parameters, is_active=True)


def _way(call: ActiveCall, parameters: Sequence[types.Parameter], *, is_active: bool) -> SignatureHelp:
    definition = call.callee.definition if isinstance(call.callee, types.Class) else None
    label = f"{_name(call)}("
    found: list[ParameterHelp] = []
    previous = ""
    for each in parameters:
        if each.name.startswith("_"):
            continue
        label += ", " if found else ""
        if each.kind == "keyword-only" and previous not in ("keyword-only", "*"):
            label += "*, "
        text = display_parameter(each)
        found.append(ParameterHelp(len(label), len(label) + len(text), _doc(call, each, definition)))
        label += text
        previous = each.kind
    result = _result(call.callee)
    shown = [each for each in parameters if not each.name.startswith("_")]
    return SignatureHelp(
        f"{label}){f' -> {result}' if result else ''}",
        tuple(found),
        _active(call, shown),
        documentation(call.callee).strip().partition("\n\n")[0],
        is_active,
    )


def _name(call: ActiveCall) -> str:
    match call.node:
        case syntax.Call(
            function=syntax.Name(text=name) | syntax.Attribute(name=syntax.Identifier(text=name))
        ):
            return name
        case syntax.ConfigureDeclaration():
            return "configure"
        case _:
            return ""


def _doc(call: ActiveCall, parameter: types.Parameter, definition: types.ClassDefinition | None) -> str:
    """What is known of a parameter besides its name, type and default."""
    if isinstance(call.callee, types.Module | types.ModuleClass):
        field = call.callee.interface.field(parameter.name)
        return field.description if field is not None else ""
    if isinstance(call.callee, types.TypeForm) and isinstance(call.callee.type, types.Record):
        attribute = call.callee.type.interface.field(parameter.name)
        return attribute.description if attribute is not None else ""
    limits = describe_limits(parameter.limits)
    doc = parameter_doc(parameter, definition)
    return "\n\n".join(part for part in (f"`{limits}`" if limits else "", doc) if part)


def _result(callee: types.Type) -> str:
    match callee:
        case types.Function(returns=returns) if types.known(returns):
            return display(returns)
        case types.Overloaded(options=ways) if types.known(ways[0].returns):
            return display(ways[0].returns)
        case types.Module(interface=interface) if not interface.open:
            return ", ".join(each.name for each in interface.outputs)
        case _:
            return ""


def _active(call: ActiveCall, shown: Sequence[types.Parameter]) -> int | None:
    """The parameter at the cursor; before its name is written, the first that has no argument yet."""
    wanted = call.active
    names = [each.name for each in shown]
    if wanted is not None and wanted.name in names:
        return names.index(wanted.name)
    if call.argument is not None and not call.takes_position:
        missing = {each.name for each in call.missing}
        return next((at for at, name in enumerate(names) if name in missing), None)
    return None
