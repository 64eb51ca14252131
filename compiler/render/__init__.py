"""Diagnostics as text for people: with the source and carets, or one line each."""

from __future__ import annotations

from .palette import Palette, ansi, plain
from .report import CheckedFile, Report, plural, summary
from .text import concise, full, location

__all__ = [
    "CheckedFile",
    "Palette",
    "Report",
    "ansi",
    "concise",
    "full",
    "location",
    "plain",
    "plural",
    "summary",
]
