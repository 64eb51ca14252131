"""The formats of `dspyc check --output-format`: one file each, imported when it is asked for.

A format for people is a function `render(report, palette, columns)`, one for programs is `render(report)`.
"""

from __future__ import annotations

from importlib import import_module

from ...compiler.render import Palette, Report

FOR_PEOPLE = ("full", "concise")
FOR_PROGRAMS = (
    "json",
    "json-lines",
    "sarif",
    "github",
    "gitlab",
    "junit",
    "checkstyle",
    "rdjson",
    "azure",
)
NAMES = (*FOR_PEOPLE, *FOR_PROGRAMS)


def render(name: str, report: Report, palette: Palette, columns: int) -> str:
    """A report in one of the formats in `NAMES`; those for programs have no colours and any width."""
    module = import_module(f".{name.replace('-', '_')}", __package__)
    text: str = module.render(report, palette, columns) if name in FOR_PEOPLE else module.render(report)
    return text
