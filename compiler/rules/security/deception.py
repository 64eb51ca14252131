"""Characters that make a program read differently from what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import name as name_of
from unicodedata import normalize

from ....base.diagnostic import Fix
from ....base.span import Span
from ....grammar import syntax
from ....grammar.lossless import Lexeme, tokenize
from ...program import Item, Program
from ..rule import Findings, file_rule, replace
from ..walking import nodes_of, remembered

_BIDIRECTIONAL = re.compile("[\u202a-\u202e\u2066-\u2069]")

_CYRILLIC = "аеорсухіјѕһԁԛԝкАВЕКМНОРСТХУІЈЅ", "aeopcyxijshdqwkABEKMHOPCTXYIJS"
_GREEK = "οανρυικγΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "oavpuikyABEZHIKMNOPTYX"
_OTHERS = "օսհոցıɑɡӏǀ", "ouhngiagll"
_LOOK_LIKE = str.maketrans(
    {a: b for pair in (_CYRILLIC, _GREEK, _OTHERS) for a, b in zip(*pair, strict=True)}
)
"""Letters of other scripts that look like Latin ones."""


@file_rule("W401", "look-alike-names", severity="warning")
def look_alike_names(program: Program) -> Findings:
    """Two names look the same and are not, because one has letters of another script.

    ```dspy
    limit = 5

    def is_long(text: str, lіmit: int) -> bool:
    #                      ^^^^^ W401 `lіmit` looks like `limit`; it has the letter U+0456
        return len(text) > limit
    ```

    ```dspy
    limit = 5

    def is_long(text: str, at_most: int) -> bool:
        return len(text) > at_most
    ```
    """
    if program.source.text.isascii():
        return
    known = {skeleton(name): name for name in program.names()}
    for item in program.items:
        for name in _names(item):
            if name.isascii():
                known[skeleton(name)] = name
    seen: set[str] = set()
    for item in program.items:
        for name, span in _names(item).items():
            other = known.setdefault(skeleton(name), name)
            if other != name and name not in seen:
                seen.add(name)
                odd = next((each for each in name if each not in other), name[0])
                words = f"`{name}` looks like `{other}`; it has the letter U+{ord(odd):04X}"
                yield look_alike_names.at(span, words).shifted(item.start)


def skeleton(name: str) -> str:
    """What a name looks like: the same for names that cannot be told apart."""
    return normalize("NFKC", normalize("NFKC", name).translate(_LOOK_LIKE))


@remembered
def _names(item: Item) -> dict[str, Span]:
    """The names that are declared or used in an item, each with where it first stands."""
    found: dict[str, Span] = {}
    for node in nodes_of(item):
        if isinstance(node, syntax.Identifier | syntax.Name):
            found.setdefault(node.text, node.span)
    return found


@file_rule("W402", "bidirectional-control", severity="warning", fix="sometimes")
def bidirectional_control(program: Program) -> Findings:
    """A character that changes the direction of the text stands in a string or a comment.

    An editor then shows the line in another order than the one in which it is read, so that what looks like a
    comment may be code. In a string it can be written as an escape sequence.
    """
    if program.source.text.isascii():
        return
    for item in program.items:
        for token, offset in _controls(item):
            character = token.text[offset]
            at = Span(token.start + offset, token.start + offset + 1)
            title = f"U+{ord(character):04X} ({name_of(character).lower()})"
            words = f"{title} changes the order in which this line is shown"
            yield bidirectional_control.at(at, words, fix=_fix(token, at, character)).shifted(item.start)


@remembered
def _controls(item: Item) -> tuple[tuple[Lexeme, int], ...]:
    """The strings and comments of an item that have such characters, with the offset of each."""
    return tuple(_found(item.text)) if _BIDIRECTIONAL.search(item.text) else ()


def _found(text: str) -> Iterator[tuple[Lexeme, int]]:
    for token in tokenize(text):
        if token.kind in ("string", "f-string", "comment"):
            for match in _BIDIRECTIONAL.finditer(token.text):
                yield token, match.start()


def _fix(token: Lexeme, at: Span, character: str) -> Fix | None:
    if token.kind == "comment":
        return replace("Remove the character", at, "", "safe")
    if token.kind == "string" and not re.match("[rR]", token.text):
        escape = f"\\u{ord(character):04x}"
        return replace(f"Write `{escape}`", at, escape, "safe")
    return None
