"""The tokens of a logical line as leaves: their kinds, which brackets match, where comments stand."""

from __future__ import annotations

import re

from msgspec import Struct

from ..lexing.tokens import Token, f_string_end, vocabulary
from ..lossless import Lexeme
from ..tables import tables
from ..words import CONSTANTS
from .leaves import CLOSING, OPENING, Kind, Leaf, is_operand
from .literals import normalize_number, normalize_string
from .spacing import space_out

_ALWAYS_WORDS = CONSTANTS | {"configure"}
_NEWLINE = re.compile(r"\r\n?|\n")


class _Frame(Struct):
    """An open bracket, and what was seen in it behind its last comma."""

    opening: Leaf | None = None
    has_colon: bool = False
    in_lambda: bool = False


def comment_text(comment: str) -> str:
    """A comment with a space behind the `#` and none at the end."""
    comment = comment.rstrip()
    return f"# {comment[1:]}" if comment[1:2].isalnum() else comment


def newlines(text: str, start: int, end: int) -> int:
    """How many lines end in a range of a text."""
    return len(_NEWLINE.findall(text, start, end))


def read_leaves(text: str, tokens: list[Token], comments: list[Lexeme]) -> list[Leaf]:
    """The leaves of a logical line; the comments are those inside it, in order."""
    known = vocabulary()
    leaves: list[Leaf] = []
    frames = [_Frame()]
    position = index = 0
    while index < len(tokens):
        token = tokens[index]
        while position < len(comments) and comments[position].start < token.start:
            _place_comment(text, leaves, comments[position])
            position += 1
        if token.kind == known.f_start:
            behind = f_string_end(tokens, index)
            written = _f_string(text, tokens[index:behind])
            leaves.append(Leaf("string", written, token.start, tokens[behind - 1].end))
            index = behind
            continue
        leaves.append(_leaf(token, index, tokens, leaves, frames))
        index += 1
    return leaves


def normalize_literals(leaves: list[Leaf]) -> None:
    """Write strings and numbers the one way; strings inside f-strings keep their quotes."""
    for leaf in leaves:
        if leaf.kind == "string":
            leaf.text = normalize_string(leaf.text)
        elif leaf.kind == "number":
            leaf.text = normalize_number(leaf.text)


def _place_comment(text: str, leaves: list[Leaf], comment: Lexeme) -> None:
    """Put a comment behind the last leaf, or, on a line of its own, after it."""
    written, end = comment_text(comment.text), comment.start + len(comment.text)
    if newlines(text, leaves[-1].end, comment.start) or leaves[-1].kind == "comment":
        leaves.append(Leaf("comment", written, comment.start, end))
    else:
        leaves[-1].comments.append(written)


def _leaf(token: Token, index: int, tokens: list[Token], leaves: list[Leaf], frames: list[_Frame]) -> Leaf:
    """The leaf of a token; `frames` are the open brackets, which it may open or close."""
    before = _last(leaves)
    kind = _kind(token, index, tokens, before, frames)
    leaf = Leaf(kind, token.text, token.start, token.end)
    frame = frames[-1]
    if kind == "open":
        leaf.is_trailer = before is not None and _can_be_called(before, token.text)
        frames.append(_Frame(leaf))
    elif kind == "close":
        leaf.partner = frames.pop().opening
        leaf.is_trailer = leaf.partner is not None and leaf.partner.is_trailer
    elif kind == "comma" and not frame.in_lambda:
        frame.has_colon = False
    elif token.text == ":":
        frame.has_colon, frame.in_lambda = not frame.in_lambda, False
    elif kind == "keyword" and token.text == "lambda":
        frame.in_lambda = True
    return leaf


def _last(leaves: list[Leaf]) -> Leaf | None:
    return next((leaf for leaf in reversed(leaves) if leaf.kind != "comment"), None)


def _can_be_called(before: Leaf, bracket: str) -> bool:
    if bracket == "{":
        return False
    return before.kind in {"word", "close"} or (before.kind == "string" and bracket == "[")


def _kind(token: Token, index: int, tokens: list[Token], before: Leaf | None, frames: list[_Frame]) -> Kind:
    """How a token is spaced, given what stands before it."""
    known, frame = vocabulary(), frames[-1]
    kind, text = token.kind, token.text
    if kind == known.string:
        return "string"
    if text in OPENING:
        return "open"
    if text in CLOSING:
        return "close"
    if text == ":":
        in_square = frame.opening is not None and frame.opening.text == "["
        return "slice" if in_square and not frame.in_lambda else "colon"
    if text == ",":
        return "comma"
    if text in {".", "..."} and _is_import_source(tokens, index):
        return "dots"
    if text == ".":
        return "dot"
    if text == "=":
        return "argument" if _names_argument(tokens, frame) else "equal"
    if text == "where":
        is_keyword = frame.opening is None and before is not None and is_operand(before)
        return "keyword" if is_keyword else "word"
    if kind == known.number:
        return "number"
    if kind == known.name or text in _ALWAYS_WORDS or text == "...":
        return "word"
    if text[0].isalpha():
        return "keyword"
    if text in {"+", "-", "~", "*", "**"} and not (before is not None and is_operand(before)):
        return "prefix"
    return "operator"


def _names_argument(tokens: list[Token], frame: _Frame) -> bool:
    """Whether an `=` hands an argument over, and has no spaces."""
    if frame.opening is not None or frame.in_lambda:
        return frame.in_lambda or not frame.has_colon
    literals = tables().literals
    return tokens[0].kind in {literals["return"], literals["demo"]}


def _is_import_source(tokens: list[Token], index: int) -> bool:
    return tokens[0].kind == tables().literals["from"] and all(
        each.text in {".", "..."} for each in tokens[1:index]
    )


def _f_string(text: str, tokens: list[Token]) -> str:
    """An f-string with the expressions between its braces laid out; its texts stay as they are."""
    known = vocabulary()
    written: list[str] = []
    done = tokens[0].start
    index = 1
    while index < len(tokens) - 1:
        token = tokens[index]
        if token.kind != known.operators["{"]:
            index += 1
            continue
        end = _expression_end(tokens, index + 1)
        closing = tokens[end]
        source = text[token.end : closing.start]
        written.append(text[done : token.end])
        if closing.kind == known.f_equals or "\n" in source or "\r" in source:
            written.append(source)
        else:
            written.append(_expression(text, tokens[index + 1 : end], is_last=closing.text == "}"))
        done = closing.start
        index = end + 1
    written.append(text[done : tokens[-1].end])
    return "".join(written)


def _expression(text: str, tokens: list[Token], *, is_last: bool) -> str:
    """An expression on one line, between spaces where its braces would meet those of the f-string."""
    leaves = read_leaves(text, tokens, [])
    space_out(leaves)
    inside = "".join(leaf.space + leaf.text for leaf in leaves)
    return " " * inside.startswith("{") + inside + " " * (is_last and inside.endswith("}"))


def _expression_end(tokens: list[Token], at: int) -> int:
    """The index of the token that ends the expression of a replacement field, which begins at `at`."""
    known = vocabulary()
    ends = {known.f_equals, known.f_conversion, known.f_colon, known.operators["}"]}
    depth = 0
    while depth or tokens[at].kind not in ends:
        if tokens[at].kind == known.f_start:
            at = f_string_end(tokens, at)
            continue
        depth += tokens[at].kind in known.openers
        depth -= tokens[at].kind in known.closers
        at += 1
    return at
