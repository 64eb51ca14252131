"""Lenses: what can be done with a declaration, shown above it: run, test, measure, improve it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from ...base.ages import age, moment
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


def lenses(analysis: FileAnalysis, now: datetime) -> Iterator[Lens]:
    """What can be done in a file, in the order of its text. `now` is what ages are counted from."""
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
                    told = ", ".join(filter(None, (score_told(item.state), age_told(item.state, now))))
                    yield Lens(item.at(name), "state", told, name.text)
            case syntax.ValueDeclaration(kind="evaluate", names=(name,)):
                yield Lens(item.at(name), "eval", "Evaluate", name.text)


def _of_module(item: Item, name: syntax.Identifier) -> Iterator[Lens]:
    yield Lens(item.at(name), "run", "Run", name.text)
    yield Lens(item.at(name), "prompt", "Show the prompt", name.text)


def score_told(state: SavedState) -> str:
    """How good a program is: `22.7 → 65.6 (same_label, 154 rows)`."""
    if state.after is None:
        return "optimised"
    before = "" if state.before is None else f"{state.before:g} → "
    about = [state.metric] if state.metric else []
    about += [f"{state.examples} rows"] if state.examples else []
    return f"{before}{state.after:g}" + (f" ({', '.join(about)})" if about else "")


def age_told(state: SavedState, now: datetime) -> str:
    """Since when a program is that good: `8 days ago`; empty where nobody knows."""
    return age(moment(state.created), now)


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
