"""Docstrings as Markdown."""

from __future__ import annotations

import pytest

from dspyc.lsp.docstrings import as_markdown

GOOGLE = """\
Say it.

Args:
    a: the first,
        which goes on.
    *rest (list[str]): others.

Returns:
    What was said: all of it.

Raises:
    ValueError: it cannot be said.
"""
AS_MARKDOWN = """\
Say it.

**Args**

- `a`: the first,
  which goes on.
- `*rest` (list[str]): others.

**Returns**

What was said: all of it.

**Raises**

- `ValueError`: it cannot be said.
"""


def test_sections_become_lists() -> None:
    assert as_markdown(GOOGLE) == AS_MARKDOWN


def test_fields_of_sphinx_become_lists() -> None:
    doc = "Say it.\n\n:param str a: the first\n:param b: another\n:raises ValueError: never\n:returns: all"
    said = "Say it.\n\n- `a`: the first\n- `b`: another\n- `ValueError`: never\n- returns: all"
    assert as_markdown(doc) == said


@pytest.mark.parametrize(
    "doc",
    [
        "",
        "A word.",
        "One: two.",
        "Note: this is a sentence.\n\n    code = 1: 2",
        "Args:",
        "Args:\n",
        "Args:\nname: without indentation",
        "How:\n    x: y",
        ": odd :param\n::",
        ":param : nothing",
        ":param a-b: no name",
        pytest.param(":param " + "a" * 100_000, id="a long line"),
    ],
)
def test_other_texts_stay_as_they_are(doc: str) -> None:
    assert as_markdown(doc) == doc
