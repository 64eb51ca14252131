"""A name put at the cursor, so that the parser reads a text that is being written as if it went on there.

    assert pred.la‸          the text
    assert pred.MARKER       what is parsed

The word that the cursor is in gives way to the marker. One item is parsed, the one that holds the marker.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from ...grammar import syntax
from ...grammar.actions.context import Context
from ...grammar.lexing.brackets import find_repairs
from ...grammar.lexing.lexer import lex
from ...grammar.lexing.tokens import Lexed, Token, vocabulary
from ...grammar.lossless import tokenize
from ...grammar.parse import File, parse_item
from ...grammar.parsing.automaton import count_accepted, expected, feed, next_to_complete
from ...grammar.parsing.driver import parse
from ...grammar.recovery.recover import made, mend
from ...grammar.source import Span
from ...grammar.split import split
from ...grammar.tables import tables
from ..program import children

MARKER = "completionMarker"
"""A name that no program has."""

Ground: TypeAlias = Literal["code", "string", "number", "nothing"]
"""What the cursor is in: code, a string that is only text, a number, or a comment and the like."""

_WORD_BEFORE = re.compile(r"\w*\Z")
_WORD_BEHIND = re.compile(r"\w*")
_NUMBER = re.compile(r"(?<![\w.])(?:\d[\w.]*|\.\d\w*)\Z")
_STRING_PREFIX = re.compile(r"[rRfFbBuU]{1,2}")
_SPACE = " \t\f\ufeff"


@dataclass(frozen=True)
class Marked:
    """The item around a cursor with the marker in it."""

    text: str
    start: int
    """Where the item begins in the file."""
    offset: int
    """Where the marker begins in the item."""
    prefix: str
    """The part of the word that stands before the cursor."""
    followed_by_equals: bool
    """Whether an `=` follows, so that the word is a name that is given a value."""
    ground: Ground

    @property
    def cursor(self) -> int:
        """Where the cursor is in the file."""
        return self.start + self.offset + len(self.prefix)

    @property
    def replaced(self) -> Span:
        """What a completion replaces in the file: the part of the word before the cursor."""
        return Span(self.start + self.offset, self.cursor)

    def behind_comma(self) -> Marked:
        """The same with a comma before the marker, so that another value may stand there."""
        text = f"{self.text[: self.offset]}, {self.text[self.offset :]}"
        return replace(self, text=text, offset=self.offset + 2)

    def with_more(self, behind: str) -> Marked:
        """The same with a text right behind the marker."""
        end = self.offset + len(MARKER)
        return replace(self, text=self.text[:end] + behind + self.text[end:])


def mark(file: File, offset: int) -> Marked:
    """Put the marker at an offset of a file."""
    item = file.item_at(offset)
    start, text = (item.start, item.text) if item is not None else (0, "")
    before, behind = text[: offset - start], text[offset - start :]
    number = _NUMBER.search(before)
    word = number or _WORD_BEFORE.search(before)
    prefix = word[0] if word is not None else ""
    found = _WORD_BEHIND.match(behind)
    rest = behind[found.end() if found is not None else 0 :]
    at = len(before) - len(prefix)
    marked = before[:at] + MARKER + rest
    chunk = next(each for each in reversed(split(marked)) if each.start <= at)
    spaceless = rest.lstrip(_SPACE)
    is_named = spaceless.startswith("=") and not spaceless.startswith("==")
    here = Marked(chunk.text, start + chunk.start, at - chunk.start, prefix, is_named, "code")
    if rest[:1] in ("'", '"') and _STRING_PREFIX.fullmatch(prefix):
        return replace(here, ground="nothing")
    ground = _ground(here)
    if ground == "code" and number is not None:
        return replace(here, ground="number")
    if ground == "code" and _stands_left_of_an_open_bracket(here):
        return replace(here, text=here.text[here.offset :], start=here.start + here.offset, offset=0)
    return replace(here, ground=ground)


def _stands_left_of_an_open_bracket(marked: Marked) -> bool:
    """Whether the marker is in column 0 though a bracket is open above: a declaration is begun there."""
    before = marked.text[: marked.offset]
    return before.endswith(("\n", "\r")) and not lex(before).is_balanced


def _ground(marked: Marked) -> Ground:
    if any(_is_marker(each) for each in lex(marked.text).tokens):
        return "code"
    token = next((each for each in tokenize(marked.text) if each.end > marked.offset), None)
    if token is None:
        return "nothing"
    is_open_string = token.kind == "error" and token.text.lstrip("rR")[:1] in ("'", '"')
    return "string" if token.kind == "string" or is_open_string else "nothing"


def _is_marker(token: Token) -> bool:
    return token.text == MARKER and token.kind == vocabulary().name


@dataclass(frozen=True)
class Reading:
    """What the parser makes of an item with a marker."""

    marked: Marked
    states: tuple[int, ...]
    """The automaton's states before the marker; none where what stands before it cannot be read."""
    declaration: syntax.Declaration | None
    path: tuple[syntax.Node, ...]
    """The nodes around the marker, outermost first, its own last; empty where it is not in the tree."""
    broken: bool
    """Whether the item has syntax problems."""

    @property
    def takes_name(self) -> bool:
        """Whether a name may stand at the marker."""
        return bool(self.states) and count_accepted(list(self.states), (vocabulary().name,)) == 1

    def phrases(self, word: str) -> tuple[str, ...]:
        """How a keyword may be written at the marker: alone, or with the keyword that must, or may, follow.

        Behind a value `not` is nothing without `in`, and `is` may go on with `not`.
        """
        states = list(self.states)
        if not states or not feed(states, tables().literals[word]):
            return ()
        words = {kind: text for text, kind in tables().literals.items() if text.isidentifier()}
        following = expected(states)
        if len(following) == 1 and following[0] in words:
            return (f"{word} {words[following[0]]}",)
        return (word, "is not") if word == "is" else (word,)

    @property
    def words(self) -> tuple[str, ...]:
        """The keywords that may stand at the marker."""
        if not self.states:
            return ()
        kinds = set(expected(list(self.states)))
        return tuple(
            text for text, kind in tables().literals.items() if kind in kinds and text.isidentifier()
        )


def read(marked: Marked) -> Reading:
    """Parse the item with the marker; where it is only read as one with a colon behind it, with that."""
    reading = _read(marked)
    if not reading.takes_name:
        # `match` is a name until a colon ends its line.
        with_colon = _read(marked.with_more(":"))
        if with_colon.takes_name:
            return with_colon
    return reading


def _read(marked: Marked) -> Reading:
    lexed = lex(marked.text)
    if not lexed.is_balanced:
        lexed = lex(marked.text, repairs=find_repairs(marked.text))
    before = _tokens_before(marked, lexed)
    if before is None:
        return Reading(marked, (), None, (), broken=True)
    states = _run(before)
    if states is None:
        before = _mended_before(marked, lexed, before)
        states = _run(before) if before is not None else None
    if before is None or states is None:
        return Reading(marked, (), None, (), broken=True)
    parsed = parse_item(marked.text)
    declaration, path = parsed.declaration, path_to_marker(parsed.declaration, marked.offset)
    if not path:
        declaration = _completed(marked, before, states)
        path = path_to_marker(declaration)
    return Reading(marked, tuple(states), declaration, path, bool(parsed.problems))


def _tokens_before(marked: Marked, lexed: Lexed) -> list[Token] | None:
    for index, token in enumerate(lexed.tokens):
        if _is_marker(token):
            return lexed.tokens[:index]
    return None


def _run(tokens: list[Token]) -> list[int] | None:
    """The states of the automaton behind tokens; None where they do not fit."""
    states = [tables().starts["start"]]
    return states if all(feed(states, token.kind) for token in tokens) else None


def _mended_before(marked: Marked, lexed: Lexed, written: list[Token]) -> list[Token] | None:
    """The tokens before the marker as recovery reads them; None where it gives up right before the marker."""
    mended = mend(marked.text, lexed).tokens
    before = []
    for token in mended:
        if token.start > marked.offset or _is_marker(token):
            break
        before.append(token)
    # What was put in right before the marker was put in so that the marker, or what follows it, fits.
    known = set(written)
    while before and before[-1].start == before[-1].end and before[-1] not in known:
        before.pop()
    is_whole = bool(before) and before[-1].end >= max((token.end for token in written), default=0)
    return before if is_whole else None


def _completed(marked: Marked, before: list[Token], states: list[int]) -> syntax.Declaration | None:
    """The item up to the marker, ended by the least that makes it whole."""
    known = vocabulary()
    at = marked.offset + len(MARKER)
    tokens = [*before, Token(known.name, marked.offset, at, MARKER)]
    copy = list(states)
    if not feed(copy, known.name):
        return None
    while (kind := next_to_complete(copy)) != known.end:
        if not feed(copy, kind):
            return None
        tokens.append(made(kind, at))
    tokens.append(Token(known.end, at, at, ""))
    declaration: syntax.Declaration | None = parse(tokens, Context(marked.text))
    return declaration


# --- nodes ----------------------------------------------------------------------------------------------


def path_to_marker(root: syntax.Node | None, at: int | None = None) -> tuple[syntax.Node, ...]:
    """The nodes from a root to the name that is the marker; with `at`, only through nodes that hold it."""
    if root is None:
        return ()
    parents: dict[int, syntax.Node] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, syntax.Name | syntax.Identifier) and node.text == MARKER:
            return _path(node, parents)
        for child in children(node):
            if at is None or child.span.start <= at <= child.span.end:
                parents[id(child)] = node
                waiting.append(child)
    return () if at is None else path_to_marker(root)


def _path(node: syntax.Node, parents: dict[int, syntax.Node]) -> tuple[syntax.Node, ...]:
    path = [node]
    while (above := parents.get(id(path[-1]))) is not None:
        path.append(above)
    return tuple(reversed(path))
