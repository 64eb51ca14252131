"""What the repairs of known mistakes have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from ...base.diagnostic import Diagnostic
from ..lexing.tokens import Token, vocabulary
from ..parsing.automaton import count_accepted
from ..tables import tables


class Repair(NamedTuple):
    """Replace `tokens[start:stop]` by others; without a problem it is a consequence of an earlier repair."""

    start: int
    stop: int
    tokens: list[Token]
    problem: Diagnostic | None


class Stuck(Struct, frozen=True):
    """Where the automaton cannot go on: `tokens[at]` does not fit; its line begins at `tokens[line]`."""

    text: str
    tokens: list[Token]
    at: int
    line: int
    states: list[int]
    """The stack of the automaton before `tokens[at]`."""
    line_states: list[int]
    """The same before `tokens[line]`."""

    @property
    def token(self) -> Token:
        """The token that does not fit."""
        return self.tokens[self.at]

    @property
    def before(self) -> Token:
        """The token before it; only where `at` is above 0."""
        return self.tokens[self.at - 1]

    @property
    def after(self) -> Token:
        """The token behind it, or the last."""
        return self.peek(self.at + 1)

    def peek(self, index: int) -> Token:
        """The token at an index, or the last where there are not so many."""
        return self.tokens[min(index, len(self.tokens) - 1)]

    @property
    def line_before(self) -> list[Token]:
        """The tokens before it in its line."""
        return self.tokens[self.line : self.at]

    @property
    def first(self) -> Token:
        """The first token of its line."""
        return self.tokens[self.line]


def as_lines(text: str) -> str:
    """The text with `\n` at the end of every line, of the same length, so that offsets hold."""
    return text if "\r" not in text else text.replace("\r\n", " \n").replace("\r", "\n")


RepairRule: TypeAlias = Callable[[Stuck], Repair | None]
"""What to do about one kind of mistake; None for every other."""


def first_repair(rules: tuple[RepairRule, ...], stuck: Stuck) -> Repair | None:
    """What the first of the rules does that knows the mistake."""
    for rule in rules:
        found = rule(stuck)
        if found is not None:
            return found
    return None


def fits(states: list[int], literal: str) -> bool:
    """Whether a keyword or an operator can come here."""
    return count_accepted(states, [tables().literals[literal]]) == 1


def read_as(token: Token, literal: str) -> Token:
    """The token read as if `literal` stood there."""
    return Token(tables().literals[literal], token.start, token.end, literal)


def header_end(tokens: list[Token], at: int, *, colon: bool = True) -> tuple[int, bool]:
    """Where the rest of a line ends: at its colon outside of brackets (if asked for), or at its end."""
    known = vocabulary()
    depth = 0
    for index in range(at, len(tokens)):
        kind = tokens[index].kind
        if kind in {known.newline, known.end}:
            return index, False
        depth += (kind in known.openers) - (kind in known.closers)
        if colon and depth == 0 and kind == known.colon:
            return index, True
    return len(tokens) - 1, False


def discard(tokens: list[Token], at: int, stop: int, found: Diagnostic) -> Repair:
    """Leave a line out; where it is the first of the item, the item has no declaration."""
    if at == 0:
        return Repair(0, len(tokens), [], found)
    return Repair(at, stop + 1, [], found)


def line_before(tokens: list[Token], at: int) -> int:
    """The index of the first token of the line that ends right before `tokens[at]`."""
    known = vocabulary()
    layout = {known.newline, known.indent, known.dedent}
    first = at - 1
    while first > 0 and tokens[first].kind in layout:
        first -= 1
    while first > 0 and tokens[first - 1].kind not in layout:
        first -= 1
    return first
