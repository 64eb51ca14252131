"""The spaces between the leaves of a line."""

from __future__ import annotations

from .leaves import Leaf, is_operand

_SIMPLE_IN_SLICES = {"word", "number", "string", "prefix", "slice", "comma"}


def space_out(leaves: list[Leaf]) -> None:
    """Give every leaf the space before it."""
    complex_slices = _complex_slices(leaves)
    before: Leaf | None = None
    for index, leaf in enumerate(leaves):
        leaf.space = _space(before, leaf, is_complex=index in complex_slices)
        before = leaf
    _hug_powers(leaves)


def _space(before: Leaf | None, leaf: Leaf, *, is_complex: bool) -> str:
    """The space between two leaves that stand side by side; `is_complex` is for a slice's colon."""
    if before is None or before.kind == "open" or leaf.kind in {"close", "comma", "colon", "dot", "argument"}:
        return ""
    if leaf.kind == "slice":
        return " " if is_complex and before.kind != "slice" else " " * (before.kind == "comma")
    if before.kind == "slice":
        return " " * is_complex
    if before.kind in {"dot", "prefix", "argument"}:
        return ""
    if before.kind == "dots" and leaf.kind in {"word", "dots"}:
        return ""
    return "" if leaf.is_trailer and leaf.kind == "open" else " "


def _complex_slices(leaves: list[Leaf]) -> set[int]:
    """The indexes of the colons of slices whose bounds are more than a name or a number, and those behind."""
    found: set[int] = set()
    opened: list[list[int]] = []
    is_complex: list[bool] = []

    def finish() -> None:
        if is_complex[-1]:
            found.update(index for at in opened[-1] for index in (at, at + 1))
        opened[-1], is_complex[-1] = [], False

    for index, leaf in enumerate(leaves):
        if leaf.kind == "close" and opened:
            finish()
            opened.pop()
            is_complex.pop()
        if opened and leaf.kind == "slice":
            opened[-1].append(index)
        elif opened and leaf.kind == "comma":
            finish()
        elif opened and leaf.kind not in _SIMPLE_IN_SLICES and (leaf.kind != "open" or leaf.is_trailer):
            is_complex[-1] = True
        if leaf.kind == "open":
            opened.append([])
            is_complex.append(False)
    return found


def _hug_powers(leaves: list[Leaf]) -> None:
    """No space around `**` between simple operands: names, attributes and numbers."""
    for index, leaf in enumerate(leaves[:-1]):
        if leaf.text != "**" or leaf.kind != "operator":
            continue
        if _is_simple_before(leaves, index - 1) and _is_simple_behind(leaves, index + 1):
            leaf.space = leaves[index + 1].space = ""


def _is_simple_before(leaves: list[Leaf], at: int) -> bool:
    """Whether what ends at an index is a number, a name or an attribute of names."""
    if leaves[at].kind == "number":
        return True
    while leaves[at].kind == "word":
        if at == 0 or leaves[at - 1].kind != "dot":
            return True
        at -= 2
    return False


def _is_simple_behind(leaves: list[Leaf], at: int) -> bool:
    """Whether what begins at an index is a number, a name or an attribute, with a sign or without."""
    if leaves[at].kind == "prefix":
        at += 1
    if at < len(leaves) and leaves[at].kind == "number":
        return True
    if at >= len(leaves) or leaves[at].kind != "word":
        return False
    while at + 2 < len(leaves) and leaves[at + 1].kind == "dot":
        at += 2
    return not (at + 1 < len(leaves) and leaves[at + 1].kind == "open" and is_operand(leaves[at]))
