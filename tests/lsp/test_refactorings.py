"""Code actions that change a program's form: what is offered where, and the text afterwards."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from support.editor_cases import cases
from support.lsp_client import CAPABILITIES, Client, ServerError, edited, offset_position

counter = itertools.count()
CURSOR = "‸"


def offered(client: Client, uri: str, marked: str, only: list[str] | None = None) -> dict[str, Any]:
    """What is offered at the cursor of a text, by title."""
    text = marked.replace(CURSOR, "")
    client.open(uri, text)
    place = offset_position(text, marked.index(CURSOR))
    asked: dict[str, Any] = {
        "textDocument": {"uri": uri},
        "range": {"start": place, "end": place},
        "context": {"diagnostics": []} | ({"only": only} if only else {}),
    }
    found = client.request("textDocument/codeAction", asked)
    return {each["title"]: each for each in found}


def done(client: Client, uri: str, marked: str, title: str) -> str:
    """The text after an action, which leaves no error that was not there."""
    text = marked.replace(CURSOR, "")
    action = offered(client, uri, marked)[title]
    (change,) = action["edit"]["documentChanges"]
    assert change["textDocument"]["uri"] == uri
    after = edited(text, change["edits"])
    client.close(uri)
    client.open(uri, after)
    client.wait_for(
        "textDocument/publishDiagnostics", lambda params: params["uri"] == uri and params.get("version")
    )
    return after


CASES = [pytest.param(*parts, id=name) for name, parts in cases("refactorings")]
NOTHING = [pytest.param(*parts, id=name) for name, parts in cases("not_offered")]


@pytest.mark.parametrize(("title", "marked", "expected"), CASES)
def test_a_refactoring(client: Client, uri: str, title: str, marked: str, expected: str) -> None:
    assert done(client, uri, marked, title) == expected
    client.close(uri)


@pytest.mark.parametrize(("title", "marked"), NOTHING)
def test_nothing_is_offered_that_would_change_what_a_program_does(
    client: Client, uri: str, title: str, marked: str
) -> None:
    assert not [each for each in offered(client, uri, marked) if each.startswith(title)]
    client.close(uri)


def test_an_output_is_added_in_the_file_that_declares_the_signature(
    client: Client, workspace: Path, uri: str
) -> None:
    library = workspace / f"signatures_{next(counter)}.dspy"
    library.write_text("# Above.\n\nsignature Sort:\n    input a: str\n    output b: str\n", encoding="utf-8")
    marked = (
        f'from {library.stem} import Sort\nmodule s = Predict(Sort)\ntest "t":\n    assert s(a="").wh‸y\n'
    )
    action = offered(client, uri, marked)["Add the output `why` to `Sort`"]
    (change,) = action["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": library.as_uri(), "version": None}
    assert edited(library.read_text(encoding="utf-8"), change["edits"]).endswith(
        "    output b: str\n    output why: str\n"
    )
    assert [each["code"] for each in action["diagnostics"]] == ["E201"]
    client.close(uri)


def test_only_the_kinds_that_are_asked_for(client: Client, uri: str) -> None:
    marked = 'module qa = Predict("a -> ‸b")\n'
    for only, expected in (
        (["refactor"], {"refactor.extract", "refactor.rewrite"}),
        (["refactor.extract"], {"refactor.extract"}),
        (["quickfix"], set()),
        (["source"], set()),
    ):
        found = offered(client, uri, marked, only)
        assert {each["kind"] for each in found.values()} == expected
        client.close(uri)


IMPORTS = [
    (
        "from tools import search\nfrom statistics import mean, median\nimport json\n\n"
        "x = search(mean([1], json))\n",
        "import json\nfrom statistics import mean\nfrom tools import search\n\nx = search(mean([1], json))\n",
    ),
    (
        '"""Doc."""\n\n# why\nfrom tools import search  # it\nfrom statistics import median\n'
        "from statistics import mean\nx = search(mean([1]), median([1]))\n",
        '"""Doc."""\n\nfrom statistics import mean, median\n# why\nfrom tools import search  # it\n'
        "x = search(mean([1]), median([1]))\n",
    ),
    ("from statistics import mean as m, mean\nx = m(mean([1]))\n", None),
    ("import json\n\n# a comment of its own\n\nimport ast\nx = json\ny = ast\n", None),
    ("from statistics import mean\nfrom math import mean\nx = mean\n", None),
    ("x = 1\nimport json\n", ""),
    (
        "from statistics import (\n    mode,  # of all\n)\nimport json\nx = mode([json])\n",
        "import json\nfrom statistics import (\n    mode,  # of all\n)\nx = mode([json])\n",
    ),
    (
        "# Copyright: ours.\nimport json\nfrom statistics import mode, mean\nx = mean([1])\n",
        "# Copyright: ours.\nimport json\nfrom statistics import mean\nx = mean([1])\n",
    ),
]


@pytest.mark.parametrize(("text", "expected"), IMPORTS)
def test_organised_imports(client: Client, uri: str, text: str, expected: str | None) -> None:
    found = offered(client, uri, CURSOR + text, ["source.organizeImports"])
    if expected is None:
        assert not found
    elif expected:
        (change,) = found["Organise the imports"]["edit"]["documentChanges"]
        after = edited(text, change["edits"])
        assert after == expected
        client.close(uri)
        assert not offered(client, uri, CURSOR + after, ["source.organizeImports"])
    client.close(uri)


def start_lazily(client: Client, workspace: Path) -> None:
    """Start a client that asks for the edits of an action when it is chosen."""
    lazy = {"resolveSupport": {"properties": ["edit"]}}
    text_document = {**CAPABILITIES["textDocument"], "codeAction": lazy}
    client.initialize(workspace, capabilities={**CAPABILITIES, "textDocument": text_document})


def test_of_two_actions_with_one_title_the_chosen_one_is_done(
    new_client: Client, workspace: Path, uri: str
) -> None:
    start_lazily(new_client, workspace)
    text = "def f(a: string, b: strng) -> str:\n    return a + b\n"
    new_client.open(uri, text)
    asked = {"start": offset_position(text, 0), "end": offset_position(text, text.index("\n"))}
    found = new_client.request(
        "textDocument/codeAction",
        {"textDocument": {"uri": uri}, "range": asked, "context": {"diagnostics": []}},
    )
    changed = [
        edited(text, change["edits"])
        for each in found
        if each["title"] == "Change to `str`"
        for change in new_client.request("codeAction/resolve", each)["edit"]["documentChanges"]
    ]
    assert changed == [text.replace("string", "str"), text.replace("strng", "str")]


def test_edits_are_worked_out_when_an_action_is_chosen(new_client: Client, workspace: Path, uri: str) -> None:
    start_lazily(new_client, workspace)
    marked = 'module qa = Predict("a -> ‸b")\n'
    action = offered(new_client, uri, marked)["Extract a signature `Qa` from the string"]
    assert "edit" not in action
    resolved = new_client.request("codeAction/resolve", action)
    (change,) = resolved["edit"]["documentChanges"]
    assert edited(marked.replace(CURSOR, ""), change["edits"]).startswith("signature Qa:\n")
    new_client.change(uri, {"text": "x = 1\n"})
    with pytest.raises(ServerError, match="has changed"):
        new_client.request("codeAction/resolve", action)
