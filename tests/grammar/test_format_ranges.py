"""Formatting a part of a file: the declarations that are meant, and no character of the others."""

from __future__ import annotations

import pytest

from dspyc.base.span import Span
from dspyc.grammar.formatting.format import format_source
from dspyc.grammar.split import split

TEXT = (
    "\ufeff# head\n\n\n\na  = 1\n\n\n\nsignature S:\n  input q :str\n  output a:str\n\nb  = f( 1 )\nc  =  2\n"
)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["a  =", "signature", "output", "b  =", "c  ="])
def test_only_the_declaration_with_the_cursor_is_formatted(name: str, newline: str) -> None:
    text = TEXT.replace("\n", newline)
    at = text.index(name)
    formatted = format_source(text, [Span(at, at)])
    before, after = split(text.removeprefix("\ufeff")), split(formatted.removeprefix("\ufeff"))
    assert [each.text for each in after].count("a  = 1") == 0
    changed = [
        one.text.strip()
        for one, other in zip(before, after, strict=True)
        if one.text.strip() != other.text.strip()
    ]
    assert len(changed) == 1
    assert name in changed[0]
    assert format_source(formatted, [Span(at, at)]) == formatted


def test_all_ranges_together_format_everything_but_blank_lines_above_what_is_left() -> None:
    assert format_source(TEXT, [Span(0, len(TEXT))]) == format_source(TEXT)
    assert format_source(TEXT, []) == TEXT
