"""Characters that change the order in which a text is shown, so that it reads as another than it is.

See CVE-2021-42574 ("Trojan Source"): a bidirectional control in a string or comment can show code as comment.
"""

from __future__ import annotations

import re
import unicodedata

from ...base.diagnostic import Diagnostic, Edit, Fix
from ...base.span import Span
from ..problems import problem
from .f_strings import is_f_string, scan
from .tokens import COMMENT, NEWLINE, OPEN_STRING, STRING

_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def hidden_controls(text: str) -> list[Diagnostic]:
    """The strings and comments of a text that hold bidirectional controls, each as one problem."""
    if text.isascii() or _CONTROLS.search(text) is None:
        return []
    found = []
    for kind, start, end in scan(text):
        if kind in {STRING, OPEN_STRING, COMMENT, NEWLINE} and _CONTROLS.search(text, start, end):
            found.append(_hidden(text, kind, start, end))
    return found


def _hidden(text: str, kind: int, start: int, end: int) -> Diagnostic:
    """The problem of a string or comment; its fix shows the controls, or takes them out of a comment."""
    controls = list(_CONTROLS.finditer(text, start, end))
    first = controls[0]
    is_string = kind in {STRING, OPEN_STRING}
    prefix = re.match("[A-Za-z]*", text[start:end])
    is_raw = is_string and prefix is not None and "r" in prefix[0].lower()
    edits = [Edit(Span(*each.span()), f"\\u{ord(each[0]):04x}" if is_string else "") for each in controls]
    title = "Write it as an escape sequence" if is_string else "Remove it"
    is_fixable = not is_raw and kind != OPEN_STRING and not is_f_string(text[start:end])
    shown = f"U+{ord(first[0]):04X} ({unicodedata.name(first[0]).lower()})"
    found = problem(
        "E028",
        first.span(),
        f"the hidden character {shown} makes this text look different from what it is",
        "remove it, or write it as an escape sequence in a string",
        Fix(title, tuple(edits), "safe") if is_fixable else None,
    )
    return found
