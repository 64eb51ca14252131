"""How a name is explained to a reader: what its declaration says, on a few lines, and its documentation."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from ...base.text import list_names
from ...grammar.words import VALUED
from .. import types
from ..program import Symbol, SymbolKind
from ..schedule.bounds import Bound
from ..schedule.count import Count
from ..types.display import display, display_function, display_parameter, display_value

_LONGEST_LINE = 88
"""A signature that is longer is broken: one parameter a line."""


_MOST_NAMES = 3
"""How many names of a kind a sentence has at most."""


class Description(Struct, frozen=True):
    """A piece of the language (or of Python) that says what a thing is, and its documentation in Markdown."""

    code: str
    doc: str = ""


def describe(symbol: Symbol) -> Description:
    """What a name stands for."""
    doc = symbol.doc or documentation(symbol.type)
    return Description(_code(symbol), doc)


def documentation(kind: types.Type) -> str:
    """The documentation that comes with a type."""
    match kind:
        case types.Class(definition=definition) | types.Instance(definition=definition):
            return definition.doc
        case types.TypeForm(type=types.Record(doc=doc) | types.Enum(doc=doc)):
            return doc
        case types.Function(doc=doc) | types.Signature(doc=doc) | types.ModuleClass(doc=doc):
            return doc
        case types.Overloaded(options=ways):
            return next((way.doc for way in ways if way.doc), "")
        case types.Module(declared=types.ModuleClass(doc=doc)):
            return doc
        case _:
            return ""


def describe_parameter(
    parameter: types.Parameter, definition: types.ClassDefinition | None = None
) -> Description:
    """A parameter: its type, default, limits and documentation."""
    doc = parameter_doc(parameter, definition)
    limits = describe_limits(parameter.limits)
    return Description(f"(parameter) {display_parameter(parameter)}{f'  # {limits}' if limits else ''}", doc)


def parameter_doc(parameter: types.Parameter, definition: types.ClassDefinition | None) -> str:
    """What is written under a parameter's declaration."""
    return (definition.parameter_docs.get(parameter.name, "") if definition is not None else "").strip()


def describe_limits(limits: types.Limits) -> str:
    """The bounds of a number or a length, as one writes them."""
    bounds = [
        f"{sign} {int(value) if float(value).is_integer() else value}"
        for sign, value in ((">=", limits.ge), (">", limits.gt), ("<=", limits.le), ("<", limits.lt))
        if value is not None
    ]
    if limits.min_length is not None:
        bounds.append(f"length >= {limits.min_length}")
    if limits.max_length is not None:
        bounds.append(f"length <= {limits.max_length}")
    return ", ".join(bounds)


def describe_bound(bound: Bound) -> str:
    """How many model calls a run makes at most, in words: "at most 3 model calls per run"."""
    first, most = bound.without_retries, bound.with_retries
    calls = "model call" if first.value == 1 else "model calls"
    retries = "" if first.terms == most.terms else f" ({_number(most)} with retries)"
    unseen = sorted(most.unseen)
    if len(unseen) > _MOST_NAMES:
        names = f"{', '.join(f'`{each}`' for each in unseen[:_MOST_NAMES])} and others"
    else:
        names = list_names(unseen)
    beside = f", not counting any made by {names}" if unseen else ""
    return f"at most {_number(first)} {calls} per run{retries}{beside}"


def _number(count: Count) -> str:
    return str(count) if count.value is not None else f"`{count}`"


def describe_field(field: types.Field, owner: str = "") -> Description:
    """A field of a signature, module or record."""
    word = "field" if field.direction == "attribute" else field.direction
    name = f"{owner}.{field.name}" if owner else field.name
    return Description(f"({word}) {name}{_annotation(field.type)}{_terms(field)}", field.description)


def _terms(field: types.Field) -> str:
    """The default and the condition of a field, as they are written."""
    default = f" = {field.default}" if field.default else ""
    return f"{default} where {field.where}" if field.where else default


def _annotation(kind: types.Type) -> str:
    """The type behind a name, where something is known of it."""
    return f": {display(kind)}" if types.known(kind) else ""


def _code(symbol: Symbol) -> str:
    kind, name = symbol.type, symbol.name
    match symbol.kind:
        case "type":
            return _record(name, kind.type) if isinstance(kind, types.TypeForm) else f"type {name}"
        case "enum":
            return _enum(name, kind.type) if isinstance(kind, types.TypeForm) else f"enum {name}"
        case "alias":
            return f"type {name} = {display(kind.type if isinstance(kind, types.TypeForm) else kind)}"
        case "signature" | "module" | "program" if isinstance(kind, types.Signature | types.Module):
            return _with_fields(symbol.kind, name, kind)
        case "module class" if isinstance(kind, types.ModuleClass):
            return f"{_call(f'module {name}', kind.parameters)}:\n{_fields(kind.interface)}"
        case "input" | "output" | "field":
            return f"({symbol.kind}) {name}{_annotation(kind)}"
        case "part" if isinstance(kind, types.Module):
            return _with_fields("(part)", name, kind)
        case "dataset" if isinstance(kind, types.Dataset) and kind.columns.fields:
            return f"dataset {name}:\n{_fields(kind.columns)}"
        case "member" if (
            isinstance(kind, types.Enum) and name in dict(kind.members) and len(kind.members) == 1
        ):
            return f"(member) {kind.name}.{name} = {display_value(kind.members[0][1])}"
        case "python":
            return f"import {kind.name if isinstance(kind, types.PythonModule) else name}"
        case _:
            return _value(symbol.kind, name, kind)


def _value(kind: SymbolKind, name: str, value: types.Type) -> str:
    match value:
        case types.Function():
            return _function(name, value)
        case types.Overloaded(options=ways):
            return "\n".join(_function(name, way) for way in ways)
        case types.Class(definition=definition):
            return _call(
                f"class {definition.name}",
                definition.parameters or (),
                known=definition.parameters is not None,
            )
        case types.TypeForm(type=types.Record() as record):
            return _record(name, record)
        case types.TypeForm(type=types.Enum() as enum):
            return _enum(name, enum)
        case types.TypeForm(type=inside) if kind != "builtin":
            written = display(inside)
            return f"type {name}" if written == name else f"type {name} = {written}"
        case types.Module() | types.Signature():
            return _with_fields("(module)" if isinstance(value, types.Module) else "(signature)", name, value)
    word = kind if kind in VALUED else f"({_WORDS.get(kind, kind)})"
    return f"{word} {name}" if kind == "builtin" else f"{word} {name}{_annotation(value)}"


_WORDS = {"imported": "import", "runtime": "dspyc", "builtin": "built-in", "unresolved": "unknown"}


def _with_fields(word: str, name: str, value: types.Signature | types.Module) -> str:
    maker = ""
    if isinstance(value, types.Module):
        made_by = value.declared or value.definition
        maker = f" = {made_by.name}(…)" if made_by is not None else ""
    fields = _fields(value.interface)
    return f"{word} {name}{maker}{chr(10) + fields if fields else ''}"


def _fields(interface: types.Interface) -> str:
    lines = []
    for each in interface.fields:
        word = "" if each.direction == "attribute" else f"{each.direction} "
        description = f" {display_value(each.description)}" if each.description else ""
        lines.append(f"    {word}{each.name}{_annotation(each.type)}{_terms(each)}{description}")
    return "\n".join(lines)


def _record(name: str, kind: types.Type) -> str:
    fields = _fields(kind.interface) if isinstance(kind, types.Record) else ""
    return f"type {name}:\n{fields}" if fields else f"type {name}"


def _enum(name: str, kind: types.Type) -> str:
    if not isinstance(kind, types.Enum):
        return f"enum {name}:"
    told = dict(kind.descriptions)
    lines = [
        f"    {member} = {display_value(value)}" + (f"  # {told[member]}" if member in told else "")
        for member, value in kind.members
    ]
    return "\n".join([f"enum {name}:", *lines])


def _function(name: str, function: types.Function) -> str:
    line = f"{'async ' if function.is_async else ''}def {name}{display_function(function)}"
    if len(line) <= _LONGEST_LINE:
        return line
    return f"{_call(f'def {name}', function.parameters)} -> {display(function.returns)}"


def _call(head: str, parameters: Iterable[types.Parameter], *, known: bool = True) -> str:
    written = [display_parameter(each) for each in parameters]
    line = f"{head}({', '.join(written) if known else '…'})"
    if len(line) <= _LONGEST_LINE:
        return line
    return "\n".join([f"{head}(", *(f"    {each}," for each in written), ")"])
