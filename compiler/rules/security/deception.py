"""Names that make a program read differently from what it says."""

from __future__ import annotations

from ....base.span import Span
from ....grammar import syntax
from ....grammar.confusables import skeleton
from ...program import Item, Program
from ..rule import Findings, file_rule
from ..walking import nodes_of, remembered


@file_rule("W401", "look-alike-names", severity="warning")
def look_alike_names(program: Program) -> Findings:
    """Two different names look the same, because one contains letters of another script.

    ```dspy
    limit = 5

    def is_long(text: str, lіmit: int) -> bool:
    #                      ^^^^^ W401 `lіmit` looks like `limit`; it contains the letter U+0456
        return len(text) > limit
    ```

    ```dspy
    limit = 5

    def is_long(text: str, at_most: int) -> bool:
        return len(text) > at_most
    ```
    """
    if program.source.text.isascii():
        return
    known = {skeleton(name): name for name in program.names()}
    for item in program.items:
        for name in _names(item):
            if name.isascii():
                known[skeleton(name)] = name
    seen: set[str] = set()
    for item in program.items:
        for name, span in _names(item).items():
            other = known.setdefault(skeleton(name), name)
            if other != name and name not in seen:
                seen.add(name)
                odd = next((each for each in name if each not in other), name[0])
                words = f"`{name}` looks like `{other}`; it contains the letter U+{ord(odd):04X}"
                yield look_alike_names.at(span, words).shifted(item.start)


@remembered
def _names(item: Item) -> dict[str, Span]:
    """The names that are declared or used in an item, each with where it first stands."""
    found: dict[str, Span] = {}
    for node in nodes_of(item):
        if isinstance(node, syntax.Identifier | syntax.Name):
            found.setdefault(node.text, node.span)
    return found
