"""The server as an editor sees it: diagnostics, edits, outline, formatting, and what must not end it."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.lsp_client import CAPABILITIES, Client, ServerError, position_of

counter = itertools.count()
PROGRAM = '''\
"""A small program 🦊."""

configure(lm=LM("openai/gpt-4o-mini"))

type Label = Literal["a", "b"]

signature Classify:
    """Judge it."""
    input text: str
    output label: Label

module classify = ChainOfThought(Classify)

test "works":
    pred = classify(text="🦊🦊")
    assert pred.label == "a"
'''


@pytest.fixture
def uri(workspace: Path) -> str:
    return (workspace / f"document_{next(counter)}.dspy").as_uri()


def whole(text: str) -> dict[str, Any]:
    return {"text": text}


def edit(text: str, start: int, end: int, replacement: str) -> dict[str, Any]:
    """An incremental change of a text, in UTF-16 columns."""
    area = {}
    for name, offset in (("start", start), ("end", end)):
        line, character = position_of(text, offset)
        area[name] = {"line": line, "character": character}
    return {"range": area, "text": replacement}


def marked(text: str, diagnostic: dict[str, Any]) -> str:
    """What a diagnostic underlines, on its first line."""
    start, end = diagnostic["range"]["start"], diagnostic["range"]["end"]
    line = text.split("\n")[start["line"]].encode("utf-16-le")
    stop = end["character"] * 2 if end["line"] == start["line"] else len(line)
    return line[start["character"] * 2 : stop].decode("utf-16-le")


# --- diagnostics


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


def test_labels_become_related_information(client: Client, uri: str) -> None:
    client.open(uri, "type A = int\ntype A = str\n")
    (found,) = client.diagnostics(uri)
    (related,) = found["relatedInformation"]
    assert related["location"]["uri"] == uri
    assert related["location"]["range"]["start"]["line"] == 0


# --- edits


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


# --- outline, formatting, quick fixes


def test_the_outline(client: Client, uri: str) -> None:
    client.open(uri, PROGRAM + "\nenum Kind:\n    ONE\n\nlm gpt = LM('openai/gpt')\n")
    found = client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
    names = [each["name"] for each in found]
    assert names == ["configure", "Label", "Classify", "classify", "works", "Kind", "gpt"]
    classify = found[2]
    assert [each["name"] for each in classify["children"]] == ["text", "label"]
    assert classify["children"][0]["detail"] == "input str"
    assert marked(PROGRAM, {"range": classify["selectionRange"]}) == "Classify"
    assert found[3]["detail"] == "module ChainOfThought"
    for entry in (*found, *classify["children"]):
        assert inside(entry["selectionRange"], entry["range"])


def inside(inner: dict[str, Any], outer: dict[str, Any]) -> bool:
    def key(place: dict[str, int]) -> tuple[int, int]:
        return place["line"], place["character"]

    return key(outer["start"]) <= key(inner["start"]) and key(inner["end"]) <= key(outer["end"])


def apply(text: str, edits: list[dict[str, Any]]) -> str:
    """A text after edits that do not overlap, given in order."""
    starts = [0, *(at + 1 for at, character in enumerate(text) if character == "\n"), len(text)]
    for each in reversed(edits):
        start, end = each["range"]["start"], each["range"]["end"]
        assert start["character"] == end["character"] == 0 or end["line"] == text.count("\n")
        first = starts[start["line"]]
        last = starts[end["line"]] + end["character"]
        text = text[:first] + each["newText"] + text[last:]
    return text


def test_formatting(client: Client, uri: str) -> None:
    text = PROGRAM.replace("input text: str", "input   text :str").replace(
        "module classify", "\n\n\nmodule  classify"
    )
    client.open(uri, text)
    options = {"tabSize": 4, "insertSpaces": True}
    edits = client.request("textDocument/formatting", {"textDocument": {"uri": uri}, "options": options})
    assert apply(text, edits) == PROGRAM
    assert sum(each["newText"].count("\n") for each in edits) <= 2
    client.change(uri, whole(PROGRAM))
    assert client.request("textDocument/formatting", {"textDocument": {"uri": uri}, "options": options}) == []


def test_formatting_of_a_selection_leaves_the_other_declarations(client: Client, uri: str) -> None:
    text = "a  = 1\nb  = 2\nc  = 3\n"
    client.open(uri, text)
    selection = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 3}}
    asked = {
        "textDocument": {"uri": uri},
        "range": selection,
        "options": {"tabSize": 4, "insertSpaces": True},
    }
    edits = client.request("textDocument/rangeFormatting", asked)
    assert apply(text, edits) == "a  = 1\nb = 2\nc  = 3\n"


def test_a_fix_is_offered_where_the_finding_is(client: Client, uri: str) -> None:
    text = "def f(a: int) -> int:\n    return abs(a\n"
    client.open(uri, text)
    (found,) = client.diagnostics(uri)
    request = {"textDocument": {"uri": uri}, "range": found["range"], "context": {"diagnostics": [found]}}
    (action,) = client.request("textDocument/codeAction", request)
    assert action["kind"] == "quickfix"
    assert action["diagnostics"] == [found]
    (change,) = action["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": uri, "version": 1}
    client.change(uri, *({"range": each["range"], "text": each["newText"]} for each in change["edits"]))
    assert client.diagnostics(uri) == []
    nowhere = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    assert client.request("textDocument/codeAction", {**request, "range": nowhere}) == []


def actions_at(client: Client, uri: str, found: dict[str, Any], only: list[str] | None = None) -> Any:
    context = {"diagnostics": [found]} | ({"only": only} if only else {})
    request = {"textDocument": {"uri": uri}, "range": found["range"], "context": context}
    return client.request("textDocument/codeAction", request)


def made(client: Client, uri: str, action: Any) -> list[Any]:
    """The findings after an action."""
    (change,) = action["edit"]["documentChanges"]
    edits = reversed(change["edits"])
    client.change(uri, *({"range": each["range"], "text": each["newText"]} for each in edits))
    return client.diagnostics(uri)


def test_a_finding_can_be_ignored(client: Client, uri: str) -> None:
    client.open(uri, "module qa = Predict(Missing)\n")
    (found,) = client.diagnostics(uri)
    (action,) = actions_at(client, uri, found)
    assert action["title"] == "Ignore E101 here: unknown-name"
    assert made(client, uri, action) == []


def test_all_of_a_kind_can_be_fixed(client: Client, uri: str) -> None:
    client.open(uri, "def f(a: string, b: strng) -> str:\n    return a + b\n")
    first, second = client.diagnostics(uri)
    titles = [each["title"] for each in actions_at(client, uri, first)]
    assert titles == [
        "Change to `str`",
        "Fix all in this file: E110 unknown-type",
        "Ignore E110 here: unknown-type",
    ]
    assert made(client, uri, actions_at(client, uri, second)[1]) == []


def test_all_safe_fixes_are_made_on_demand(client: Client, uri: str) -> None:
    text = "from statistics import mean, mode\n\ndef f(a: int) -> int:\n    return abs(a);\n"
    client.open(uri, text)
    found, *_ = client.diagnostics(uri)
    (action,) = actions_at(client, uri, found, ["source.fixAll"])
    assert action["kind"] == "source.fixAll"
    assert not any(each["code"] == "E016" for each in made(client, uri, action))
    assert actions_at(client, uri, found, ["source.organizeImports"]) == []


# --- the protocol


def test_the_command_starts_the_server(workspace: Path) -> None:
    client = Client((sys.executable, "-m", "dspyc", "lsp", "--stdio"))
    try:
        assert client.initialize(workspace)["serverInfo"]["name"] == "dspyc"
        assert client.shut_down() == 0
    finally:
        client.kill()


def test_capabilities(new_client: Client, workspace: Path) -> None:
    result = new_client.initialize(workspace)
    capabilities = result["capabilities"]
    assert capabilities["positionEncoding"] == "utf-16"
    assert capabilities["textDocumentSync"]["change"] == 2
    places = ("definition", "references", "documentHighlight")
    for provider in ("hover", *places, "documentSymbol", "documentFormatting"):
        assert capabilities[f"{provider}Provider"] is True
    assert capabilities["codeActionProvider"] == {"codeActionKinds": ["quickfix", "source.fixAll"]}
    assert "." in capabilities["completionProvider"]["triggerCharacters"]
    assert result["serverInfo"]["name"] == "dspyc"
    new_client.request("textDocument/documentSymbol", {"textDocument": {"uri": "file:///nowhere.dspy"}})
    (registered,) = new_client.requests
    assert registered["method"] == "client/registerCapability"
    assert new_client.shut_down() == 0


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 26), ("utf-16", 22), ("utf-32", 20)])
def test_encodings(new_client: Client, workspace: Path, uri: str, encoding: str, column: int) -> None:
    capabilities = {**CAPABILITIES, "general": {"positionEncodings": [encoding]}}
    assert (
        new_client.initialize(workspace, capabilities=capabilities)["capabilities"]["positionEncoding"]
        == encoding
    )
    new_client.open(uri, 'x = ["🦊🦊"]\ny = "🦊🦊" + str(x) + wrong\n')
    (found,) = new_client.diagnostics(uri)
    assert found["range"]["start"] == {"line": 1, "character": column}
    assert found["range"]["end"] == {"line": 1, "character": column + len("wrong")}


def test_a_flat_outline_for_a_client_that_takes_no_tree(
    new_client: Client, workspace: Path, uri: str
) -> None:
    new_client.initialize(workspace, capabilities={})
    new_client.open(uri, PROGRAM)
    found = new_client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
    assert [(each["name"], each.get("containerName")) for each in found][2:5] == [
        ("Classify", None),
        ("text", "Classify"),
        ("label", "Classify"),
    ]


def test_cancelled_requests_are_answered_all_the_same(client: Client, uri: str) -> None:
    client.open(uri, PROGRAM * 40)
    params = {"textDocument": {"uri": uri}, "position": {"line": 15, "character": 16}}
    begun = [client.begin("textDocument/completion", params) for _ in range(30)]
    for request in begun[1:]:
        client.notify("$/cancelRequest", {"id": request})
    answers = [client.answer(request) for request in begun]
    assert "result" in answers[0]
    for answer in answers:
        assert "result" in answer or answer["error"]["code"] == -32800


def test_what_is_no_message_is_passed_over(client: Client, uri: str) -> None:
    assert client.process.stdin is not None
    for junk in (b"Content-Length: 5\r\n\r\n{nope", b"X-Other: 1\r\n\r\n", b"Content-Length: 2\r\n\r\n[]"):
        client.process.stdin.write(junk)
    client.notify("textDocument/didChange", {"wrong": "shape"})
    client.notify("no/suchNotification", {})
    with pytest.raises(ServerError, match="-32602"):
        client.request("textDocument/hover", {"position": "here"})
    with pytest.raises(ServerError, match="-32601"):
        client.request("no/suchRequest", {})
    client.open(uri, PROGRAM)
    assert client.diagnostics(uri) == []


CRASHING = """
from msgspec.structs import replace
from dspyc.lsp.features import hover
from dspyc.lsp import server
def run(server, params):
    print("this is not a message")
    raise RuntimeError("a defect")
hover.HANDLERS = {name: replace(each, run=run) for name, each in hover.HANDLERS.items()}
server.main()
"""


def test_a_defect_in_one_feature_is_logged_and_the_others_go_on(workspace: Path, uri: str) -> None:
    client = Client((sys.executable, "-c", CRASHING))
    try:
        client.initialize(workspace)
        client.open(uri, PROGRAM)
        with pytest.raises(ServerError, match="-32603"):
            client.at("textDocument/hover", uri, 0, 0)
        logged = client.wait_for("window/logMessage")
        assert "a defect" in logged["message"]
        assert logged["type"] == 1
        assert client.diagnostics(uri) == [] or client.at("textDocument/completion", uri, 0, 0)["items"]
        assert client.shut_down() == 0
    finally:
        client.kill()


def test_the_server_ends_when_the_client_goes_away(new_client: Client, workspace: Path) -> None:
    new_client.initialize(workspace)
    assert new_client.process.stdin is not None
    new_client.process.stdin.close()
    assert new_client.process.wait(10) == 0


def test_an_exit_without_a_shutdown_is_an_error(new_client: Client, workspace: Path) -> None:
    new_client.initialize(workspace)
    new_client.notify("exit")
    assert new_client.process.wait(10) == 1


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


# --- cost


def test_importing_the_server_imports_no_client_of_models() -> None:
    program = (
        "import sys, dspyc.lsp.session, dspyc.runtime\n"
        "print(sorted({'litellm', 'torch', 'httpx', 'aiohttp', 'requests', 'openai'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
