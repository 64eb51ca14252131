"""Lenses: what can be done with a declaration, shown above it: run, test, measure, improve it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec import Struct

from ...grammar import syntax
from ...grammar.source import Span
from .. import types
from ..analysis import FileAnalysis
from ..facts import SavedState
from ..program import Item
from ..trees import declared_names

Action: TypeAlias = Literal["run", "prompt", "test", "eval", "optimize", "state"]
"""The command that does it; `state` only tells how good a program is, and leads to its state."""


class Lens(Struct, frozen=True):
    """Something that can be done with a declaration."""

    span: Span
    """The name that it is about."""
    action: Action
    title: str
    name: str
    """What the command is given: a name of the file, or the title of a test."""


def lenses(analysis: FileAnalysis) -> Iterator[Lens]:
    """What can be done in a file, in the order of its text."""
    for item in analysis.program.items:
        if item.broken or item.declaration is None:
            continue
        match item.declaration:
            case syntax.TestDeclaration(title=title):
                yield Lens(item.at(title), "test", "Run the test", title.value)
            case syntax.ValueDeclaration(kind="module", names=(name,)):
                yield from _of_module(item, name)
            case syntax.ValueDeclaration(kind="program", names=(name,)):
                yield Lens(item.at(name), "optimize", "Optimise", name.text)
                yield from _of_module(item, name)
                if item.state is not None and not item.state.problem:
                    yield Lens(item.at(name), "state", state_told(item.state), name.text)
            case syntax.ValueDeclaration(kind="evaluate", names=(name,)):
                yield Lens(item.at(name), "eval", "Evaluate", name.text)


def _of_module(item: Item, name: syntax.Identifier) -> Iterator[Lens]:
    yield Lens(item.at(name), "run", "Run", name.text)
    yield Lens(item.at(name), "prompt", "Show the prompt", name.text)


def state_told(state: SavedState) -> str:
    """How good a program is, and since when: `22.7 → 65.6 (same_label, 154 rows), 2026-11-21`."""
    parts = []
    if state.after is not None:
        before = "" if state.before is None else f"{state.before:g} → "
        about = [state.metric] if state.metric else []
        about += [f"{state.examples} rows"] if state.examples else []
        parts.append(f"{before}{state.after:g}" + (f" ({', '.join(about)})" if about else ""))
    else:
        parts.append("optimised")
    if state.created:
        parts.append(state.created[:10])
    return ", ".join(parts)


def counted(analysis: FileAnalysis) -> Iterator[Span]:
    """The names whose references are counted: of types, signatures, functions and modules with a body."""
    for item in analysis.program.items:
        if isinstance(
            item.declaration,
            syntax.TypeDeclaration
            | syntax.EnumDeclaration
            | syntax.SignatureDeclaration
            | syntax.ModuleDeclaration
            | syntax.FunctionDeclaration,
        ):
            yield from (item.at(name) for name in declared_names(item.declaration) if name.text)


def inputs_of(analysis: FileAnalysis, name: str) -> tuple[str, ...]:
    """The inputs that a run of a module or program must be given."""
    symbol = analysis.program.lookup(name)
    kind = symbol.type if symbol is not None else types.UNKNOWN
    if not isinstance(kind, types.Module):
        return ()
    return tuple(each.name for each in kind.interface.inputs if each.required)
