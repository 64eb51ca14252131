"""Generate a test of a module, program or function, with a plain value for each input."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

from ...grammar import syntax
from .. import types
from ..program import Item, Symbol
from ..trees import declared_names
from .refactoring import Edits, Refactoring, Selection, inserted

_TESTED = {"module", "module class", "program", "function"}
_DEEPEST = 6
"""How deep records are written in records."""


def generate_test(selection: Selection) -> Iterator[Refactoring]:
    """Write a test of what is declared at the cursor."""
    found = selection.found
    if found is None or not _is_in_head(selection, found.item):
        return
    for name in declared_names(found.item.declaration):
        symbol = found.item.symbol_of(name) or selection.analysis.program.lookup(name.text)
        if symbol is not None and symbol.kind in _TESTED and _call(symbol):
            make = partial(_test, selection, found.item, symbol)
            yield Refactoring(f"Generate a test of `{name.text}`", "refactor.rewrite", make)


def _is_in_head(selection: Selection, item: Item) -> bool:
    """Whether the cursor is on the line that a declaration begins with."""
    declaration = item.declaration
    if declaration is None:
        return False
    text = selection.analysis.source.text
    start = item.start + declaration.span.start
    return "\n" not in text[start : max(start, selection.span.start)]


def _call(symbol: Symbol) -> str:
    """A call of what a name stands for, with a value for everything that it needs."""
    match symbol.type:
        case types.Module(interface=interface) if not interface.open:
            return f"{symbol.name}({_fields(interface)})"
        case types.ModuleClass(parameters=parameters, interface=interface) if not interface.open:
            return f"{symbol.name}({_parameters(parameters)})({_fields(interface)})"
        case types.Function(parameters=parameters):
            return f"{symbol.name}({_parameters(parameters)})"
        case _:
            return ""


def _fields(interface: types.Interface) -> str:
    return ", ".join(f"{each.name}={_sample(each.type)}" for each in interface.inputs if each.required)


def _parameters(parameters: tuple[types.Parameter, ...]) -> str:
    wanted = [each for each in parameters if each.required and each.kind not in ("*", "**")]
    return ", ".join(
        _sample(each.type) if each.kind == "positional-only" else f"{each.name}={_sample(each.type)}"
        for each in wanted
    )


def _sample(kind: types.Type, depth: int = 0) -> str:
    """A plain value of a type, as a program writes it; `None` where records are nested without end."""
    if depth > _DEEPEST:
        return "None"
    match kind:
        case types.Builtin(name="int"):
            return "1"
        case types.Builtin(name="float"):
            return "1.0"
        case types.Builtin(name="bool"):
            return "True"
        case types.List() | types.Iterable():
            return "[]"
        case types.Dict():
            return "{}"
        case types.Literals(values=(first, *_)):
            return json.dumps(first, ensure_ascii=False) if isinstance(first, str) else repr(first)
        case types.Enum(name=name, members=((member, _), *_)):
            return f"{name}.{member}"
        case types.Union(options=options) if types.NONE in options:
            return "None"
        case types.Union(options=(first, *_)):
            return _sample(first, depth + 1)
        case types.Record(name=name, interface=interface):
            inside = ", ".join(
                f"{each.name}={_sample(each.type, depth + 1)}" for each in interface.fields if each.required
            )
            return f"{name}({inside})"
        case _:
            return '"…"'


def _test(selection: Selection, item: Item, symbol: Symbol) -> Edits:
    lines = [f'test "{_title(selection, symbol.name)}":']
    interface = getattr(symbol.type, "interface", None)
    if isinstance(symbol.type, types.Function) or interface is None:
        lines.append(
            f"    assert {_call(symbol)} == {_sample(getattr(symbol.type, 'returns', types.UNKNOWN))}"
        )
    else:
        taken = selection.analysis.program.names()
        variable = "pred" if "pred" not in taken else "prediction"
        lines.append(f"    {variable} = {_call(symbol)}")
        lines += [
            f"    assert {_expected(f'{variable}.{each.name}', each.type)}" for each in interface.outputs
        ]
    text = item.text
    body = text.rstrip()
    before, rest = text[: len(body)], text[len(body) :]
    written = "\n\n" + "\n".join(lines) + ("" if rest.startswith("\n") else "\n")
    return selection.here(item, (inserted(len(before), written),))


def _expected(value: str, kind: types.Type) -> str:
    match kind:
        case types.Literals() | types.Enum():
            return f"{value} == {_sample(kind)}"
        case types.Builtin(name="int" | "float"):
            return f"{value} >= 0"
        case types.Builtin(name="str" | "bool") | types.List() | types.Dict():
            return value
        case _:
            return f"{value} is not None"


def _title(selection: Selection, name: str) -> str:
    """What the test is called: by what it tests, with a number where there is such a test."""
    items = selection.analysis.program.items
    titles = {
        each.declaration.title.value for each in items if isinstance(each.declaration, syntax.TestDeclaration)
    }
    title, number = name.replace("_", " "), 2
    while title in titles:
        title, number = f"{name.replace('_', ' ')} {number}", number + 1
    return title
