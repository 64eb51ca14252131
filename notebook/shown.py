"""Findings as notebooks show them: HTML where there is a page, text in a terminal."""

from __future__ import annotations

import html
from typing import Any

from ..compiler.render import Report, ansi, full, summary
from ..compiler.render.palette import Role

_COLOURS: dict[Role, str] = {
    "error": "color: #d1242f; font-weight: bold",
    "warning": "color: #9a6700; font-weight: bold",
    "info": "color: #0969da; font-weight: bold",
    "help": "color: #1b7c83",
    "gutter": "color: #6e7781",
    "strong": "font-weight: bold",
    "dim": "opacity: 0.7",
    "good": "color: #1a7f37",
}
"""Readable on a light and on a dark page."""


class Findings:
    """The findings of a cell, for IPython's `display`."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def _repr_html_(self) -> str:
        """For a notebook: the text that `dspyc check` writes, in colours."""
        # The text is escaped as a whole, the marks of the palette are not in it.
        written = html.escape(full(self._report, _marked, 100).rstrip(), quote=False)
        for role, style in _COLOURS.items():
            written = written.replace(_open(role), f'<span style="{style}">')
        return f'<pre style="white-space: pre-wrap">{written.replace(_CLOSE, "</span>")}</pre>'

    def _repr_pretty_(self, printer: Any, _is_cycle: bool) -> None:
        """For a terminal."""
        printer.text(full(self._report, ansi).rstrip())

    def __repr__(self) -> str:
        return summary(self._report)


_CLOSE = "\x03"


def _open(role: Role) -> str:
    return f"\x01{role}\x02"


def _marked(role: Role, text: str) -> str:
    """A text between marks that no program contains."""
    return f"{_open(role)}{text}{_CLOSE}"
