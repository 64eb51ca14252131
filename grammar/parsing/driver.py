"""The LALR(1) loop over the tables: tokens to a syntax node, as long as there is no mistake."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import itemgetter
from typing import Any, TypeAlias

from ...base.span import Span
from ..actions import ACTIONS
from ..actions.context import Action, Context
from ..lexing.tokens import Token, vocabulary
from ..tables import Rule, Start, Tables, tables

Reduction: TypeAlias = tuple[int, int, Action | None, Callable[[Any], Any] | None]
"""The length, the left side, what makes the value (None: what is picked is it), what picks the children."""

MAX_STACK = 1_000
"""How many things may be begun and not ended; only an expression nested beyond reason needs more."""


def parse(tokens: list[Token], context: Context, start: Start = "start") -> Any:
    """The value of a list of tokens that ends in `$END`, or None where the grammar does not fit."""
    table, known = tables(), vocabulary()
    rows, jumps, reductions_ = table.rows, table.jumps, reductions()
    kinds = len(table.terminals)
    sides = len(table.nonterminals)
    fallbacks, name = known.fallbacks, known.name
    new = tuple.__new__  # what `Span(…)` does, in half the time
    states = [table.starts[start]]
    values: list[Any] = []
    begins: list[int] = []
    end = tokens[0].start
    row = rows[states[0]]
    for token in tokens:
        kind, begin, stop, text = token
        step = row.get(kind)
        if step is None and kind in fallbacks:
            kind = name
            step = row.get(kind)
        while True:
            if step is None:
                done = kind == known.end and states[-1] == table.ends[start]
                return values[-1] if done else None
            if step >= 0:
                break
            length, left, action, pick = reductions_[~step]
            children = values[-length:]
            if length == 1:
                states.pop()
            else:
                del states[-length:], values[1 - length :], begins[1 - length :]
            if action is None:
                values[-1] = pick(children)  # type: ignore[misc]
            elif pick is None:
                values[-1] = action(context, children, new(Span, (begins[-1], end)))
            else:
                values[-1] = action(context, pick(children), new(Span, (begins[-1], end)))
            top = states[-1]
            key = (top * sides + left) * kinds + kind
            target = jumps.get(key)
            if target is None:
                target = jumps[key] = _jump(table, top, left, kind)
            states.append(target)
            row = rows[target]
            step = row.get(kind)
        states.append(step)
        if len(states) > MAX_STACK:
            return None
        values.append(token)
        begins.append(begin)
        if text:
            end = stop
        row = rows[step]
    return None


def _jump(table: Tables, top: int, left: int, kind: int) -> int:
    """The state behind `top` after a reduction to `left`, with the renamings done that `kind` asks for."""
    target = table.gotos[top][left]
    while True:
        step = table.rows[target].get(kind, 0)
        if step >= 0 or not table.rules[~step].is_unit:
            return target
        target = table.gotos[top][table.rules[~step].left]


@cache
def reductions() -> tuple[Reduction, ...]:
    """What each rule of the tables does."""
    return tuple(_reduction(rule) for rule in tables().rules)


def _reduction(rule: Rule) -> Reduction:
    pick = _picker(rule)
    return rule.length, rule.left, None if rule.action in {"", "[]"} else ACTIONS[rule.action], pick


def _picker(rule: Rule) -> Callable[[Any], Any] | None:
    """What takes a rule's children out of what stands on the stack; None where all of it are children."""
    shape = rule.shape
    if rule.action == "":
        return itemgetter(*[index for index in shape if index is not None])
    if (
        rule.action == "[]"
        and len(shape) > 1
        and shape[0] == -1
        and all(i is not None and i > 0 for i in shape[1:])
    ):
        return _appender([index for index in shape[1:] if index is not None])
    if rule.action != "[]" and shape == tuple(range(rule.length)):
        return None
    if rule.action != "[]" and len(shape) > 1 and all(index is not None and index >= 0 for index in shape):
        return itemgetter(*[index for index in shape if index is not None])
    return _collector(shape)


def _appender(indexes: list[int]) -> Callable[[Any], Any]:
    """Adds to the list that has been collected so far, so that a long list takes linear time."""
    if len(indexes) == 1:
        (index,) = indexes

        def append_one(children: Any) -> Any:
            children[0].append(children[index])
            return children[0]

        return append_one

    def append_all(children: Any) -> Any:
        children[0].extend([children[index] for index in indexes])
        return children[0]

    return append_all


def _collector(shape: tuple[int | None, ...]) -> Callable[[Any], Any]:
    plain = [index for index in shape if index is not None and index >= 0]
    if len(plain) == len(shape):
        return lambda children: [children[index] for index in plain]

    def collect(children: Any) -> Any:
        found: list[Any] = []
        for index in shape:
            if index is None:
                found.append(None)
            elif index >= 0:
                found.append(children[index])
            else:
                found.extend(children[~index])
        return found

    return collect
