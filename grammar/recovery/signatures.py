"""Signatures in the string form that are written without their quotes: `Predict(text -> label)`."""

from __future__ import annotations

from ...base.diagnostic import Edit, Fix
from ...base.span import Span
from ..lexing.tokens import Token, vocabulary
from ..problems import problem
from .edits import Repair, Stuck, fits, read_as


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


def description_in_string(stuck: Stuck) -> Repair | None:
    """`text -> name (the full name)`: what stands in the brackets is left out."""
    known = vocabulary()
    if (
        stuck.token.text != "("
        or stuck.at == 0
        or stuck.before.kind not in {known.name, known.operators["]"]}
    ):
        return None
    depth, stop = 0, stuck.at
    for stop in range(stuck.at, len(stuck.tokens)):
        kind = stuck.tokens[stop].kind
        depth += (kind in known.openers) - (kind in known.closers)
        if depth <= 0:
            break
    found = problem(
        "E001",
        (stuck.token.start, stuck.tokens[stop].end),
        "the string form has no descriptions; declare a signature with a field on each line",
        'a description follows the type there: `output name: str "the full name"`',
    )
    return Repair(stuck.at, stop + 1, [], found)


def colon_for_equals(stuck: Stuck) -> Repair | None:
    """`LM("…", temperature: 0.7)`."""
    known = vocabulary()
    if stuck.token.text != ":" or stuck.at < 2 or stuck.before.kind != known.name:
        return None
    depth, at = 0, stuck.at - 1
    while at > stuck.line and depth >= 0:
        at -= 1
        kind = stuck.tokens[at].kind
        depth += (kind in known.closers) - (kind in known.openers)
    is_called = stuck.tokens[at].text == "(" and stuck.tokens[at - 1].kind == known.name
    if depth >= 0 or not is_called or stuck.tokens[stuck.at - 2].text not in {"(", ","}:
        return None
    if not fits(stuck.states, "="):
        return None
    name, token = stuck.before.text, stuck.token
    found = problem(
        "E029",
        token.span,
        f"a named argument has `=`, not `:`: `{name[:40]}=…`",
        None,
        Fix("Write `=`", (Edit(Span(stuck.before.end, stuck.after.start), "="),), "safe"),
    )
    return Repair(stuck.at, stuck.at + 1, [read_as(token, "=")], found)
