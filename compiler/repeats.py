"""Findings that follow from others: an unknown name is told once, and not while its declaration is broken."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from ..base.diagnostic import Diagnostic
from ..grammar import syntax
from ..grammar.parse import File

_UNKNOWN = frozenset({"E101", "E110"})
"""The codes of names that nothing declares."""
_QUOTED = re.compile(r"unknown (?:name|type) `(\w+)`")
_LACKED = frozenset({"E201", "E202", "E220"})
"""The codes of fields, members and arguments that their owner does not have."""
_ENOUGH = 3
"""How often it is told that one is lacking: it may be its declaration that was changed, or misspelt."""
_OF_A_NAME = frozenset({"E111", "E201", "E205"})
"""The codes of what a name has or takes, which may be another's than that of a broken import."""
_OWNERS = re.compile(r"`[^`]*`(?= has | takes )")
"""The names of a dataset and a program in what is said of their inputs."""
_WORD = re.compile(r"\w+")
_MOST = 4_000
"""How many characters of a declaration are looked at."""
_LINE = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n?|\n))*([^\r\n]*)")


def without_repeats(file: File, found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings in their order: of an unknown name, or of inputs that do not fit, only the first, and of
    a field that is lacking only the first few.

    What the head of a declaration that does not parse mentions may be what it declares.
    """
    told: set[str] = set()
    lacked: Counter[tuple[str, str]] = Counter()
    heads: set[str] | None = None
    imported: set[str] | None = None
    for each in found:
        if each.code == "E401":
            mismatch = _OWNERS.sub("", each.message)
            if mismatch in told:
                continue
            told.add(mismatch)
        if each.code in _LACKED:
            what = (file.source.text[each.span.start : each.span.end], each.fix.title if each.fix else "")
            lacked[what] += 1
            if lacked[what] > _ENOUGH:
                continue
        if each.code in _OF_A_NAME:
            imported = _words_of_heads(file, lines_too=False) if imported is None else imported
            root = _WORD.match(file.source.text, each.span.start)
            if root is not None and root[0] in imported:
                continue
        name = _QUOTED.match(each.message) if each.code in _UNKNOWN else None
        if name is not None:
            heads = _words_of_heads(file) if heads is None else heads
            if name[1] in told or name[1] in heads:
                continue
            told.add(name[1])
        yield each


def _words_of_heads(file: File, lines_too: bool = True) -> set[str]:
    """The words in the first lines of the declarations that do not parse, unless only others are wanted; of
    imports, and of what could not be read at all, all words.
    """
    words: set[str] = set()
    for item in file.items:
        if not item.parsed.problems:
            continue
        line = _LINE.match(item.text)
        is_short = item.declaration is None or isinstance(item.declaration, syntax.FromImport | syntax.Import)
        if not is_short and not lines_too:
            continue
        head = item.text[:_MOST] if is_short or line is None else line[1]
        words.update(_WORD.findall(head))
    return words
