"""What can be said of syntax trees as such: whether two are the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
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


def walk(node: Node) -> Sequence[Node]:
    """A node and all nodes in it, in the order of the text."""
    found: list[Node] = []
    waiting: list[Any] = [node]
    parts = _PARTS_BACKWARDS
    while waiting:
        each = waiting.pop()
        kind = each.__class__
        if kind is tuple:
            waiting += reversed(each)
            continue
        names = parts[kind]
        if names is not None:
            found.append(each)
            for name in names:
                beneath = getattr(each, name)
                if beneath:
                    waiting.append(beneath)
    return found


class _PartsBackwards(dict[type, "tuple[str, ...] | None"]):
    """The fields that may hold nodes, the last one first, by the class; None for what is not a node."""

    def __missing__(self, kind: type) -> tuple[str, ...] | None:
        found = parts_with_nodes(kind)[::-1] if issubclass(kind, Node) else None
        self[kind] = found
        return found


@cache
def parts_with_nodes(kind: type[Node]) -> tuple[str, ...]:
    """The fields of a kind of node that may hold nodes."""
    plain = ("str", "int", "bool", "Literal[")
    written = {
        name: str(each)
        for base in kind.__mro__
        for name, each in vars(base).get("__annotations__", {}).items()
    }
    return tuple(name for name in parts_of(kind) if not written[name].startswith(plain))


_PARTS_BACKWARDS = _PartsBackwards()
