"""The parser's states without values: what could come next, and what would happen if it did."""

from __future__ import annotations

from collections.abc import Iterable

from ..lexing.tokens import UNKNOWN, vocabulary
from ..tables import tables


def feed(states: list[int], kind: int) -> bool:
    """Take a terminal if it can come here; the stack changes only then."""
    table, known = tables(), vocabulary()
    if kind in known.fallbacks and kind not in table.rows[states[-1]]:
        kind = known.name
    # What the reductions push stands in `tail`, above the part of the stack that is left, `states[:floor]`.
    tail: list[int] = []
    floor = len(states)
    while True:
        top = tail[-1] if tail else states[floor - 1]
        step = table.rows[top].get(kind)
        if step is None:
            if kind == known.end and top in table.ends.values():
                break
            return False
        if step >= 0:
            tail.append(step)
            break
        rule = table.rules[~step]
        taken = min(rule.length, len(tail))
        if taken:
            del tail[-taken:]
        floor -= rule.length - taken
        top = tail[-1] if tail else states[floor - 1]
        tail.append(table.gotos[top][rule.left])
    states[floor:] = tail
    return True


def is_done(states: list[int]) -> bool:
    """Whether the whole item has been taken, `$END` included."""
    return states[-1] in tables().ends.values()


def count_accepted(states: list[int], kinds: Iterable[int]) -> int:
    """How many of these terminals could come, one after the other."""
    copy = list(states)
    count = 0
    for kind in kinds:
        if not feed(copy, kind):
            break
        count += 1
    return count


def expected(states: list[int]) -> list[int]:
    """The terminals that can come here."""
    known = vocabulary()
    row = tables().rows[states[-1]]
    return [kind for kind in row if kind != UNKNOWN and kind != known.end and count_accepted(states, (kind,))]


def next_to_complete(states: list[int]) -> int:
    """The terminal to insert next on the cheapest way to the end of what has been begun."""
    table = tables()
    copy = list(states)
    while True:
        step = table.completions[copy[-1]]
        if step >= 0:
            return step
        rule = table.rules[~step]
        del copy[len(copy) - rule.length :]
        copy.append(table.gotos[copy[-1]][rule.left])
