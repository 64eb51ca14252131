"""A name that nothing declares."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ....base.diagnostic import Diagnostic
from ....base.span import Span
from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program
from ...resolve.builtins import FORBIDDEN
from ...resolve.errors import EXITS, OF_PYTHON
from ...trees import declared_names, lacks_forward
from ..kind import Kind
from ..rule import DECLARATIONS, Findings, replace, rule
from ..walking import remembered
from ..words import near
from .habits import dspy_habit, habit_of, of_unquoted_model, unquoted_model


@rule("E101", "unknown-name", *DECLARATIONS, fix="sometimes")
def unknown_name(program: Program, item: Item, node: syntax.Declaration) -> Findings:
    """A name is used but not declared.

    A name can be a local variable, an input, parameter or part of the module, a declaration or import of the
    file, a name of the runtime, or one of Python's pure built-ins. Built-ins with side effects (`open`,
    `input`) are not available: put such calls into a Python function and import it.

    ```dspy
    signature Classify:
        input text: str
        output label: str

    module classify = Predict(Clasify)
    #                         ^^^^^^^ E101 unknown name `Clasify`; did you mean `Classify`?
    ```

    ```dspy
    signature Classify:
        input text: str
        output label: str

    module classify = Predict(Classify)
    ```
    """
    unresolved = item.unresolved
    own = local_names(item) if unresolved else ()
    models: set[int] = set()
    for each in unresolved.values():
        if each.text in own or _is_input_in_statement(item, each):
            continue
        argument = unquoted_model(item, each)
        if argument is None:
            yield _finding(program, item, each)
        elif id(argument) not in models:
            models.add(id(argument))
            unquoted = of_unquoted_model(item, argument)
            yield unknown_name.at(argument.value, unquoted.message, unquoted.help, unquoted.fix)


MOST_SUGGESTIONS = 300
"""With so many unknown names in a file the file is at fault, and to compare them all would take too long."""


def _makes_suggestions(program: Program, _: None) -> bool:
    """Whether names are looked for that unknown ones may stand for."""
    return sum(program.gather(_unresolved)) <= MOST_SUGGESTIONS


@remembered
def _unresolved(item: Item) -> int:
    return len(item.unresolved)


def local_names(item: Item) -> set[str]:
    """The variables that are bound somewhere in an item."""
    return {symbol.name for _, symbol in item.visible if symbol.kind == "local"}


def without_prefix(kind: Kind, item: Item, node: syntax.Name) -> Diagnostic:
    """`dspy.Predict`, as it is written in Python."""
    habit = dspy_habit(item, node)
    if habit is not None:
        return kind.at(node, habit.message, habit.help, habit.fix)
    behind = re.match(r"\.(\w+)", item.text[node.span.end :])
    known = behind is not None and catalog.lookup(behind[1]) is not None
    fix = replace("Remove `dspy.`", Span(node.span.start, node.span.end + 1), "") if known else None
    return kind.at(node, "unknown name `dspy`; use DSPy's names without the prefix", fix=fix)


def _finding(program: Program, item: Item, node: syntax.Name) -> Diagnostic:
    name = node.text
    if name in FORBIDDEN:
        return unknown_name.at(
            node,
            f"Python's `{name}` cannot be used here",
            "write a Python function that does it, and import it",
        )
    if name in EXITS:
        return unknown_name.at(node, f"`{name}` cannot be caught; it ends the program")
    if name == "dspy":
        return without_prefix(unknown_name, item, node)
    habit = habit_of(item, node)
    if habit is not None:
        return unknown_name.at(habit.place or node, habit.message, habit.help, habit.fix)
    elsewhere = _field_elsewhere(item, node)
    if elsewhere is not None:
        return unknown_name.at(node, elsewhere)
    if not program.ask(_makes_suggestions, None):
        return unknown_name.at(node, f"unknown name `{name}`")
    owner = program.ask(_owner_of_member, name)
    if owner is not None:
        fix = replace(f"Write `{owner}.{name}`", node, f"{owner}.{name}")
        return unknown_name.at(node, f"unknown name `{name}`; did you mean `{owner}.{name}`?", fix=fix)
    close = _meant(program, item, node)
    if close is None:
        return unknown_name.at(node, f"unknown name `{name}`")
    fix = replace(f"Change to `{close}`", node, close)
    return unknown_name.at(node, f"unknown name `{name}`; did you mean `{close}`?", fix=fix)


def _field_elsewhere(item: Item, node: syntax.Name) -> str | None:
    """What is said of the name of a field of the same declaration, where it means nothing."""
    name, declaration = node.text, item.declaration
    fields = (
        declaration.fields
        if isinstance(declaration, syntax.ModuleDeclaration | syntax.SignatureDeclaration)
        else ()
    )
    if any(field.name.text == name and field.direction == "output" for field in fields):
        return f"`{name}` is an output, not a variable; only `return` sets it"
    names = [field.name.text for field in fields]
    for part in declaration.parts if isinstance(declaration, syntax.ModuleDeclaration) else ():
        if part.span.contains(node.span.start) and name in names:
            return f"`{name}` is an input; parts are constructed before any inputs exist"
    if name in (*names, *_attributes(item)):
        return f"`{name}` cannot be used here; a condition can use its own field and those above it"
    return None


def _is_input_in_statement(item: Item, node: syntax.Name) -> bool:
    """Whether a name is an input in what belongs into `forward:`, which is missing; E215 says so."""
    declaration = item.declaration
    return (
        isinstance(declaration, syntax.ModuleDeclaration)
        and lacks_forward(declaration)
        and any(field.name.text == node.text and field.direction == "input" for field in declaration.fields)
    )


def _meant(program: Program, item: Item, node: syntax.Name) -> str | None:
    """The name that is meant by one that is misspelt."""
    name = node.text
    if any(clause.kind.span.contains(node.span.start) for clause in item.nodes(syntax.ExceptClause)):
        close = near(name, OF_PYTHON)
        if close is not None:
            return close
    own = {each.text for each in declared_names(item.declaration)}
    candidates = [each for each in program.alike_at(item.start + node.span.start, name) if each not in own]
    alike = [each for each in candidates if each[:1].isupper() == name[:1].isupper()]
    # Only case differs in `predict`: that is closer than any other name.
    return near(name, candidates, cutoff=1.0) or near(name, alike)


def _owner_of_member(program: Program, name: str) -> str | None:
    """The only enumeration of the file that has a member of this name."""
    owners = program.combine(_members, _owners).get(name, ())
    return owners[0] if len(owners) == 1 else None


@remembered
def _members(item: Item) -> tuple[str, frozenset[str]] | None:
    """The name and the members of the enumeration that an item declares."""
    if not isinstance(item.declaration, syntax.EnumDeclaration):
        return None
    return item.declaration.name.text, frozenset(each.name.text for each in item.declaration.members)


def _owners(enumerations: tuple[tuple[str, frozenset[str]] | None, ...]) -> Mapping[str, Sequence[str]]:
    """The enumerations that have a member of each name."""
    found: dict[str, list[str]] = {}
    for name, members in filter(None, enumerations):
        for each in members:
            found.setdefault(each, []).append(name)
    return found


def _attributes(item: Item) -> Sequence[str]:
    """The names of the attributes of a record, and of the fields that a signature takes over."""
    declaration = item.declaration
    if not isinstance(declaration, syntax.TypeDeclaration | syntax.SignatureDeclaration):
        return ()
    symbol = item.symbol_of(declaration.name)
    match symbol.type if symbol is not None else None:
        case types.Signature(interface=interface) | types.TypeForm(type=types.Record(interface=interface)):
            return tuple(each.name for each in interface.fields)
        case _:
            return ()
