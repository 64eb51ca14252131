"""Texts that only this server has: the pages of its findings, and the Python that a file is compiled to."""

from __future__ import annotations

from urllib.parse import unquote

from .. import convert
from ..protocol import TextDocumentContentParams, TextDocumentContentResult
from ..session import Refusal, Server
from ..told import PAGES
from .handler import Handler

RULES = f"{PAGES}:///rules/"
COMPILED = f"{PAGES}:///compiled"


def _content(server: Server, params: TextDocumentContentParams) -> TextDocumentContentResult:
    """The text of a URI of this server."""
    uri = unquote(params.uri)
    if uri.startswith(RULES):
        return TextDocumentContentResult(_page(uri.removeprefix(RULES).removesuffix(".md")))
    if uri.startswith(COMPILED):
        path = uri.removeprefix(COMPILED).removesuffix(".py")
        return TextDocumentContentResult(_compiled(server, path))
    raise Refusal(f"there is no text `{params.uri}`")


def _page(name: str) -> str:
    """The page of a kind of finding as Markdown."""
    from ...compiler.rules.register import find

    kind = find(name)
    if kind is None:
        raise Refusal(f"there is no rule `{name}`")
    page = kind.page
    parts = [f"# {kind.code} {kind.name}", page.text]
    for title, code in (("Wrong", page.wrong), ("Right", page.right)):
        if code:
            parts += [f"## {title}", f"```dspy\n{code.rstrip()}\n```"]
    return "\n\n".join(parts) + "\n"


def _compiled(server: Server, path: str) -> str:
    """What a file is compiled to."""
    import ast

    from ...compiler.emit import emit

    analysis = server.files.analysis(convert.uri_of(path))
    if analysis is None:
        raise Refusal(f"there is no file `{path}`")
    if any(each.severity == "error" for each in analysis.diagnostics):
        raise Refusal("the file has errors; it cannot be compiled before they are repaired")
    return ast.unparse(emit(analysis)) + "\n"


HANDLERS = {"workspace/textDocumentContent": Handler(TextDocumentContentParams, _content)}
CAPABILITIES = {"workspace": {"textDocumentContent": {"schemes": [PAGES]}}}
