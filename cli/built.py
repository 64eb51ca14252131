"""Files that `dspyc build` has written, which it may replace."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

from ..base.files import UnreadableFile, read_regular
from .errors import Refusal
from .files import shown

_OURS = ("# Compiled from ", "# Built from ")
"""How the comment begins that stands at the top of modules that were built here."""
_LARGEST_BUILT = 256 << 20
"""In bytes; a larger module was not built here."""


def is_ours(path: Path) -> bool:
    """Whether a file says in its first lines that it was built here."""
    try:
        text = read_regular(path, _LARGEST_BUILT)
    except UnreadableFile:
        return False
    head = takewhile(lambda line: line.startswith("#"), text.splitlines())
    return any(line.startswith(_OURS) for line in head)


def verify_ours(target: Path) -> None:
    """Refuse to overwrite a file that another hand, or another tool, has written."""
    if target.exists() and not is_ours(target):
        raise Refusal(
            f"{shown(target)} was not written by dspyc",
            "choose another --out. Nothing was written",
        )
