"""A name that is declared twice."""

from __future__ import annotations

from ....base.span import Span
from ...program import Program, declared_names
from ...types import Place
from ..rule import Findings, file_rule, label


@file_rule("E102", "duplicate-declaration")
def duplicate_declaration(program: Program) -> Findings:
    """Two declarations or imports of a file define the same name.

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
    first: dict[str, Span] = {}
    for item in program.items:
        for name in declared_names(item.declaration) if not item.broken else ():
            here = item.at(name)
            before = first.setdefault(name.text, here)
            if before != here:
                labels = label(program, Place(program.path, before), f"`{name.text}` is first declared here")
                found = duplicate_declaration.at(name, f"`{name.text}` is already declared", labels=labels)
                yield found.shifted(item.start)
