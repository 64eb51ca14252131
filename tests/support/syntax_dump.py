"""A syntax tree as text: a node on a line, its span, and what stands below it indented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dspyc.grammar.syntax import FString, Node, parts_of


def dump(node: Node, *, spans: bool = True) -> str:
    """The tree below `node`; without `spans` also without what an f-string is written as, which the layout
    may change.
    """
    return "\n".join(_lines(node, "", 0, spans))


def _lines(value: Any, label: str, depth: int, spans: bool) -> Iterator[str]:
    margin = "  " * depth
    if isinstance(value, Node):
        simple = {name: getattr(value, name) for name in parts_of(type(value))}
        if isinstance(value, FString) and not spans:
            del simple["raw"]
        inline = {name: each for name, each in simple.items() if not _has_nodes(each)}
        place = f" {value.span.start}-{value.span.end}" if spans else ""
        shown = "".join(f" {name}={each!r}" for name, each in inline.items() if each not in (None, (), ""))
        yield f"{margin}{label}{type(value).__name__}{place}{shown}"
        for name, each in simple.items():
            if name not in inline:
                yield from _lines(each, f"{name}: ", depth + 1, spans)
    elif isinstance(value, tuple):
        for each in value:
            yield from _lines(each, label, depth, spans)
    else:
        yield f"{margin}{label}{value!r}"


def _has_nodes(value: Any) -> bool:
    return isinstance(value, Node) or (isinstance(value, tuple) and any(_has_nodes(each) for each in value))
