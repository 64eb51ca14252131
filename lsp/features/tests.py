"""`dspyc/tests`: the tests and evaluations of the workspace's files, for an editor's list of tests.

A request of this server's own: with `textDocument` it is about one file, without about all. The answer is a
list of files with what they declare, in the order of the text; a file that declares none is left out, unless
it was asked about.
"""

from __future__ import annotations

from .. import convert
from ..protocol import Range, Structure, TextDocumentIdentifier
from ..session import Server
from .handler import Handler


class TestsParams(Structure, frozen=True):
    """The file that is asked about; all of the workspace without one."""

    text_document: TextDocumentIdentifier | None = None


class TestItem(Structure, frozen=True):
    """A test or an evaluation."""

    kind: str
    """`test` or `evaluate`."""
    name: str
    """The title of a test, the name of an evaluation."""
    range: Range


class TestFile(Structure, frozen=True):
    """A file with its tests and evaluations."""

    uri: str
    items: list[TestItem]


def _tests(server: Server, params: TestsParams) -> list[TestFile]:
    """The tests of one file, or of all."""
    wanted = None if params.text_document is None else convert.path_of(params.text_document.uri)
    found: dict[str, list[TestItem]] = {} if wanted is None else {wanted: []}
    for each in server.files.declarations(None if wanted is None else [wanted]):
        if each.entry.kind in ("test", "evaluate") and not each.inside:
            area = convert.range_of(each.source, each.entry.name_span, server.encoding)
            found.setdefault(each.path, []).append(TestItem(each.entry.kind, each.entry.name, area))
    return [TestFile(convert.uri_of(path), items) for path, items in found.items()]


HANDLERS = {"dspyc/tests": Handler(TestsParams, _tests, needs="project")}
CAPABILITIES: dict[str, dict[str, object]] = {}
