"""What can be said of syntax trees as such: whether two are the same."""

from __future__ import annotations

from typing import Any

from .syntax import FString, Node, String, parts_of


def equal(first: Any, second: Any, *, ignore_raw: bool = False) -> bool:
    """Whether two nodes are the same but for where they stand.

    How an f-string is written counts for nothing, since its expressions may be laid out; how a string is,
    unless `ignore_raw`.
    """
    pairs = [(first, second)]
    while pairs:
        one, other = pairs.pop()
        if type(one) is not type(other):
            return False
        if isinstance(one, tuple):
            if len(one) != len(other):
                return False
            pairs += zip(one, other, strict=True)
        elif isinstance(one, Node):
            is_written = isinstance(one, FString) or (ignore_raw and isinstance(one, String))
            names = (name for name in parts_of(type(one)) if not (is_written and name == "raw"))
            pairs += [(getattr(one, name), getattr(other, name)) for name in names]
        elif one != other and one == one:
            return False
    return True
