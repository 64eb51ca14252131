"""The rows of the protocol under what three editors say of themselves, and the table of them in the docs.

What a row does in detail is tested where the table says; here each is asked for once by each editor, and the
client of these tests compares the shape of every message with the specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.editors import EDITORS
from support.lsp_client import Client, edited, offset_position

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "docs" / "editors.md"
FEWEST = 52

PROGRAM = '''\
"""A shop, with a 🦊."""

from kinds import Kind
import json

signature Sort:
    """Say what it is."""
    input text: str
    output kind: Kind

module sort = Predict(Sort)
module both = ChainOfThought("text -> answer")

def many(texts: list[str]) -> list[str]:
    found = []
    for text in texts:
        found.append(limited(text, 3))
    return found

def limited(text: str, most: int) -> str:
    cut = text[:most]
    return cut

x  =  wrong
'''
KINDS = 'enum Kind:\n    A = "a"\n    B = "b"\n'
LONG = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
OPTIONS = {"tabSize": 4, "insertSpaces": True}


class Editor:
    """A client with the capabilities of an editor, and a program that is open in it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.capabilities = EDITORS[name]
        self.client = Client()
        self.client.answers["workspace/configuration"] = lambda params: [{} for _ in params["items"]]
        self.offered = self.client.initialize(folder, capabilities=self.capabilities)["capabilities"]
        self.uri = (folder / "shop.dspy").as_uri()
        self.client.open(self.uri, PROGRAM)
        self.pulls = "diagnostic" in self.capabilities["textDocument"]
        self.pushed = [] if self.pulls else self.client.diagnostics(self.uri)

    def ask(self, method: str, **more: Any) -> Any:
        named = method if "/" in method and not method.startswith("semantic") else f"textDocument/{method}"
        return self.client.request(named, {"textDocument": {"uri": self.uri}, **more}, timeout=60)

    def at(self, method: str, text: str, behind: int = 0, **more: Any) -> Any:
        return self.ask(method, position=self.place(text, behind), **more)

    def place(self, text: str, behind: int = 0) -> dict[str, int]:
        """Where a text stands, as this editor counts; only the first line has what counts differently."""
        return offset_position(PROGRAM, PROGRAM.index(text) + behind)

    def actions(self, text: str, only: list[str] | None = None) -> dict[str, Any]:
        place = self.place(text)
        context = {"diagnostics": []} | ({"only": only} if only else {})
        found = self.ask("codeAction", range={"start": place, "end": place}, context=context)
        resolved = [self.client.request("codeAction/resolve", each) for each in found]
        return {each["title"]: each["edit"] for each in resolved}


@pytest.fixture(scope="module", params=list(EDITORS))
def editor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    folder = tmp_path_factory.mktemp("rows").resolve()
    (folder / "kinds.dspy").write_text(KINDS, encoding="utf-8")
    (folder / "shop.dspy").write_text(PROGRAM, encoding="utf-8")
    found = Editor(request.param, folder)
    yield found
    try:
        assert not [each for each in found.client.notifications if each["method"] == "window/logMessage"]
        assert found.client.shut_down() == 0
    finally:
        found.client.kill()


def test_positions_and_findings(editor: Editor) -> None:
    expected = {"VS Code": "utf-16", "Neovim": "utf-32", "Emacs": "utf-32"}
    assert editor.offered["positionEncoding"] == expected[editor.name]
    found = editor.ask("diagnostic")["items"] if editor.pulls else editor.pushed
    assert {each["code"] for each in found} >= {"E101", "W101"} or {each["code"] for each in found} >= {
        "E101"
    }
    assert any(each.get("tags") == [1] for each in found)
    whole = editor.client.request("workspace/diagnostic", {"previousResultIds": []}, timeout=60)
    assert len(whole["items"]) == 2


def test_writing(editor: Editor) -> None:
    items = editor.at("completion", "Predict(Sort)", 4)["items"]
    (item,) = [each for each in items if each["label"] == "Predict"]
    resolved = editor.client.request("completionItem/resolve", item)
    assert resolved["documentation"]["kind"] == "markdown"
    snippets = editor.capabilities["textDocument"]["completion"]["completionItem"]["snippetSupport"]
    assert any(each.get("insertTextFormat") == 2 for each in items) <= snippets
    assert editor.at("signatureHelp", "Sort)\n", 0)["signatures"]
    assert editor.at("onTypeFormatting", "    return found", 0, ch="\n", options=OPTIONS)
    assert len(editor.at("linkedEditingRange", "cut = text")["ranges"]) == 2
    assert editor.ask("formatting", options=OPTIONS)
    last = {"start": editor.place("x  ="), "end": editor.place("x  =", 3)}
    for method, more in (("rangeFormatting", {"range": last}), ("rangesFormatting", {"ranges": [last]})):
        (edit,) = editor.ask(method, options=OPTIONS, **more)
        assert edit["newText"] == "x = wrong\n"


def test_looking(editor: Editor) -> None:
    assert "Say what it is." in editor.at("hover", "Sort)\n")["contents"]["value"]
    assert [each["name"] for each in editor.ask("documentSymbol")][:2] == ["Sort", "sort"]
    assert editor.ask("foldingRange")
    assert editor.ask("documentLink")[0]["target"].endswith("kinds.dspy")
    assert editor.ask("selectionRange", positions=[editor.place("limited(text, 3)")])[0]["parent"]
    assert {each["label"] for each in editor.ask("inlayHint", range=LONG)} >= {": str", "most="}
    lenses = editor.ask("codeLens")
    assert editor.client.request("codeLens/resolve", lenses[-1])["command"]["title"]
    full = editor.ask("semanticTokens/full")
    assert editor.ask("semanticTokens/range", range=LONG)["data"] == full["data"]
    assert editor.ask("semanticTokens/full/delta", previousResultId=full["resultId"])["edits"] == []
    stopped = {
        "frameId": 1,
        "stoppedLocation": {"start": editor.place("return cut"), "end": editor.place("return cut")},
    }
    assert {each["variableName"] for each in editor.ask("inlineValue", range=LONG, context=stopped)} == {
        "text", "most", "cut",
    }  # fmt: skip


def test_going(editor: Editor) -> None:
    assert editor.at("definition", "Kind\nimport")["uri"].endswith("kinds.dspy")
    assert editor.at("declaration", "Sort)\n")["range"]["start"] == editor.place("Sort:")
    assert editor.at("typeDefinition", "kind: Kind")["uri"].endswith("kinds.dspy")
    (made,) = editor.at("implementation", "Sort:")
    assert made["range"]["start"] == editor.place("sort = ")
    assert len(editor.at("references", "Sort:", context={"includeDeclaration": True})) == 2
    assert len(editor.at("documentHighlight", "cut = ")) == 2
    (called,) = editor.at("prepareCallHierarchy", "limited(text: str")
    (incoming,) = editor.client.request("callHierarchy/incomingCalls", {"item": called})
    assert incoming["from"]["name"] == "many"
    (outgoing,) = editor.client.request("callHierarchy/outgoingCalls", {"item": incoming["from"]})
    assert outgoing["to"]["name"] == "limited"
    (signature,) = editor.at("prepareTypeHierarchy", "Sort:")
    assert editor.client.request("typeHierarchy/subtypes", {"item": signature}) == []
    assert editor.client.request("typeHierarchy/supertypes", {"item": signature}) == []
    names = [each["name"] for each in editor.client.request("workspace/symbol", {"query": "ki"})]
    assert "Kind" in names


def test_changing(editor: Editor) -> None:
    assert editor.at("prepareRename", "cut = ")["placeholder"] == "cut"
    made = editor.at("rename", "cut = ", newName="short")
    named = {each["textDocument"]["uri"]: each["edits"] for each in made.get("documentChanges", ())}
    changes = made.get("changes") or named
    documents = editor.capabilities["workspace"]["workspaceEdit"].get("documentChanges", False)
    assert ("documentChanges" in made) is documents
    assert "short = text[:most]\n    return short" in edited(PROGRAM, changes[editor.uri])
    assert editor.actions("wrong")
    assert "Turn the loop into a comprehension" in editor.actions("for text in texts", ["refactor"])
    assert len(editor.actions("x  =", ["source.fixAll"])) == 1
    assert len(editor.actions("x  =", ["source.organizeImports"])) == 1
    files = {"oldUri": editor.uri.replace("shop", "kinds"), "newUri": editor.uri.replace("shop", "sorts")}
    moved = editor.client.request("workspace/willRenameFiles", {"files": [files]})
    assert "sorts" in str(moved)


def test_the_rest(editor: Editor) -> None:
    client = editor.client
    asked = {each["method"] for each in client.requests}
    assert "workspace/configuration" in asked
    watches = editor.capabilities["workspace"]["didChangeWatchedFiles"]["dynamicRegistration"]
    assert ("client/registerCapability" in asked) >= watches
    page = client.request("workspace/textDocumentContent", {"uri": "dspyc:///rules/E101.md"})
    assert page["text"].startswith("# E101")
    request = client.begin("workspace/symbol", {"query": "x"})
    client.notify("$/cancelRequest", {"id": request})
    assert set(client.answer(request)) & {"result", "error"}
    for method in ("workspace/didCreateFiles", "workspace/didDeleteFiles", "workspace/didRenameFiles"):
        client.notify(method, {"files": []})
    folders = {"added": [], "removed": []}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": folders})
    client.notify("workspace/didChangeConfiguration", {"settings": {}})


def rows() -> list[tuple[str, str, str]]:
    """The rows of the table: the feature, whether it works, and its test."""
    text = TABLE.read_text(encoding="utf-8").partition("## The protocol, row by row")[2]
    return re.findall(r"^\| ([^|]+) \| (yes|no) \| ([^|]*) \|$", text, re.MULTILINE)


def test_the_table_names_tests_that_exist() -> None:
    found = rows()
    assert len(found) == 58
    working = [each for each in found if each[1] == "yes"]
    assert len(working) >= FEWEST
    for feature, _, named in working:
        file, _, test = named.strip().strip("`").partition("::")
        text = (HERE / file).read_text(encoding="utf-8")
        assert f"def {test}(" in text, feature
