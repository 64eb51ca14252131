"""Columns in three encodings, and incremental changes, against a second way to count."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dspyc.grammar.source import Encoding, Source, Span
from dspyc.lsp import convert
from dspyc.lsp import protocol as lsp

ENCODINGS: dict[Encoding, tuple[str, int]] = {
    "utf-8": ("utf-8", 1),
    "utf-16": ("utf-16-le", 2),
    "utf-32": ("utf-32-le", 4),
}
# What breaks lines for Python but not for the protocol, and characters of every width.
texts = st.text(st.sampled_from("ab \t🦊é世\u2028\u0085\x0b\x0c\x1c\n\r"), max_size=30)
places = st.builds(lsp.Position, st.integers(0, 12), st.integers(0, 12))


def lines_of(text: str) -> list[str]:
    """The lines with their endings, as the protocol defines them."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text) + (
        [""] if not text or text[-1] in "\r\n" else []
    )


def naive_offset(text: str, place: lsp.Position, encoding: Encoding) -> int:
    """The offset of a position, found by cutting the encoded line."""
    lines = lines_of(text)
    if place.line >= len(lines):
        return len(text)
    codec, unit = ENCODINGS[encoding]
    line = lines[place.line].rstrip("\r\n")
    whole = line.encode(codec)
    column = min(place.character * unit, len(whole))
    while True:  # a column inside a character means behind it
        try:
            before = whole[:column].decode(codec)
            break
        except UnicodeDecodeError:
            column += unit
    return sum(map(len, lines[: place.line])) + len(before)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=texts, place=places)
def test_offsets(text: str, place: lsp.Position, encoding: Encoding) -> None:
    assert convert.offset(Source("x", text), place, encoding) == naive_offset(text, place, encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=texts, data=st.data())
def test_positions_lead_back_to_their_offsets(text: str, data: st.DataObject, encoding: Encoding) -> None:
    source = Source("x", text)
    offset = data.draw(st.integers(0, len(text)))
    place = convert.position(source, offset, encoding)
    inside_line_ending = text[offset - 1 : offset + 1] == "\r\n" or (
        text[offset - 1 : offset] in ("\r", "\n") and False
    )
    if not inside_line_ending:
        assert naive_offset(text, place, encoding) == offset


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=texts, edits=st.lists(st.tuples(places, places, texts), max_size=4))
def test_incremental_changes_give_the_whole_text(
    text: str, edits: list[tuple[lsp.Position, lsp.Position, str]], encoding: Encoding
) -> None:
    changes: list[lsp.TextDocumentContentChangeEvent] = []
    expected = text
    for one, other, replacement in edits:
        start, end = sorted((one, other), key=lambda place: (place.line, place.character))
        changes.append(lsp.TextDocumentContentChangeEvent(replacement, lsp.Range(start, end)))
        first, last = naive_offset(expected, start, encoding), naive_offset(expected, end, encoding)
        expected = expected[:first] + replacement + expected[last:]
    assert convert.changed(Source("x", text), changes, encoding).text == expected


def test_a_change_without_a_range_is_the_whole_text() -> None:
    changes = [lsp.TextDocumentContentChangeEvent("new")]
    assert convert.changed(Source("x", "old"), changes, "utf-16").text == "new"


def test_a_range_that_ends_before_it_starts_is_empty() -> None:
    area = lsp.Range(lsp.Position(0, 3), lsp.Position(0, 1))
    assert convert.span_of(Source("x", "abcd"), area, "utf-16") == Span(3, 3)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, "utf-16"),
        ([], "utf-16"),
        (["utf-8", "utf-16"], "utf-16"),
        (["utf-8"], "utf-8"),
        (["utf-16", "utf-32"], "utf-32"),
        (["utf-7"], "utf-16"),
    ],
)
def test_the_encoding_that_is_chosen(offered: list[str] | None, chosen: Encoding) -> None:
    assert convert.choose_encoding(offered) == chosen


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///home/a.dspy", "/home/a.dspy"),
        ("file:///home/with%20space/%C3%A9%23.dspy", "/home/with space/é#.dspy"),
        ("file:///home/../other/a.dspy", "/other/a.dspy"),
        ("untitled:Untitled-1", "untitled:Untitled-1"),
    ],
)
def test_paths_of_uris(uri: str, path: str) -> None:
    assert convert.path_of(uri) == path
    assert convert.path_of(convert.uri_of(path)) == path
