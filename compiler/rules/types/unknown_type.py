"""The name of a type that nothing declares."""

from __future__ import annotations

from ....base.diagnostic import Diagnostic
from ....grammar import syntax
from ....grammar.recovery.foreign_words import TYPE_WORDS
from ... import types
from ...program import Item, Program
from ...resolve.annotations import SPECIAL
from ...types.generic import BUILTIN_CLASSES, named
from ..names.unknown_name import without_prefix
from ..rule import DECLARATIONS, Findings, replace, rule, written
from ..words import meant, near
from .type_habits import choices_as_types


@rule("E110", "unknown-type", *DECLARATIONS, fix="sometimes")
def unknown_type(program: Program, item: Item, node: syntax.Declaration) -> Findings:
    """A type is used that does not exist.

    A type can be one of Python's (`str`, `list[str]`, `Literal[...]`, `T | None`, `date`, `Decimal` …), a
    record, enum or alias of the file or its imports, or a type of the runtime.

    ```dspy
    signature Score:
        input text: str
        output score: flaot
    #                 ^^^^^ E110 unknown type `flaot`; did you mean `float`?
    ```

    ```dspy
    signature Score:
        input text: str
        output score: float
    ```
    """
    unknown = [
        each
        for each in item.annotations.values()
        if isinstance(each, syntax.Name) and item.symbol_of(each) is None
    ]
    choices = choices_as_types(item) if len(unknown) > 1 else {}
    told: set[int] = set()
    for each in item.annotations.values():
        if isinstance(each, syntax.Attribute):
            yield from _dotted(program, item, each)
    for name in unknown:
        said = choices.get(id(name))
        if said is None:
            yield _finding(program, item, name)
        elif id(said) not in told:
            told.add(id(said))
            yield unknown_type.at(*said[:2], fix=said.fix)


def _dotted(program: Program, item: Item, node: syntax.Attribute) -> Findings:
    """A type behind a dot: of a module that is not there, or that does not have it."""
    owner = node.value
    if not isinstance(owner, syntax.Name):
        return
    symbol, name = item.symbol_of(owner), node.name.text
    if symbol is None:
        dspys = owner.text == "dspy"
        yield (
            without_prefix(unknown_type, item, owner)
            if dspys
            else unknown_type.at(owner, f"unknown name `{owner.text}`")
        )
    elif item.symbol_of(node.name) is None and isinstance(symbol.type, types.PythonModule):
        candidates = [each for each in symbol.type.names() if each[0] != "_"]
        yield unknown_type.at(node.name, f"`{owner.text}` has no `{name}`{meant(name, candidates)}")


def _finding(program: Program, item: Item, node: syntax.Name) -> Diagnostic:
    if node.text in TYPE_WORDS:
        right = TYPE_WORDS[node.text]
        change = replace(f"Change to `{right}`", node, right)
        return unknown_type.at(node, f"unknown type `{node.text}`; write `{right}`", fix=change)
    if node.text in ("Optional", "Union"):
        return _joined(item, node)
    names = program.names_at(item.start + node.span.start)
    candidates = [
        name
        for name, symbol in names.items()
        if symbol.kind != "builtin" and types.known(named(symbol.type) or types.UNKNOWN)
    ]
    candidates += [*BUILTIN_CLASSES, *SPECIAL, "list", "dict", "set", "tuple", "Any"]
    close = near(node.text, candidates)
    fix = replace(f"Change to `{close}`", node, close) if close else None
    return unknown_type.at(node, f"unknown type `{node.text}`{meant(node.text, candidates)}", fix=fix)


def _joined(item: Item, node: syntax.Name) -> Diagnostic:
    """`Optional[T]` and `Union[A, B]`, which are written with bars."""
    form = "T | None" if node.text == "Optional" else "A | B"
    fix = None
    for each in item.nodes(syntax.Subscript):
        if each.value is node:
            parts = each.index.elements if isinstance(each.index, syntax.Tuple) else (each.index,)
            form = " | ".join(written(item, part) for part in parts) + " | None" * (node.text == "Optional")
            fix = replace(f"Write `{form}`", each, form)
    return unknown_type.at(node, f"unknown type `{node.text}`; write `{form}`", fix=fix)
