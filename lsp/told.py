"""Findings in the form that a client takes them in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from . import convert
from .protocol import CodeDescription, MarkupContent

if TYPE_CHECKING:
    from ..base import diagnostic
    from ..grammar.source import Source
    from .protocol import Diagnostic
    from .session import Server

PAGES = "dspyc"
"""The scheme of the texts that only this server has: `dspyc:///rules/E101.md`."""
_SPECIAL = re.compile(r"([\\*_\[\]<>#|~])")


def told(server: Server, found: diagnostic.Diagnostic, source: Source, *, pulled: bool = False) -> Diagnostic:
    """A finding in a source; with a link to its page where the client can show that."""
    made = convert.as_diagnostic(found, source, server.encoding, server.files.source)
    if server.shows_pages:
        made = replace(made, code_description=CodeDescription(f"{PAGES}:///rules/{found.code}.md"))
    if pulled and server.takes_markup:
        made = replace(made, message=MarkupContent(markdown(str(made.message))))
    return made


def markdown(message: str) -> str:
    """A message as Markdown: what stands in backticks is code, and nothing else means anything."""
    parts = message.split("`")
    if len(parts) % 2 == 0:
        return _SPECIAL.sub(r"\\\1", message.replace("`", "\\`")).replace("\n", "  \n")
    written = [part if at % 2 else _SPECIAL.sub(r"\\\1", part) for at, part in enumerate(parts)]
    return "`".join(written).replace("\n", "  \n")
