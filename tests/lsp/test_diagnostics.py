"""Diagnostics as an editor sees them: pushed, of the texts as they are typed."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest

from support.editor_program import PROGRAM, edit, marked, whole
from support.lsp_client import Client, ServerError, offset_position

counter = itertools.count()
START = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}


def test_a_correct_file_has_no_diagnostics(client: Client, uri: str) -> None:
    client.open(uri, PROGRAM)
    assert client.diagnostics(uri) == []


def test_an_unknown_field_is_reported_where_it_stands(client: Client, uri: str) -> None:
    text = PROGRAM.replace("pred.label ==", 'pred.lable == "🦊" and pred.labl ==')
    client.open(uri, text)
    found = client.diagnostics(uri)
    assert [marked(text, each) for each in found] == ["lable", "labl"]
    for each in found:
        assert each["severity"] == 1
        assert each["source"] == "dspyc"
        assert each["code"].startswith("E2")
        assert "`label`" in each["message"]


def test_diagnostics_follow_the_typing(client: Client, uri: str) -> None:
    client.open(uri, PROGRAM)
    client.diagnostics(uri)
    at = PROGRAM.index("label ==")
    broken = PROGRAM[:at] + PROGRAM[at + len("label") :]
    version = client.change(uri, edit(PROGRAM, at, at + len("label"), ""))
    (found,) = client.diagnostics(uri, version)
    assert found["code"].startswith("E0")
    assert found["range"]["start"]["line"] == 15
    version = client.change(uri, edit(broken, at, at, "label"))
    assert client.diagnostics(uri, version) == []


def test_a_file_that_does_not_parse_is_checked_all_the_same(client: Client, uri: str) -> None:
    text = PROGRAM.replace("input text: str", "input text: ") + "module other = Predict(Clasify)\n"
    client.open(uri, text)
    codes = {each["code"][:2]: marked(text, each) for each in client.diagnostics(uri)}
    assert set(codes) == {"E0", "E1"}
    assert codes["E1"] == "Clasify"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "\t",
        "\x00",
        "(",
        '"""',
        "\ufeff",
        "signature",
        "🦊",
        "{}\n[]",
        "\r\r\n",
        "module m = " + "(" * 2000,
    ],
)
def test_no_text_is_too_strange(client: Client, uri: str, text: str) -> None:
    client.open(uri, text)
    client.diagnostics(uri)
    for method in ("textDocument/hover", "textDocument/completion", "textDocument/definition"):
        client.at(method, uri, 0, 0)
        client.at(method, uri, 99, 99)
    document = {"textDocument": {"uri": uri}}
    client.request("textDocument/documentSymbol", document)
    client.request("textDocument/formatting", {**document, "options": {"tabSize": 4, "insertSpaces": True}})


def test_a_change_is_seen_in_the_files_that_import_it(client: Client, workspace: Path, uri: str) -> None:
    library = (workspace / f"library_{next(counter)}.dspy").as_uri()
    name = library.rpartition("/")[2].removesuffix(".dspy")
    client.open(library, "type Answer = int\n")
    fields = "    input x: Answer\n    output y: str\n"
    text = f'from {name} import Answer\n\nsignature A:\n    """Take it."""\n{fields}'
    client.open(uri, text)
    assert client.diagnostics(uri) == []
    client.change(library, whole("type Reply = int\n"))
    (found,) = client.diagnostics(uri)
    assert marked(text, found) == "Answer"
    client.change(library, whole("type Answer = str\n"))
    assert client.diagnostics(uri) == []


def test_a_file_that_appears_on_the_disk_is_found(client: Client, workspace: Path, uri: str) -> None:
    name = f"helper_{next(counter)}"
    client.open(uri, f"from {name} import half\n\nx = half(2)\n")
    assert len(client.diagnostics(uri)) == 1
    file = workspace / f"{name}.py"
    file.write_text("@dspyc.pure\ndef half(x: float) -> float:\n    return x / 2\n", encoding="utf-8")
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": file.as_uri(), "type": 1}]})
    assert client.diagnostics(uri) == []


def test_what_is_unused_is_faded(client: Client, uri: str) -> None:
    text = "from tools import search\n\nx = 1\n"
    client.open(uri, text)
    (found,) = client.diagnostics(uri)
    assert marked(text, found) == "search"
    assert found["severity"] == 2
    assert found["tags"] == [1]


def test_closing_takes_the_diagnostics_away(client: Client, uri: str) -> None:
    client.open(uri, "module m = Nowhere()\n")
    assert client.diagnostics(uri)
    client.close(uri)
    assert client.diagnostics(uri) == []


def test_an_unsaved_file_without_a_name(client: Client) -> None:
    client.open("untitled:Untitled-1", "module m = Nowhere()\n")
    (found,) = client.diagnostics("untitled:Untitled-1")
    assert "Nowhere" in found["message"]
    client.close("untitled:Untitled-1")


WITHOUT_A_NAME = """enum Kind:
    SMALL = 1
    LARGE = 2

type Order:
    number: int

signature Read:
    input text: str
    output kind: Kind
    output order: Order

signature Reread(Read):
    input more: str

module read = Predict(Read)

def twice(text: str) -> Kind:
    found = read(text=text)
    label = found.order + 1
    match found.kind:
        case Kind.SMALL:
            return Kind.LARGE

def thrice(text: str) -> Kind:
    return twice(text)
"""

AT_A_NAME = ("definition", "prepareCallHierarchy", "prepareTypeHierarchy", "prepareRename", "hover")


@pytest.mark.parametrize(
    "other",
    ["untitled:Untitled-1", "git:/a.dspy?main", "file:///nowhere/notes.txt", "file:///nowhere/a.dspy.orig"],
)
def test_a_text_of_any_name_is_a_program(client: Client, uri: str, other: str) -> None:
    """One that has no name yet, an older one, or one whose language the user has chosen."""

    def asked(method: str, uri: str, **more: Any) -> Any:
        try:
            found = client.request(method, {"textDocument": {"uri": uri}} | more)
        except ServerError as error:
            found = str(error)
        return json.loads(json.dumps(found).replace(uri, "URI"))

    answers = []
    for each in (uri, other):
        client.open(each, WITHOUT_A_NAME)
        found = [asked("textDocument/diagnostic", each)["items"], asked("textDocument/documentSymbol", each)]
        for name in ("Kind", "SMALL", "number", "Read", "text", "kind", "Reread", "read", "twice", "found"):
            place = {"position": offset_position(WITHOUT_A_NAME, WITHOUT_A_NAME.index(name))}
            found += [asked(f"textDocument/{method}", each, **place) for method in AT_A_NAME]
            found.append(asked("textDocument/rename", each, newName="other", **place))
            found.append(
                asked("textDocument/references", each, context={"includeDeclaration": True}, **place)
            )
        answers.append(found)
        client.close(each)
    assert answers[0] == answers[1]
    assert {"E215", "E228", "W205"} == {each["code"] for each in answers[0][0]}


def test_labels_become_related_information(client: Client, uri: str) -> None:
    client.open(uri, "type A = int\ntype A = str\n")
    (found,) = client.diagnostics(uri)
    (related,) = found["relatedInformation"]
    assert related["location"]["uri"] == uri
    assert related["location"]["range"]["start"]["line"] == 0


def test_random_edits_give_what_the_whole_text_gives(client: Client, workspace: Path) -> None:
    generator = random.Random(7)
    pieces = [
        "",
        "x",
        "🦊",
        "\n",
        "\r\n",
        "    ",
        '"',
        "(",
        "signature B:\n    input a: int\n",
        "\u2028",
        ": str",
    ]
    typed = (workspace / "typed.dspy").as_uri()
    text = PROGRAM
    client.open(typed, text)
    for _ in range(60):
        changes = []
        for _ in range(generator.randint(1, 3)):
            start = generator.randrange(len(text) + 1)
            end = min(len(text), start + generator.choice((0, 0, 1, 5)))
            start, end = (at - 1 if text[at - 1 : at + 1] == "\r\n" else at for at in (start, end))
            piece = generator.choice(pieces)
            changes.append(edit(text, start, end, piece))
            text = text[:start] + piece + text[end:]
        version = client.change(typed, *changes)
        found = client.diagnostics(typed, version)
        client.change(typed, whole(text))
        assert client.diagnostics(typed) == found
    outline = client.request("textDocument/documentSymbol", {"textDocument": {"uri": typed}})
    anew = (workspace / "typed_anew.dspy").as_uri()
    client.open(anew, text)
    assert client.request("textDocument/documentSymbol", {"textDocument": {"uri": anew}}) == outline
    client.close(typed)
    client.close(anew)


def test_wrong_settings_are_shown_in_their_file(new_client: Client, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.dspyc]\nscr = ["src"]\n', encoding="utf-8")
    new_client.initialize(tmp_path)
    uri = (tmp_path / "a.dspy").as_uri()
    new_client.open(uri, "x = 1\n")
    (found,) = new_client.diagnostics(path.as_uri())
    assert found["code"] == "E090"
    assert found["range"] == {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 3}}
    changed = {"changes": [{"uri": path.as_uri(), "type": 2}]}
    path.write_text('[tool.dspyc]\nsrc = ["."]\n', encoding="utf-8")
    new_client.notify("workspace/didChangeWatchedFiles", changed)
    assert new_client.diagnostics(path.as_uri()) == []
    path.write_text("[tool.dspyc\n", encoding="utf-8")
    new_client.notify("workspace/didChangeWatchedFiles", changed)
    assert len(new_client.diagnostics(path.as_uri())) == 1
    new_client.close(uri)
    assert new_client.diagnostics(path.as_uri()) == []


def test_a_project_names_its_source_roots(new_client: Client, tmp_path: Path) -> None:
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.dspyc]\nsrc = ["src"]\n', encoding="utf-8")
    (tmp_path / "src" / "shared.dspy").write_text("type Answer = int\n", encoding="utf-8")
    new_client.initialize(tmp_path)
    uri = (tmp_path / "src" / "deep" / "a.dspy").as_uri()
    new_client.open(uri, "from shared import Answer\n\nx: Answer = 1\n")
    assert new_client.diagnostics(uri) == []
    items = new_client.at("textDocument/completion", uri, 0, 5)["items"]
    assert "shared" in [item["label"] for item in items]


def test_a_python_file_that_is_open_is_read_as_python(client: Client, workspace: Path) -> None:
    """Some editors are told to send all files to every server."""
    folder = workspace / "python_open"
    folder.mkdir()
    (folder / "tools.py").write_text("def price() -> float:\n    return 1.0\n", encoding="utf-8")
    user, tools = (folder / "user.dspy").as_uri(), (folder / "tools.py").as_uri()
    client.open(user, "from tools import price\n\ndef f() -> float:\n    return price()\n")
    assert client.diagnostics(user) == []
    client.open(tools, "signature = 1\n")
    assert [each["code"] for each in client.diagnostics(user)] == ["E106"]
    asked = {"textDocument": {"uri": tools}}
    assert client.request("textDocument/diagnostic", asked)["items"] == []
    options = {"options": {"tabSize": 4, "insertSpaces": True}}
    assert client.request("textDocument/formatting", asked | options) == []
    assert (
        client.request("textDocument/codeAction", asked | {"range": START, "context": {"diagnostics": []}})
        is None
    )
    with pytest.raises(ServerError, match="tools for Python"):
        client.at("textDocument/rename", tools, 0, 1, newName="other")
    found = client.request("workspace/symbol", {"query": "signature"})
    assert not [each for each in found if each["location"]["uri"] == tools]
    client.close(tools)
    assert client.diagnostics(user) == []


@pytest.mark.parametrize("version", [{}, {"version": None}], ids=["none", "null"])
def test_a_change_without_a_version_counts(client: Client, uri: str, version: dict[str, None]) -> None:
    """A text of which one change is missing is another text from then on."""
    client.open(uri, "x = nowhere\n")
    assert [each["code"] for each in client.diagnostics(uri)] == ["E101"]
    changed = {"textDocument": {"uri": uri} | version, "contentChanges": [{"text": "x = 1\n"}]}
    client.notify("textDocument/didChange", changed)
    assert client.diagnostics(uri) == []
