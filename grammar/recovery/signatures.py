"""Signatures in the string form that are written without their quotes: `Predict(text -> label)`."""

from __future__ import annotations

from ...base.diagnostic import Edit, Fix
from ...base.span import Span
from ..lexing.tokens import Token, vocabulary
from ..problems import problem
from .edits import Repair, Stuck


def unquoted_signature(stuck: Stuck) -> Repair | None:
    """The argument around an arrow, read as a string."""
    if stuck.token.text not in {"->", ":"} and stuck.after.text != "->" and stuck.token.text != "=":
        return None
    bounds = _argument(stuck)
    if bounds is None:
        return None
    start, stop = bounds
    tokens = stuck.tokens
    known = vocabulary()
    span = Span(tokens[start].start, tokens[stop - 1].end)
    written = stuck.text[span.start : span.end]
    arrow = next((each for each in tokens[start:stop] if each.text == "->"), None)
    quote = "'" if '"' in written else '"'
    if arrow is None or quote in written or "\n" in written:
        return None
    quotes = (Edit(Span(span.start, span.start), quote), Edit(Span(span.end, span.end), quote))
    found = problem(
        "E030",
        span,
        f"a signature in a call must be a string: `{quote}{written[:60]}{quote}`",
        None,
        Fix("Put it in quotes", quotes, "safe"),
    )
    return Repair(start, stop, [Token(known.string, *span, f"{quote}{written}{quote}")], found)


def _argument(stuck: Stuck) -> tuple[int, int] | None:
    """The indices around the argument that the stuck token stands in; keyword arguments are others."""
    known = vocabulary()
    tokens = stuck.tokens
    start, depth = stuck.at, 0
    while start > stuck.line:
        kind = tokens[start - 1].kind
        depth += (kind in known.closers) - (kind in known.openers)
        if depth < 0:
            break
        start -= 1
    if (
        start == stuck.line
        or start < 2
        or tokens[start - 1].text != "("
        or tokens[start - 2].kind != known.name
    ):
        return None
    stop, depth = start, 0
    while stop < len(tokens):
        token = tokens[stop]
        depth += (token.kind in known.openers) - (token.kind in known.closers)
        if depth < 0 or token.kind in {known.newline, known.end}:
            break
        behind_arrow = any(each.text == "->" for each in tokens[start:stop])
        if depth == 0 and token.text == "," and stuck.peek(stop + 2).text == "=" and behind_arrow:
            break
        stop += 1
    return (start, stop) if depth < 0 or tokens[stop].text == "," else None
