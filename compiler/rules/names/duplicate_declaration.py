"""A name that is declared twice."""

from __future__ import annotations

from ....grammar.syntax import Identifier
from ...program import Item, Program
from ...types import Place
from ..rule import Findings, file_rule, label


@file_rule("E102", "duplicate-declaration")
def duplicate_declaration(program: Program) -> Findings:
    """Two declarations or imports of a file give the same name.

    ```dspy
    limit = 5
    limit = 6
    #^^^^ E102 `limit` is already declared
    ```

    ```dspy
    limit = 5
    higher_limit = 6
    ```
    """
    first: dict[str, tuple[Item, Identifier]] = {}
    for item in program.items:
        for name in item.names if not item.broken else ():
            owner, before = first.setdefault(name.text, (item, name))
            if before is not name:
                place = Place(program.path, owner.at(before))
                labels = label(program, place, f"`{name.text}` is first declared here")
                found = duplicate_declaration.at(name, f"`{name.text}` is already declared", labels=labels)
                yield found.shifted(item.start)
