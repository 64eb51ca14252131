"""What a docstring in Google's style says of each argument of its function."""

from __future__ import annotations

import re
from inspect import cleandoc

_HEADING = re.compile(r"^\s*(?:args|arguments|parameters)\s*:\s*$", re.IGNORECASE)
_ARGUMENT = re.compile(r"^\s*\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.+)$")


def described_arguments(doc: str) -> dict[str, str]:
    """What the `Args:` section of a docstring says of each argument, on one line each."""
    found: dict[str, str] = {}
    last, depth = "", 0
    inside = False
    for line in cleandoc(doc).splitlines():
        indent = len(line) - len(line.lstrip())
        if _HEADING.match(line):
            inside, last = True, ""
        elif inside and line.strip() and not indent:
            inside = False
        elif inside and last and indent > depth and line.strip():
            found[last] += f" {line.strip()}"
        elif inside and (match := _ARGUMENT.match(line)) is not None:
            last, depth = match[1], indent
            found[last] = match[2].strip()
    return found
