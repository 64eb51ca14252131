"""Diagnostics as text, JSON and the formats of other tools."""

from __future__ import annotations

from collections.abc import Callable

from .machine import as_json, github
from .palette import Palette, ansi, plain
from .report import CheckedFile, Report, plural, summary
from .text import concise, full, location

__all__ = ["FORMATS", "CheckedFile", "Palette", "Report", "ansi", "location", "plain", "plural", "summary"]

FORMATS: dict[str, Callable[[Report, Palette, int], str]] = {
    "full": full,
    "concise": concise,
    "json": as_json,
    "github": github,
}
"""The formats of `--output-format`, each a function of the report, the colours and the terminal's width."""
