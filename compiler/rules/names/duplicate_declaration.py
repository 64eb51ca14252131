"""A name that is declared twice."""

from __future__ import annotations

from collections.abc import Iterator

from ....grammar.source import Span
from ...program import Item, Program, Symbol, declared_names
from ...types import Place
from ..rule import Finding, label, rule


@rule("E102", "duplicate-declaration")
def duplicate_declaration(program: Program, item: Item) -> Iterator[Finding]:
    """Two declarations or imports of a file give the same name.

    ```dspy
    limit = 5
    limit = 6
    #^^^^ E102 `limit` is declared already
    ```

    ```dspy
    limit = 5
    higher_limit = 6
    ```
    """
    for name in declared_names(item.declaration):
        symbol = program.symbols.get(name.text)
        first = _first(program, symbol, name.text)
        if first is None or first == item.at(name):
            continue
        labels = label(program, Place(program.path, first), f"`{name.text}` is first declared here")
        yield Finding(name, f"`{name.text}` is declared already", labels=labels)


def _first(program: Program, symbol: Symbol | None, name: str) -> Span | None:
    """Where the file first declares a name."""
    if symbol is None or symbol.item is None:
        return None
    item = program.items[symbol.item]
    return next((item.at(each) for each in declared_names(item.declaration) if each.text == name), None)
