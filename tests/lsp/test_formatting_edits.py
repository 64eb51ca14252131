"""The edits of formatting: as few lines as possible, and applied they give the formatted text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dspyc.grammar.source import Source
from dspyc.lsp.features.formatting import line_edits

lines = st.lists(st.sampled_from(["a\n", "b\n", "c\r\n", "\n", "d"]), max_size=12).map("".join)


@given(lines, lines)
def test_edits_lead_from_one_text_to_the_other(old: str, new: str) -> None:
    text = old
    for span, replacement in reversed(list(line_edits(Source("x", old), new))):
        text = text[: span.start] + replacement + text[span.end :]
    assert text == new


def test_only_the_line_that_changes_is_touched() -> None:
    (edit,) = line_edits(Source("x", "one\ntwo\nthree\n"), "one\n2\nthree\n")
    assert edit == ((4, 8), "2\n")
