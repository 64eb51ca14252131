"""A file to its items: what was written, what it means as syntax, and what is wrong with it. Never raises."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from ..base.diagnostic import Diagnostic
from ..base.once import once
from ..base.recent import recent
from . import syntax
from .actions.context import Context
from .file_formats import other_format
from .lexing.errors import too_deep
from .lexing.hidden import hidden_controls
from .lexing.lexer import lex
from .lossless import Lexeme, tokenize
from .parsing.driver import parse as parse_tokens
from .problems import problem
from .recovery.recover import recover, with_problems_of_tree
from .signature_string import InlineSignature, parse_signature_string
from .source import Source
from .split import split

__all__ = [
    "File",
    "InlineSignature",
    "Item",
    "Parsed",
    "parse",
    "parse_item",
    "parse_signature_string",
]

MAX_BROKEN = 300
"""After so many items with mistakes a file is taken for something else, and the rest is not read."""
MAX_DEPTH = 150
"""How deep syntax nodes may be nested."""
MAX_OPERATORS = 500
"""How many operators `a + b + c …` may have, those of sums around it included; its tree is as deep."""

MAX_REMEMBERED = 2**19
"""Of how many characters of items the syntax is remembered, at about 30 bytes for each of them, whether or
not a file still has them: whoever types makes a new item with each key."""


class Parsed(Struct, frozen=True, dict=True):
    """What parsing made of the text of one item; spans count from the item's start."""

    text: str
    declaration: syntax.Declaration | None
    """None where the text holds nothing but comments, or nothing that could be understood."""
    problems: tuple[Diagnostic, ...]

    @once
    def tokens(self) -> tuple[Lexeme, ...]:
        """Every token, blanks and comments too: their texts joined are the text."""
        return tokenize(self.text)


class Item(Struct, frozen=True):
    """A piece of a file: a declaration with the comments around it."""

    start: int
    parsed: Parsed

    @property
    def declaration(self) -> syntax.Declaration | None:
        """The syntax of the item."""
        return self.parsed.declaration

    @property
    def text(self) -> str:
        """The text of the item."""
        return self.parsed.text

    @property
    def end(self) -> int:
        """The offset behind the item's last character."""
        return self.start + len(self.parsed.text)


class File(Struct, frozen=True, dict=True):
    """A parsed file."""

    source: Source
    items: tuple[Item, ...]

    def problems(self) -> Iterator[Diagnostic]:
        """The syntax problems in the order of the text, with spans that count from the start of the file."""
        for item in self.items:
            for found in item.parsed.problems:
                yield found.shifted(item.start)

    def item_at(self, offset: int) -> Item | None:
        """The item that holds the character at `offset`; at the file's end the last one."""
        index = bisect_right(self._starts, offset) - 1
        return self.items[index] if index >= 0 else None

    @once
    def _starts(self) -> list[int]:
        return [item.start for item in self.items]


def parse(source: Source) -> File:
    """The items of a source, whatever its text is."""
    text = source.text
    other = other_format(text)
    if other is not None:
        return File(source, (Item(0, Parsed(text, None, (other,))),))
    items: list[Item] = []
    broken = 0
    for chunk in split(text):
        if broken >= MAX_BROKEN:
            rest = text[chunk.start :]
            found = problem(
                "E001",
                (0, rest.find("\n") % (len(rest) + 1)),
                f"{broken} declarations above have mistakes; the rest of the file is skipped",
            )
            items.append(Item(chunk.start, Parsed(rest, None, (found,))))
            break
        parsed = parse_item(chunk.text)
        broken += bool(parsed.problems)
        items.append(Item(chunk.start, parsed))
    return File(source, tuple(items))


@recent(MAX_REMEMBERED)
def parse_item(text: str) -> Parsed:
    """What one item's text means; remembered by the text, so an edit parses one item again."""
    lexed = lex(text)
    lexed.problems += hidden_controls(text)
    if len(lexed.tokens) == 1:
        return Parsed(text, None, tuple(lexed.problems))
    context = Context(text)
    declaration: Any = parse_tokens(lexed.tokens, context) if lexed.is_balanced else None
    if declaration is None:
        declaration, found = recover(text, lexed)
        if declaration is not None and lexed.has_long_line and excess(declaration) is not None:
            return Parsed(text, None, found)
        return Parsed(text, declaration, found)
    problems = with_problems_of_tree(text, lexed.problems, context.closing_problems(), lexed.quiet)
    beyond = excess(declaration) if lexed.has_long_line else None
    if beyond is not None:
        return Parsed(text, None, (*problems, beyond))
    return Parsed(text, declaration, problems)


def excess(declaration: Any) -> Diagnostic | None:
    """What is wrong with a tree that cannot be read recursively: nested too deeply, or too long a sum."""
    pending: list[tuple[Any, int, int]] = [(declaration, 0, 0)]
    """What is to be looked at, how deep it is nested, and how many operators of sums stand around it."""
    while pending:
        node, depth, operators = pending.pop()
        if isinstance(node, tuple):
            pending += [(each, depth, operators) for each in node if not isinstance(each, str)]
            continue
        if not isinstance(node, syntax.Node):
            continue
        if depth > MAX_DEPTH:
            return too_deep(declaration.span)
        part: syntax.Node = node
        while isinstance(part, syntax.Binary):
            operators += 1
            pending.append((part.right, depth + 1, operators))
            part = part.left
        if operators > MAX_OPERATORS:
            message = f"this expression has more than {MAX_OPERATORS} operators in a row"
            return problem("E026", declaration.span, message, "split it, or use `sum([…])` or `join`")
        pending += [(getattr(part, name), depth + 1, operators) for name in syntax.parts_of(type(part))]
    return None
