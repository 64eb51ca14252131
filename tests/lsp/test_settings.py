"""Files of settings in an editor: what may be written, what it means, where it leads, what is wrong."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from support.lsp_client import CAPABILITIES, Client, ServerError, edited, offset_position

counter = itertools.count()
CURSOR = "‸"


@pytest.fixture
def toml(workspace: Path) -> str:
    """The URI of a file of settings in a folder of its own."""
    folder = workspace / f"settings_{next(counter)}"
    (folder / "lib").mkdir(parents=True)
    (folder / "known.json").write_text("[]", encoding="utf-8")
    return (folder / "dspyc.toml").as_uri()


def offered(client: Client, uri: str, marked: str) -> list[dict[str, Any]]:
    text = marked.replace(CURSOR, "")
    client.open(uri, text)
    place = offset_position(text, marked.index(CURSOR))
    found = client.at("textDocument/completion", uri, place["line"], place["character"])
    client.close(uri)
    return sorted(found["items"], key=lambda each: each["sortText"])


@pytest.mark.parametrize(
    ("marked", "first"),
    [
        (CURSOR, ["src", "pure", "exclude", "extend-exclude", "respect-gitignore", "baseline", "rules"]),
        ("src = ['lib']\n‸", ["pure"]),
        ("# a comment\nrespect-gitignore = ‸", ["true", "false"]),
        ("[‸]", ["rules", "rules.severity", "rules.per-file-ignores"]),
        ("[rules]\n[rules.s‸", ["rules.severity", "rules.per-file-ignores"]),
        ("[rules]\n‸", ["select", "extend-select", "ignore", "severity", "per-file-ignores"]),
        ('[rules]\nselect = ["E101", "‸"]', ["E001"]),
        ("[rules]\nselect = [\n  ‸\n]\nignore = []\n", ["E001"]),
        ("[rules]\nseverity = { E101 = ‸ }", ["error", "warning", "info"]),
        ("[rules.severity]\ndata = '‸'", ["error", "warning", "info"]),
        ("rules.severity.E101 = ‸", ["error", "warning", "info"]),
        ("rules.‸", ["select", "extend-select", "ignore", "severity", "per-file-ignores"]),
        ("[rules.per-file-ignores]\n'drafts/**' = [‸]", ["E001"]),
        ('src = ["‸', ["lib"]),
        ('baseline = "‸"', ["known.json"]),
    ],
)
def test_what_may_be_written(client: Client, toml: str, marked: str, first: list[str]) -> None:
    labels = [each["label"] for each in offered(client, toml, marked)]
    if first == ["E001"]:
        # Syntax errors are found whatever is selected, so they are not offered.
        assert "E001" not in labels
        assert labels[0].startswith("E")
        assert {"ALL", "unknown-name", "data", "W5"} <= set(labels)
    else:
        assert labels[: len(first)] == first


@pytest.mark.parametrize("marked", ["# ‸", "src = [] ‸", "src = ‸", "[other]\n‸", "x = {‸", 'pure = ["a‸"'])
def test_where_nothing_fits(client: Client, toml: str, marked: str) -> None:
    assert offered(client, toml, marked) == []


@pytest.mark.parametrize(
    ("marked", "label", "expected"),
    [
        ("sr‸", "src", 'src = ["$1"]'),
        ("res‸", "respect-gitignore", "respect-gitignore = false"),
        ("[ru‸", "rules.severity", "[rules.severity"),
        ("[rul‸es]", "rules.severity", "[rules.severity]"),
        ("[rules]\nignore = [‸]", "E101", '[rules]\nignore = ["E101"]'),
        ('[rules]\nignore = ["E1‸"]', "E101", '[rules]\nignore = ["E101"]'),
        ('[rules]\nignore = ["E1‸', "E101", '[rules]\nignore = ["E101"'),
        ("[rules]\nignore = ['unk‸nown']", "unknown-name", "[rules]\nignore = ['unknown-name']"),
        ("rules.severity.E101 = ‸", "info", 'rules.severity.E101 = "info"'),
        ("[rules.severity]\nE1‸", "E101", '[rules.severity]\nE101 = "${1|error,warning,info|}"'),
    ],
)
def test_what_is_chosen_fits(client: Client, toml: str, marked: str, label: str, expected: str) -> None:
    (item,) = [each for each in offered(client, toml, marked) if each["label"] == label]
    assert edited(marked.replace(CURSOR, ""), [item["textEdit"]]) == expected


def test_the_table_of_a_pyproject(client: Client, toml: str) -> None:
    uri = toml.replace("dspyc.toml", "pyproject.toml")
    heads = [each["label"] for each in offered(client, uri, '[project]\nname = "x"\n\n[‸]')]
    assert heads == [
        "tool.dspyc",
        "tool.dspyc.rules",
        "tool.dspyc.rules.severity",
        "tool.dspyc.rules.per-file-ignores",
    ]
    assert [each["label"] for each in offered(client, uri, "[tool.dspyc]\nb‸")][5] == "baseline"
    assert offered(client, uri, "[project]\n‸") == []
    assert offered(client, uri, "[tool.other]\nx = '‸'") == []


@pytest.mark.parametrize(
    ("marked", "shows"),
    [
        ('s‸rc = ["lib"]', "`src`: list of strings\n\nThe folders"),
        ("respect-gitignore‸ = true", "Default: `true`"),
        ("[ru‸les]", "`rules`: table"),
        ('[rules]\nselect = ["E1‸01"]', "**E101 unknown-name** (error, names)"),
        ('[rules]\nselect = ["unused-imp‸ort"]', "unused-import**"),
        ('[rules]\nselect = ["E1‸"]', "- E101 unknown-name"),
        ('[rules]\nselect = ["na‸mes"]', "- E101 unknown-name"),
        ("[rules.severity]\nE10‸1 = 'info'", "**E101"),
        ("[rules.severity]\nE101 = 'in‸fo'", None),
        ("# s‸rc", None),
        ("sr‸k = 1", None),
    ],
)
def test_what_a_setting_means(client: Client, toml: str, marked: str, shows: str | None) -> None:
    text = marked.replace(CURSOR, "")
    client.open(toml, text)
    place = offset_position(text, marked.index(CURSOR))
    found = client.at("textDocument/hover", toml, place["line"], place["character"])
    client.close(toml)
    assert found is None if shows is None else shows in found["contents"]["value"]


def test_links_lead_to_files_and_pages(new_client: Client, workspace: Path, toml: str) -> None:
    text_document = {**CAPABILITIES["textDocument"], "publishDiagnostics": {"codeDescriptionSupport": True}}
    shows_pages = {**CAPABILITIES["workspace"], "textDocumentContent": {}}
    new_client.initialize(
        workspace, capabilities={**CAPABILITIES, "textDocument": text_document, "workspace": shows_pages}
    )
    new_client.open(
        toml,
        'baseline = "known.json"\n[rules]\nignore = ["E101", "W9", "data"]\n'
        'severity = { unknown-field = "info" }\n',
    )
    asked = {"textDocument": {"uri": toml}}
    found = [each["target"] for each in new_client.request("textDocument/documentLink", asked)]
    page = "dspyc:///rules/E201.md"
    assert found == [toml.replace("dspyc.toml", "known.json"), "dspyc:///rules/E101.md", page]
    text = new_client.request("workspace/textDocumentContent", {"uri": page})["text"]
    assert text.startswith("# E201 unknown-field")


def test_what_is_wrong_is_said_while_it_is_written(client: Client, toml: str) -> None:
    client.open(toml, "sorce = []\n")
    found = client.wait_for("textDocument/publishDiagnostics", lambda params: params["uri"] == toml)
    assert [each["code"] for each in found["diagnostics"]] == ["E090"]
    client.change(toml, {"text": 'src = ["lib"]\n'})
    found = client.wait_for("textDocument/publishDiagnostics", lambda params: params["uri"] == toml)
    assert found["diagnostics"] == []
    client.close(toml)


def test_a_setting_holds_before_it_is_saved(client: Client, toml: str) -> None:
    program = toml.replace("dspyc.toml", "program.dspy")
    client.open(program, "x = wrong\n")
    assert [each["code"] for each in client.diagnostics(program)] == ["E101"]
    client.open(toml, '[rules]\nignore = ["E101"]\n')
    assert client.diagnostics(program) == []
    client.close(toml)
    assert [each["code"] for each in client.diagnostics(program)] == ["E101"]
    client.close(program)


def test_settings_are_no_program(client: Client, toml: str) -> None:
    client.open(toml, "src   =   []\n")
    asked = {"textDocument": {"uri": toml}}
    assert (
        client.request("textDocument/formatting", {**asked, "options": {"tabSize": 4, "insertSpaces": True}})
        == []
    )
    assert client.request("textDocument/documentSymbol", asked) is None
    assert client.request("textDocument/diagnostic", asked)["items"] == []
    assert client.at("textDocument/definition", toml, 0, 1) is None
    assert client.at("textDocument/references", toml, 0, 1, context={"includeDeclaration": True}) == []
    assert client.at("textDocument/prepareCallHierarchy", toml, 0, 1) is None
    with pytest.raises(ServerError, match="cannot be changed"):
        client.at("textDocument/rename", toml, 0, 1, newName="other")
    client.close(toml)


FIXED = [
    ("sr‸c2 = []\n", "src = []\n"),
    ('"ex‸clud" = []\n', '"exclude" = []\n'),
    ("[rules]\nselekt‸ = []\n", "[rules]\nselect = []\n"),
    ("[rules]\nselect = ['unknown-nam‸', \"E101\"]\n", "[rules]\nselect = ['unknown-name', \"E101\"]\n"),
    ('rules.severity.E101 = "er‸or"\n', 'rules.severity.E101 = "error"\n'),
    (
        '[rules.severity]\nE101 = "warning"\nE102 = "‸warnin"\n',
        '[rules.severity]\nE101 = "warning"\nE102 = "warning"\n',
    ),
    ("[rules.severity]\nunknown-nam‸ = 'error'\n", "[rules.severity]\nunknown-name = 'error'\n"),
    # What is meant cannot be said.
    ("qqqq‸ = 1\n", None),
    ("select‸ = []\n", None),
    ("src = 3‸\n", None),
    ("src = [\n‸", None),
    ("‸src = []\n", None),
]


@pytest.mark.parametrize(("marked", "expected"), FIXED)
def test_what_is_wrong_can_be_fixed(client: Client, toml: str, marked: str, expected: str | None) -> None:
    text = marked.replace(CURSOR, "")
    client.open(toml, text)
    place = offset_position(text, marked.index(CURSOR))
    area = {"start": place, "end": place}
    found = client.request(
        "textDocument/codeAction",
        {"textDocument": {"uri": toml}, "range": area, "context": {"diagnostics": []}},
    )
    client.close(toml)
    if expected is None:
        assert found == []
        return
    (action,) = found
    assert action["title"].startswith("Change to `")
    assert action["kind"] == "quickfix"
    assert [each["code"] for each in action["diagnostics"]] == ["E090"]
    (change,) = action["edit"]["documentChanges"]
    assert edited(text, change["edits"]) == expected
