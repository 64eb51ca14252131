"""f-strings among the tokens of a line that does not parse: each counts as one string, and a mistake between
its braces stays there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ..lexing.tokens import Token, f_string_end, vocabulary


def kinds_ahead(tokens: list[Token], at: int, count: int) -> list[int]:
    """The kinds of the next tokens, as far as there are so many; an f-string is one string."""
    return list(islice(_kinds(tokens, at), count))


def _kinds(tokens: list[Token], at: int) -> Iterator[int]:
    known = vocabulary()
    while at < len(tokens):
        if tokens[at].kind == known.f_start:
            yield known.string
            at = f_string_end(tokens, at)
        else:
            yield tokens[at].kind
            at += 1


def behind(tokens: list[Token], at: int) -> int:
    """The index behind `tokens[at]`, or behind the f-string that it begins."""
    return f_string_end(tokens, at) if tokens[at].kind == vocabulary().f_start else at + 1


def begin(tokens: list[Token], at: int) -> Token:
    """`tokens[at]`, or the first token of the f-string that it ends."""
    known = vocabulary()
    depth = 0
    while True:
        depth += (tokens[at].kind == known.f_end) - (tokens[at].kind == known.f_start)
        if depth == 0:
            return tokens[at]
        at -= 1


def field_end(tokens: list[Token], at: int) -> int | None:
    """The index of the brace that ends the replacement field around `tokens[at]`; None outside of any."""
    known = vocabulary()
    depth = _depth_in_field(tokens, at)
    if depth is None:
        return None
    while depth or tokens[at].kind != known.operators["}"]:
        kind = tokens[at].kind
        if kind in {known.f_end, known.newline, known.end}:
            return None
        depth += (kind in known.openers) - (kind in known.closers and depth > 0)
        at = behind(tokens, at)
    return at


def _depth_in_field(tokens: list[Token], at: int) -> int | None:
    """How many brackets are open between the field's brace and `tokens[at]`."""
    known = vocabulary()
    before_field = {known.f_start, known.f_middle, known.f_colon, known.operators["}"]}
    depth = closed = strings = 0
    for index in range(at - 1, 0, -1):
        kind = tokens[index].kind
        if kind in {known.newline, known.indent, known.dedent}:
            return None
        strings += (kind == known.f_end) - (kind == known.f_start)
        if strings < 0:
            return None
        if strings or kind == known.f_start:
            continue
        if kind in known.closers:
            closed += 1
        elif kind in known.openers and closed:
            closed -= 1
        elif kind == known.operators["{"] and tokens[index - 1].kind in before_field:
            return depth
        elif kind in known.openers:
            depth += 1
    return None
