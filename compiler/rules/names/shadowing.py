"""A name of a body or module that hides a declaration of the file."""

from __future__ import annotations

from ...program import Item, Program
from ...schedule.names import written
from ...trees import walk
from ..bodies.paths import bodies, paths_of
from ..bodies.unused import unused_variables
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
}


@rule("W110", "shadowed-name", *BODIES, severity="warning")
def shadowed_name(program: Program, item: Item, node: Body) -> Findings:
    """A variable has the name of a declaration of the file, which it hides in the whole body.

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
    if not any(symbol.kind == "local" and symbol.name in program.symbols for _, symbol in item.visible):
        return
    found = {each.name.text for each in paths_of(item).unbound} | {
        each.name for each in unused_variables(item)
    }
    for given, body in bodies(node):
        told = {*given, *found}
        for statement in body:
            for name in sorted(written(statement) - told):
                symbol = program.symbols.get(name)
                if symbol is None or symbol.kind not in _KINDS or symbol.item == item.key:
                    continue
                told.add(name)
                place = next(each for each in walk(statement) if getattr(each, "text", None) == name)
                words = f"the variable `{name}` hides the {_KINDS[symbol.kind]} `{name}` of this file"
                yield shadowed_name.at(place, words, labels=declared_at(program, symbol))
