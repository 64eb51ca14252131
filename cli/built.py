"""Files that `dspyc build` has written, which it may replace."""

from __future__ import annotations

from pathlib import Path

from ..base.files import UnreadableFile, read_regular
from .errors import Refusal
from .files import shown

_OURS = ("Compiled from ", "__dspyc__", "for DSPy by dspyc")
"""What stands in modules that were built here."""
_LARGEST_BUILT = 256 << 20
"""In bytes; a larger module was not built here."""


def verify_ours(target: Path) -> None:
    """Refuse to overwrite a file that another hand, or another tool, has written."""
    if not target.exists():
        return
    try:
        text = read_regular(target, _LARGEST_BUILT)
    except UnreadableFile:
        text = ""
    if not any(mark in text for mark in _OURS):
        raise Refusal(
            f"{shown(target)} was not written by dspyc",
            "choose another --out. Nothing was written",
        )
