"""References and highlights."""

from __future__ import annotations

from pathlib import Path

from support.editor_program import PROGRAM
from support.lsp_client import Client


def test_references_in_all_files(client: Client, workspace: Path, uri: str) -> None:
    text = (
        "from common import classify as sort\nmodule both = BestOfN(sort, N=2, reward_fn=lambda a, p: 1.0)\n"
    )
    client.open(uri, text)
    common = (workspace / "common.dspy").as_uri()
    for declared in (True, False):
        context = {"includeDeclaration": declared}
        found = client.at("textDocument/references", uri, 1, 23, context=context)
        here = [each["range"]["start"] for each in found if each["uri"] == uri]
        assert [(each["line"], each["character"]) for each in here] == [(0, 19), (0, 31), (1, 22)]
        assert any(each["uri"] == common for each in found) is declared
    assert client.at("textDocument/references", uri, 1, 0, context=context) == []
    client.close(uri)


def test_the_places_of_a_name_in_its_file(client: Client, uri: str) -> None:
    client.open(uri, PROGRAM)
    found = client.at("textDocument/documentHighlight", uri, 9, 19)
    assert [(each["range"]["start"]["line"], each["kind"]) for each in found] == [(4, 3), (9, 2)]
    client.close(uri)
