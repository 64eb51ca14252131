"""What every node of a syntax tree has."""

from __future__ import annotations

from functools import cache

from msgspec import Struct

from ..source import Span


class Node(Struct, frozen=True, gc=False):
    """What every node has: where it stands in its item."""

    span: Span


@cache
def parts_of(kind: type[Node]) -> tuple[str, ...]:
    """The attributes of a kind of node, without its span, in the order of the text."""
    return tuple(name for name in kind.__struct_fields__ if name != "span")


class Identifier(Node, frozen=True, gc=False):
    """A name that is declared or that labels something: `question` in `input question: str`."""

    text: str
