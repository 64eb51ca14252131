"""A name that is declared twice."""

from __future__ import annotations

from collections.abc import Sequence

from ....base.diagnostic import Fix
from ....grammar.syntax import FromImport, Identifier, Import
from ...program import Item, Program
from ...types import Place
from ..edits import free_name, rename
from ..imports.unused_import import import_removal
from ..rule import Findings, file_rule, label
from ..walking import remembered


@file_rule("E102", "duplicate-declaration", fix="always")
def duplicate_declaration(program: Program) -> Findings:
    """Two declarations or imports of a file use the same name.

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
    if not program.combine(_names, _has_repeated):
        return
    first: dict[str, tuple[Item, Identifier]] = {}
    for item in program.items:
        for name in item.names if not item.broken else ():
            owner, before = first.setdefault(name.text, (item, name))
            # Two items of the same text share their nodes.
            if owner is not item or before is not name:
                place = Place(program.path, owner.at(before))
                labels = label(program, place, f"`{name.text}` is first declared here")
                found = duplicate_declaration.at(
                    name, f"`{name.text}` is already declared", fix=_fix(program, item, name), labels=labels
                )
                yield found.shifted(item.start)


def _fix(program: Program, item: Item, name: Identifier) -> Fix:
    """Another name for a declaration; an import is taken out."""
    if isinstance(item.declaration, FromImport | Import):
        return import_removal(item, name)
    return rename([name], free_name(name.text, program.symbols))


@remembered
def _names(item: Item) -> tuple[str, ...]:
    return () if item.broken else tuple(each.text for each in item.names)


def _has_repeated(names: Sequence[tuple[str, ...]]) -> bool:
    all_names = [name for each in names for name in each]
    return len(set(all_names)) < len(all_names)
