"""The programs on the written pages, as examples for the generated ones."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass

from dspyc.grammar.parse import parse
from dspyc.grammar.source import Source

from .page import Page

_BLOCK = re.compile(r"^```dspy(?P<info>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Sample:
    """A declaration of a program on a page."""

    page: Page
    code: str
    words: frozenset[str]
    """Its names and keywords."""

    @property
    def first(self) -> str:
        """The word that it starts with."""
        return re.split(r"\W", self.code, maxsplit=1)[0]


def read_samples(pages: Iterable[Page]) -> list[Sample]:
    """The declarations of all programs on these pages, short ones first."""
    found = [
        Sample(page, item, _words(item))
        for page in pages
        for block in _BLOCK.finditer(page.text)
        for item in _items(block["code"])
    ]
    return sorted(found, key=lambda each: (each.code.count("\n") < 2, len(each.code)))


def _items(program: str) -> list[str]:
    starts = [item.start for item in parse(Source("page.dspy", program)).items]
    ends = [*starts[1:], len(program)]
    return [program[start:end].strip("\n") for start, end in zip(starts, ends, strict=True)]


def _words(code: str) -> frozenset[str]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, IndentationError):
        return frozenset()
    return frozenset(each.string for each in tokens if each.type == tokenize.NAME)
