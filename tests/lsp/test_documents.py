"""Outline and formatting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.editor_program import PROGRAM, marked, whole
from support.lsp_client import Client


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
