"""Which program, and which predictor of it, a place in a text is about; and the values written for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from ...grammar import syntax
from ..analysis import FileAnalysis
from ..program import Item
from ..trees import walk
from .at import item_at

_PROGRAMS = ("module", "program")


class Subject(Struct, frozen=True):
    """What a place is about."""

    name: str
    """The module or program that the file declares; for a module class without one, the class; for a
    signature that nothing uses, the signature."""
    part: str = ""
    """The part of it that is called or made there; empty for all of it."""
    test: str = ""
    """The title of the test that the place is in."""

    @property
    def shown(self) -> str:
        """As it is written on the command line: `triage.classify`."""
        return f"{self.name}.{self.part}" if self.part else self.name


def subject_at(analysis: FileAnalysis, offset: int) -> Subject | None:
    """What an offset is about; None where that is no program, signature, test or evaluation."""
    item = item_at(analysis, offset)
    if item is None:
        return None
    at = offset - item.start
    match item.declaration:
        case syntax.ValueDeclaration(kind="module" | "program", names=(name, *_)):
            return Subject(name.text)
        case syntax.ValueDeclaration(kind="evaluate", value=value):
            return next((Subject(each) for each in _named(analysis, value)), None)
        case syntax.ModuleDeclaration() as module:
            made = _instance_of(analysis, module.name.text) or module.name.text
            return Subject(made, _part_at(item, module, at))
        case syntax.SignatureDeclaration(name=name):
            return _user_of(analysis, name.text) or Subject(name.text)
        case syntax.TestDeclaration(title=title) as test:
            called = _called_at(analysis, item, test, at)
            return None if called is None else Subject(called, test=title.value)
        case syntax.FunctionDeclaration() as function:
            called = _called_at(analysis, item, function, at)
            return None if called is None else Subject(called)
        case _:
            return None


def _programs(analysis: FileAnalysis) -> Iterator[tuple[str, syntax.ValueDeclaration]]:
    for item in analysis.program.items:
        node = item.declaration
        if isinstance(node, syntax.ValueDeclaration) and node.kind in _PROGRAMS:
            for name in node.names:
                yield name.text, node


def _names_in(node: syntax.Node) -> list[str]:
    return [each.text for each in walk(node) if isinstance(each, syntax.Name)]


def _named(analysis: FileAnalysis, node: syntax.Node) -> list[str]:
    """The programs of the file that are named in an expression."""
    known = {name for name, _ in _programs(analysis)}
    return [each for each in _names_in(node) if each in known]


def _instance_of(analysis: FileAnalysis, kind: str) -> str | None:
    """The first program that is made of a class."""
    for name, node in _programs(analysis):
        match node.value:
            case syntax.Call(function=syntax.Name(text=text)) if text == kind:
                return name
    return None


def _user_of(analysis: FileAnalysis, signature: str) -> Subject | None:
    """What first uses a signature: a program, else a part of a module."""
    for name, node in _programs(analysis):
        if signature in _names_in(node.value):
            return Subject(name)
    for item in analysis.program.items:
        if isinstance(item.declaration, syntax.ModuleDeclaration):
            module = item.declaration
            for part in module.parts:
                if signature in _names_in(part.value):
                    return Subject(
                        _instance_of(analysis, module.name.text) or module.name.text, part.name.text
                    )
    return None


def _part_at(item: Item, module: syntax.ModuleDeclaration, at: int) -> str:
    """The part that an offset in a module is on, or that is called on its line."""
    for part in module.parts:
        if part.span.start <= at <= part.span.end:
            return part.name.text
    names = {part.name.text for part in module.parts}
    return _call_on_line(item, module, at, names) or ""


def _called_at(
    analysis: FileAnalysis,
    item: Item,
    node: syntax.TestDeclaration | syntax.FunctionDeclaration,
    at: int,
) -> str | None:
    names = {name for name, _ in _programs(analysis)}
    return _call_on_line(item, node, at, names) or next(
        (each.function.text for each in _calls(node, names) if isinstance(each.function, syntax.Name)), None
    )


def _calls(node: syntax.Node, names: set[str]) -> list[syntax.Call]:
    return [
        each
        for each in walk(node)
        if isinstance(each, syntax.Call)
        and isinstance(each.function, syntax.Name)
        and each.function.text in names
    ]


def _call_on_line(item: Item, node: syntax.Node, at: int, names: set[str]) -> str | None:
    """The called name of a call around an offset, the innermost one; else of one on the same line."""
    start = item.text.rfind("\n", 0, at) + 1
    end = item.text.find("\n", at)
    end = len(item.text) if end < 0 else end
    found: str | None = None
    for each in _calls(node, names):
        assert isinstance(each.function, syntax.Name)
        is_around = each.span.start <= at <= each.span.end
        if is_around or (found is None and start <= each.span.start <= end):
            found = each.function.text
    return found


# --- values ---------------------------------------------------------------------------------------------


def tests_with(analysis: FileAnalysis, program: str) -> dict[str, dict[str, Any]]:
    """The tests that call a program with values which are written there, by their titles."""
    found: dict[str, dict[str, Any]] = {}
    for item in analysis.program.items:
        if isinstance(item.declaration, syntax.TestDeclaration):
            for each in _calls(item.declaration, {program}):
                values = _literals(item, each)
                if values:
                    found.setdefault(item.declaration.title.value, values)
    return found


def _literals(item: Item, node: syntax.Call) -> dict[str, Any]:
    """The arguments of a call that are given by name and are literals."""
    found: dict[str, Any] = {}
    for each in node.arguments:
        if each.name is not None:
            value = literal(item, each.value)
            if value is not None:
                found[each.name.text] = value[0]
    return found


def literal(item: Item, node: syntax.Expression) -> tuple[Any] | None:
    """What a literal is worth, alone in a tuple; None for what is none."""
    try:
        return (ast.literal_eval(item.text[node.span.start : node.span.end].strip()),)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def reaching(analysis: FileAnalysis, module: str, part: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a part of a module is called with, as far as that is an input of the module or a literal.

    Args:
        analysis: the file.
        module: the class of the module.
        part: its name in the module.
        values: the inputs of the module.
    """
    for item in analysis.program.items:
        node = item.declaration
        if not isinstance(node, syntax.ModuleDeclaration) or node.name.text != module:
            continue
        inputs = {field.name.text for field in node.fields if field.direction == "input"}
        for each in _calls(node, {part}):
            found: dict[str, Any] = {}
            for argument in each.arguments:
                if argument.name is None:
                    continue
                if isinstance(argument.value, syntax.Name) and argument.value.text in inputs:
                    if argument.value.text in values:
                        found[argument.name.text] = values[argument.value.text]
                elif (value := literal(item, argument.value)) is not None:
                    found[argument.name.text] = value[0]
            return found
    return {}
