"""Hover: types and documentation as Markdown."""

from __future__ import annotations

from datetime import datetime

from ...compiler.analysis import FileAnalysis
from ...grammar.source import Source
from .. import convert
from ..docstrings import as_markdown
from ..protocol import Hover, MarkupContent, PositionParams
from ..session import Server
from .handler import about_position

LINES = 8
"""How many lines of a prompt are shown."""


def _hover(server: Server, analysis: FileAnalysis, offset: int, _params: PositionParams) -> Hover | None:
    """What the name or word under the pointer means."""
    from ...compiler.query.hover import hover

    found = hover(analysis, offset, datetime.now())
    if found is None:
        return None
    code = f"```dspyc\n{found.code}\n```" if found.code else ""
    parts = [code, as_markdown(found.doc), _prompt(analysis, offset) if found.code else ""]
    text = "\n\n".join(part for part in parts if part)
    return Hover(MarkupContent(text), convert.range_of(analysis.source, found.span, server.encoding))


def _prompt(analysis: FileAnalysis, offset: int) -> str:
    """The size and the first lines of what a predictor sends, where its declaration tells."""
    from ...project.prompts import prompt_at

    prompt = prompt_at(analysis, offset)
    if prompt is None:
        return ""
    lines = prompt.texts[0].splitlines()
    shown = "\n".join([*lines[:LINES], *(["…"] if len(lines) > LINES else [])])
    return f"Its prompt is about {prompt.tokens} tokens without the inputs:\n\n```text\n{shown}\n```"


def _of_settings(server: Server, source: Source, offset: int, _params: PositionParams) -> Hover | None:
    """What the setting under the pointer is for."""
    from ...project.settings_help import hover

    found = hover(source.uri, source.text, offset)
    if found is None:
        return None
    return Hover(MarkupContent(found.text), convert.range_of(source, found.span, server.encoding))


HANDLERS = {"textDocument/hover": about_position(_hover, PositionParams, _of_settings)}
CAPABILITIES = {"hoverProvider": True}
