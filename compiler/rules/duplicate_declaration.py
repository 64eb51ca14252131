"""A name that is declared twice."""

from __future__ import annotations

from collections.abc import Iterator

from ..program import Item, Program, declared_names
from ..types import Place
from .rule import Finding, label, rule


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
        for other in program.items[: item.index + 1]:
            first = next((each for each in declared_names(other.declaration) if each.text == name.text), None)
            if first is None:
                continue
            if first is not name or other.index != item.index:
                place = Place(program.path, other.at(first))
                labels = label(program, place, f"`{name.text}` is first declared here")
                yield Finding(name, f"`{name.text}` is declared already", labels=labels)
            break
