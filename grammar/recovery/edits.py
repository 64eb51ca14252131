"""What the repairs of known mistakes have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ...base.diagnostic import Diagnostic
from ..lexing.tokens import Token, vocabulary
from ..parsing.automaton import count_accepted, feed
from ..tables import tables

Mending: TypeAlias = tuple[int, int, list[Token], Diagnostic | None]
"""`tokens[start:stop]` are replaced by the others; where the problem is None it has been reported."""

Mender: TypeAlias = Callable[[str, list[Token], int, int, list[int]], Mending | None]
"""What to do about `tokens[at]`, which does not fit, in the line that begins at `tokens[line]`.

Its parameters: the text, the tokens, `at`, `line`, and the states of the automaton before `tokens[at]`.
"""


def mend_with(
    menders: tuple[Mender, ...], text: str, tokens: list[Token], at: int, line: int, states: list[int]
) -> Mending | None:
    """What the first of the menders does that knows the mistake."""
    for mender in menders:
        found = mender(text, tokens, at, line, states)
        if found is not None:
            return found
    return None


def fits(states: list[int], literal: str) -> bool:
    """Whether a keyword or an operator can come here."""
    return count_accepted(states, [tables().literals[literal]]) == 1


def read_as(token: Token, literal: str) -> Token:
    """The token read as if `literal` stood there."""
    return tables().literals[literal], token[1], token[2], literal


def header_end(tokens: list[Token], at: int, *, colon: bool = True) -> tuple[int, bool]:
    """Where the rest of a line ends: at its colon outside of brackets (if asked for), or at its end."""
    known = vocabulary()
    depth = 0
    for index in range(at, len(tokens)):
        kind, text = tokens[index][0], tokens[index][3]
        if kind in {known.newline, known.end}:
            return index, False
        depth += (text in {"(", "[", "{"}) - (text in {")", "]", "}"})
        if colon and depth == 0 and kind == known.colon:
            return index, True
    return len(tokens) - 1, False


def discard(tokens: list[Token], at: int, stop: int, found: Diagnostic, states: list[int]) -> Mending:
    """Leave a line out; where it is the first of the item, the item has no declaration."""
    if at == 0:
        return 0, len(tokens), [], found
    return at, stop + 1, [], found


def line_before(tokens: list[Token], at: int) -> int:
    """The index of the first token of the line that ends right before `tokens[at]`."""
    known = vocabulary()
    layout = {known.newline, known.indent, known.dedent}
    first = at - 1
    while first > 0 and tokens[first][0] in layout:
        first -= 1
    while first > 0 and tokens[first - 1][0] not in layout:
        first -= 1
    return first


def states_before(tokens: list[Token], at: int) -> list[int]:
    """The states of the automaton before `tokens[at]`."""
    states = [tables().starts["start"]]
    for token in tokens[:at]:
        if not feed(states, token[0]):
            break
    return states
