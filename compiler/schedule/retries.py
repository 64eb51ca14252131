"""A failed `assert` in `forward`: which calls are made again, and what is worked out again after them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ...grammar import syntax
from . import calls
from .dependence import Unit, blocks
from .view import View


class Region(Struct, frozen=True):
    """Units that are run again until the asserts among them hold."""

    units: tuple[Unit, ...]
    tried: frozenset[int]
    """The calls (by identity) that are given the reason."""
    first: int
    """The index, among the block's units, of its first unit."""
    last: int
    ready: int
    """The index at which it can begin: behind everything else that it reads."""


def regions(view: View, found: Sequence[Unit]) -> list[Region]:
    """The regions of a block that are tried again, none of which overlap."""
    groups: list[tuple[set[int], set[int]]] = []
    for index, unit in enumerate(found):
        if asserts(unit.statement):
            tried, members = _sources(view, found, index)
            if tried:
                groups.append((tried, members))
    merged: list[tuple[set[int], set[int]]] = []
    for tried, members in groups:
        for other in [each for each in merged if each[1] & members]:
            merged.remove(other)
            tried, members = tried | other[0], members | other[1]
        merged.append((tried, members))
    return [made for tried, members in merged if (made := _region(found, tried, members)) is not None]


def asserts(statement: syntax.Statement) -> bool:
    """Whether a statement is an `assert` or `suggest`, or has one in a branch."""
    match statement:
        case syntax.Assert():
            return True
        case syntax.If() | syntax.Match() | syntax.Try():
            return any(asserts(each) for block in blocks(statement) for each in block)
        case _:
            return False


def _sources(view: View, found: Sequence[Unit], index: int) -> tuple[set[int], set[int]]:
    """The calls of parts whose results reach an assert, and the units from them to it that depend on them."""
    wanted = set(found[index].reads)
    tried: set[int] = set()
    members = {index}
    for earlier in range(index - 1, -1, -1):
        unit = found[earlier]
        if not unit.writes & wanted:
            continue
        if not unit.calls:
            wanted |= unit.reads
            continue
        # What passes through another call is that call's own doing.
        made = calls.part_calls(view, unit.statement)
        if made:
            tried |= {id(call) for call in made}
            members.add(earlier)
    if not tried:
        return set(), set()
    fed: set[str] = set()
    for later in range(min(members), index):
        unit = found[later]
        if later in members or unit.reads & fed:
            members.add(later)
            fed |= unit.writes
    return tried, members


def _region(found: Sequence[Unit], tried: set[int], members: set[int]) -> Region | None:
    inside = [found[index] for index in sorted(members)]
    if any(_leaves_loop(unit.statement) for unit in inside):
        return None
    if any(unit.leaves_traces for unit in inside):
        # A call with effects has used, or would use, what is to be made again: it cannot be undone.
        return None
    first, last = min(members), max(members)
    needed = {name for unit in inside for name in unit.reads}
    own = {name for unit in inside for name in unit.writes}
    ready = first
    for index in range(first, last):
        if index not in members and found[index].writes & needed - own:
            ready = index + 1
        if index not in members and found[index].barrier:
            ready = index + 1
    return Region(tuple(inside), frozenset(tried), first, last, ready)


def _leaves_loop(statement: syntax.Statement) -> bool:
    match statement:
        case syntax.Break() | syntax.Continue():
            return True
        case syntax.If() | syntax.Match() | syntax.Try():
            return any(_leaves_loop(each) for block in blocks(statement) for each in block)
        case _:
            return False
