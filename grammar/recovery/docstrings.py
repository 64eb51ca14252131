"""A docstring in the first column, above a body that is indented."""

from __future__ import annotations

import re

from ...base.diagnostic import Diagnostic
from ..problems import problem, replacement
from .edits import as_lines

_DOCSTRING = re.compile(
    r"(?P<word>signature|module|type|enum|def|test)\b[^\n]*:[ \t]*(?:#[^\n]*)?\n"
    r"(?P<text>\"\"\"(?:[^\"\\]|\\.|\"(?!\"\"))*\"\"\"|\"[^\"\n]*\"|'[^'\n]*')[ \t]*\n(?P<blanks>[ \t]+)\S"
)


def mask_docstring(text: str, start: int) -> tuple[str, Diagnostic | None]:
    """The text with such a docstring blanked out, and the finding; itself without one."""
    found = _DOCSTRING.match(as_lines(text), start)
    if found is None:
        return text, None
    at, end = found.span("text")
    blanks = "".join(each if each in "\r\n" else " " for each in text[at:end])
    said = problem(
        "E005",
        (at, end if "\n" not in as_lines(text)[at:end] else at + 3),
        "indent the docstring like the lines below it",
        None,
        replacement("Indent it", at, at, found["blanks"], "safe"),
    )
    return text[:at] + blanks + text[end:], said
