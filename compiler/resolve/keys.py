"""The keys of items: what names each in its file, whatever stands above it."""

from __future__ import annotations

from collections.abc import Sequence

from ...grammar import syntax
from ...grammar.parse import Parsed
from ..trees import declared_names


def name_of(parsed: Parsed) -> str:
    """What an item is called by in its file: by what it declares, by its title, else by its kind."""
    declaration = parsed.declaration
    if isinstance(declaration, syntax.TestDeclaration):
        return f"test {declaration.title.value}"
    names = declared_names(declaration)
    return names[0].text if names else type(declaration).__name__


def numbered(names: Sequence[str]) -> list[str]:
    """The keys of items, by which those of the same name are told apart."""
    counts: dict[str, int] = {}
    keys: list[str] = []
    for name in names:
        count = counts[name] = counts.get(name, 0) + 1
        keys.append(name if count == 1 else f"{name}\0{count}")
    return keys


def without_number(key: str) -> str:
    """The name in a key."""
    return key.partition("\0")[0]
