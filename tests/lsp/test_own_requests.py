"""The requests of this server's own: the tests of the workspace, and the picture of a program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.lsp_client import Client

TEXT = '''\
signature Ask:
    """Answer."""
    input question: str
    output answer: str

module Twice:
    input question: str
    output answer: str

    first = Predict(Ask)
    second = ChainOfThought(Ask)

    forward:
        one = first(question=question)
        two = second(question=one.answer)
        return answer=two.answer

module twice = Twice()

dataset rows = Dataset([{"question": "a", "answer": "b"}], inputs=["question"])

evaluate accuracy = Evaluate(twice, devset=rows, metric=answer_exact_match)

test "one 😀 is asked":
    assert twice(question="a").answer == "b"
'''


@pytest.fixture
def opened(new_client: Client, tmp_path: Path) -> tuple[Client, Path]:
    (tmp_path / "qa.dspy").write_text(TEXT, encoding="utf-8")
    (tmp_path / "none.dspy").write_text('module m = Predict("a -> b")\n', encoding="utf-8")
    new_client.initialize(tmp_path)
    return new_client, tmp_path


def test_the_tests_of_a_workspace_and_of_an_unsaved_file(opened: tuple[Client, Path]) -> None:
    client, folder = opened
    (found,) = client.request("dspyc/tests", {})
    assert found["uri"] == (folder / "qa.dspy").as_uri()
    assert [(each["kind"], each["name"]) for each in found["items"]] == [
        ("evaluate", "accuracy"),
        ("test", "one 😀 is asked"),
    ]
    assert found["items"][1]["range"]["start"] == {"line": 23, "character": 5}

    uri = (folder / "none.dspy").as_uri()
    asked = {"textDocument": {"uri": uri}}
    assert client.request("dspyc/tests", asked) == [{"uri": uri, "items": []}]
    client.open(uri, 'test "new":\n    assert True\n')
    (changed,) = client.request("dspyc/tests", asked)
    assert [each["name"] for each in changed["items"]] == ["new"]


@pytest.mark.parametrize(("line", "name"), [(13, "twice"), (24, "twice"), (2, "twice"), (17, "twice")])
def test_the_picture_of_the_program_at_a_place(opened: tuple[Client, Path], line: int, name: str) -> None:
    client, folder = opened
    asked: dict[str, Any] = {
        "textDocument": {"uri": (folder / "qa.dspy").as_uri()},
        "position": {"line": line, "character": 8},
    }
    found = client.request("dspyc/graph", asked)
    assert found["name"] == name
    assert found["svg"].startswith("<svg")
    assert "second" in found["svg"]


def test_a_file_without_programs_has_no_picture(opened: tuple[Client, Path]) -> None:
    client, folder = opened
    uri = (folder / "empty.dspy").as_uri()
    client.open(uri, "LIMIT = 3\n")
    place = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}
    assert client.request("dspyc/graph", place) is None
