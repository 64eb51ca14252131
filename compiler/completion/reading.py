"""What the parser makes of an item with a marker, and what its automaton takes there."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from ...grammar import syntax
from ...grammar.actions.context import Context
from ...grammar.lexing.brackets import find_repairs
from ...grammar.lexing.lexer import lex
from ...grammar.lexing.tokens import Lexed, Token, vocabulary
from ...grammar.parse import Parsed, parse_item
from ...grammar.parsing.automaton import count_accepted, expected, feed, next_to_complete
from ...grammar.parsing.driver import parse
from ...grammar.recovery.recover import made, mend
from ...grammar.tables import tables
from ..trees import children
from .marker import MARKER, Marked, is_marker, lexed_item


class Reading(Struct, frozen=True):
    """What the parser makes of an item with a marker."""

    marked: Marked
    before: tuple[Token, ...]
    """The tokens before the marker, as far as they had to be mended; layout among them."""
    states: tuple[int, ...]
    """The automaton's states before the marker; none where what stands before it cannot be read."""
    parsed: Parsed
    """The item; nothing where no name may stand at the marker."""
    path: tuple[syntax.Node, ...]
    """The nodes around the marker, outermost first, its own last; empty where it is not in the tree."""

    @property
    def in_square_brackets(self) -> bool:
        """Whether the innermost bracket that is open at the marker is a square one."""
        known, depth = vocabulary(), 0
        for token in reversed(self.before):
            depth += (token.kind in known.closers) - (token.kind in known.openers)
            if depth < 0:
                return token.text == "["
        return False

    @property
    def line_begins_with_match(self) -> bool:
        """Whether the logical line of the marker begins with `match`, as a name."""
        known, first = vocabulary(), None
        for token in reversed(self.before):
            if token.kind in (known.newline, known.indent, known.dedent):
                break
            first = token
        return first is not None and first.kind == known.name and first.text == "match"

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


MOST_INSERTED = 200
"""How many tokens may be put in to end an item behind the marker."""


@lru_cache(maxsize=8)
def read(marked: Marked) -> Reading:
    """Parse the item with the marker. Remembered, because an editor asks several things of one place."""
    reading = _read(marked)
    if reading.states and not reading.takes_name and reading.line_begins_with_match:
        # `match` is a name until a colon ends its line.
        with_colon = _read(marked.with_more(":"))
        if with_colon.takes_name:
            return with_colon
    return reading


def _read(marked: Marked) -> Reading:
    lexed = lexed_item(marked.text)
    if not lexed.is_balanced:
        lexed = lex(marked.text, repairs=find_repairs(marked.text))
    before = _tokens_before(lexed)
    nothing = Parsed(marked.text, None, ())
    if before is None:
        return Reading(marked, (), (), nothing, ())
    states = _run(before)
    if states is None:
        before = _mended_before(marked, lexed, before)
        states = _run(before) if before is not None else None
    if before is None or states is None:
        return Reading(marked, (), (), nothing, ())
    reading = Reading(marked, tuple(before), tuple(states), nothing, ())
    if not reading.takes_name:
        return reading
    parsed = parse_item(marked.text)
    path = path_to_marker(parsed.declaration, marked.offset)
    if not path:
        parsed = replace(parsed, declaration=_completed(marked, before, states))
        path = path_to_marker(parsed.declaration)
    return replace(reading, parsed=parsed, path=path)


def _tokens_before(lexed: Lexed) -> list[Token] | None:
    for index, token in enumerate(lexed.tokens):
        if is_marker(token):
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
        if token.start > marked.offset or is_marker(token):
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
    # The cheapest ways of states that were reached by mending may lead round; no item needs that much.
    for _ in range(MOST_INSERTED):
        kind = next_to_complete(copy)
        if kind == known.end:
            break
        if not feed(copy, kind):
            return None
        tokens.append(made(kind, at))
    else:
        return None
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
