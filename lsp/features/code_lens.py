"""Code lenses: what can be done with a declaration, what came of it last, and how often it is used.

Where nothing may be started, as for a client over the network that does not say that it does so itself, they
only tell. The counts are worked out when a lens comes into view, by `codeLens/resolve`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ...compiler.analysis import FileAnalysis
from .. import convert
from ..protocol import CodeLens, CodeLensData, Command, DocumentParams, Location
from ..session import Server
from . import last_results
from .handler import Handler, about_file

if TYPE_CHECKING:
    from ...compiler.query.lenses import Lens


def _code_lens(server: Server, analysis: FileAnalysis, params: DocumentParams) -> list[CodeLens]:
    """What can be done with the declarations of a file."""
    from ...compiler.query.lenses import counted, lenses

    shown = server.configuration.code_lens
    now = datetime.now()
    made = []
    if shown.commands:
        offered = list(lenses(analysis, now))
        last = _Last(analysis, now) if any(each.action in ("test", "eval") for each in offered) else None
        for each in offered:
            if server.runs_commands or each.action == "state":
                made.append(_lens(server, analysis, each))
            told = last.told(each) if last is not None else ""
            if told:
                area = convert.range_of(analysis.source, each.span, server.encoding)
                made.append(CodeLens(area, Command(told, "")))
    uri = params.text_document.uri
    for span in counted(analysis) if shown.references else ():
        area = convert.range_of(analysis.source, span, server.encoding)
        made.append(CodeLens(area, data=CodeLensData(uri, area.start)))
    return made


class _Last:
    """The last results of a file."""

    def __init__(self, analysis: FileAnalysis, now: datetime) -> None:
        from ...project.results import in_utf8, read_results, text_digest

        self._results = read_results(analysis.path)
        self._text = text_digest(analysis.source.text)
        self._now = now
        self._key = in_utf8

    def told(self, lens: Lens) -> str:
        """What came of what a lens runs; empty where it runs no test or evaluation, or has not run it yet."""
        return last_results.told(self._results, lens.action, self._key(lens.name), self._text, self._now)


def _lens(server: Server, analysis: FileAnalysis, lens: Lens) -> CodeLens:
    from ...compiler.query.lenses import inputs_of

    arguments = [analysis.path, lens.name]
    if lens.action in ("run", "prompt"):
        arguments += inputs_of(analysis, lens.name)
    area = convert.range_of(analysis.source, lens.span, server.encoding)
    return CodeLens(area, Command(lens.title, f"dspyc.{lens.action}", list(arguments)))


def _resolve(server: Server, lens: CodeLens) -> CodeLens:
    """A lens with the count of the references that it leads to."""
    if lens.data is None:
        return lens
    path = convert.path_of(lens.data.uri)
    source = server.files.source(path)
    if source is None:
        return replace(lens, command=Command("no references", ""))
    offset = convert.offset(source, lens.data.position, server.encoding)
    found = [
        Location(convert.uri_of(each.path), convert.range_of(each.source, each.span, server.encoding))
        for each in server.files.mentions(path, offset)
        if not each.is_declaration
    ]
    title = f"{len(found)} reference{'' if len(found) == 1 else 's'}"
    return replace(
        lens, command=Command(title, "dspyc.references", [lens.data.uri, lens.data.position, found])
    )


HANDLERS = {
    "textDocument/codeLens": about_file(_code_lens),
    "codeLens/resolve": Handler(CodeLens, _resolve, needs="project"),
}
CAPABILITIES = {"codeLensProvider": {"resolveProvider": True}}
