"""A name of a body or module that hides a declaration of the file."""

from __future__ import annotations

from ....base.diagnostic import Fix
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...schedule.names import written
from ...trees import walk
from ..bodies.paths import bodies, paths_of
from ..bodies.unused import unused_variables
from ..edits import rename
from ..rule import BODIES, Body, Findings, declared_at, rule

_KINDS = {
    "lm": "language model",
    "module": "module",
    "module class": "module",
    "function": "function",
    "dataset": "dataset",
    "optimizer": "optimizer",
    "program": "program",
    "evaluate": "evaluation",
    "constant": "constant",
    "tools": "list of tools",
    "builtin": "built-in",
}


@rule("W110", "shadowed-name", *BODIES, fix="sometimes", severity="warning")
def shadowed_name(program: Program, item: Item, node: Body) -> Findings:
    """Throughout a body, a variable hides a declaration of the file or a built-in that the body calls.

    ```dspy
    module draft = Predict("topic -> text")

    def write(topic: str) -> str:
        draft = topic.strip()
    #   ^^^^^ W110 the variable `draft` hides the module `draft` of this file
        return draft
    ```

    ```dspy
    module draft = Predict("topic -> text")

    def write(topic: str) -> str:
        clean = topic.strip()
        return draft(topic=clean).text
    ```
    """
    if not any(symbol.kind == "local" and program.lookup(symbol.name) for _, symbol in item.visible):
        return
    found = {each.name.text for each in paths_of(item).unbound} | {
        each.name for each in unused_variables(item)
    }
    for given, body in bodies(node):
        told = {*given, *found}
        for statement in body:
            for name in sorted(written(statement) - told):
                symbol = program.lookup(name)
                if symbol is None or symbol.kind not in _KINDS or symbol.item == item.key:
                    continue
                if symbol.kind == "builtin" and name not in _called(item):
                    continue
                told.add(name)
                place = next(each for each in walk(statement) if getattr(each, "text", None) == name)
                where = "" if symbol.kind == "builtin" else " of this file"
                words = f"the variable `{name}` hides the {_KINDS[symbol.kind]} `{name}`{where}"
                fix = _renamed(item, name) if name not in _called(item) else None
                yield shadowed_name.at(place, words, fix=fix, labels=declared_at(program, symbol))


def _renamed(item: Item, name: str) -> Fix | None:
    """Another name for a variable of the item."""
    local = [each for each in item.nodes(syntax.Name) if each.text == name and _is_local(item, each)]
    return rename(local, f"{name}_") if local else None


def _is_local(item: Item, node: syntax.Name) -> bool:
    symbol = item.symbol_of(node)
    return symbol is not None and symbol.kind == "local"


def _called(item: Item) -> set[str]:
    """The built-ins that an item calls by names of which nothing else is known."""
    return {
        call.function.text
        for call in item.nodes(syntax.Call)
        if isinstance(call.function, syntax.Name) and not types.known(item.type_of(call.function))
    }
