"""Code actions that fix or suppress what was found."""

from __future__ import annotations

from typing import Any

from support.lsp_client import Client


def test_a_fix_is_offered_where_the_finding_is(client: Client, uri: str) -> None:
    text = "def f(a: int) -> int:\n    return abs(a\n"
    client.open(uri, text)
    (found,) = client.diagnostics(uri)
    request: dict[str, Any] = {"textDocument": {"uri": uri}, "range": found["range"]}
    request["context"] = {"diagnostics": [found], "only": ["quickfix"]}
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
    assert titles[:3] == [
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
