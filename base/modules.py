"""What modules say of themselves; objects of any kind stand among them, some with every attribute."""

from __future__ import annotations

from typing import Any


def attribute_of(module: object, name: str) -> Any:
    """An attribute that a module really has, or None; nothing is made or imported for the question."""
    return getattr(module, "__dict__", {}).get(name)


def file_of(module: object) -> str | None:
    """The file of a module, or None."""
    file = attribute_of(module, "__file__")
    return file if isinstance(file, str) else None
