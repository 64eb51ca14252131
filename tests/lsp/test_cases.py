"""Completion, hover, definition and signature help, on programs with a cursor: see the files in `cases/`.

    #=== what the case shows
    #> directive
    program with one ▮

Directives of completion: `first A, B` (the list starts so), `only A, B` (these, in any order), `offers A, B`,
`never A, B`, `nothing`, `inserts LABEL -> TEXT`. Of hover: `shows TEXT`, `marks TEXT` (what the
hover is about), `nothing`. Of definition: `goes to FILE: TEXT` (what stands there; `here` is this program).
Of signature help: `shows TEXT` (in the label), `marks TEXT` (the parameter begins so), `tells TEXT` (of this
parameter), `says TEXT` (of the whole), `nothing`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from support.lsp_client import Client, position_of

CURSOR = "▮"
counter = itertools.count()


@dataclass(frozen=True)
class Case:
    title: str
    directives: tuple[tuple[str, str], ...]
    text: str
    offset: int


def load(name: str) -> list[Case]:
    """The cases of a file."""
    text = (Path(__file__).parent / "cases" / f"{name}.txt").read_text(encoding="utf-8")
    return [case_of(part) for part in text.split("#=== ")[1:]]


def case_of(part: str) -> Case:
    title, _, rest = part.partition("\n")
    lines = rest.split("\n")
    written = list(itertools.takewhile(lambda line: line.startswith("#> "), lines))
    program = "\n".join(lines[len(written) :]).rstrip("\n") + "\n"
    assert program.count(CURSOR) == 1, f"the case {title!r} needs one cursor"
    words = [line.removeprefix("#> ").partition(" ") for line in written]
    assert words, f"the case {title!r} expects nothing"
    directives = tuple((word, rest.strip()) for word, _, rest in words)
    return Case(title, directives, program.replace(CURSOR, ""), program.index(CURSOR))


def ask(client: Client, workspace: Path, case: Case, method: str) -> tuple[str, Any]:
    """Open the program under a name of its own and ask about its cursor."""
    uri = (workspace / f"case_{next(counter)}.dspy").as_uri()
    client.open(uri, case.text)
    result = client.at(method, uri, *position_of(case.text, case.offset))
    client.close(uri)
    return uri, result


def cases(name: str) -> pytest.MarkDecorator:
    found = load(name)
    return pytest.mark.parametrize("case", found, ids=[case.title for case in found])


def listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(", ")]


@cases("completion")
def test_completion(client: Client, workspace: Path, case: Case) -> None:
    _, result = ask(client, workspace, case, "textDocument/completion")
    items = sorted(result["items"], key=lambda item: item["sortText"])
    labels = [item["label"] for item in items]
    assert len(set(labels)) == len(labels)
    for word, rest in case.directives:
        match word:
            case "first":
                assert labels[: len(listed(rest))] == listed(rest)
            case "only":
                assert sorted(labels) == sorted(listed(rest))
            case "offers":
                assert [each for each in listed(rest) if each not in labels] == [], labels
            case "never":
                assert [each for each in listed(rest) if each in labels] == []
            case "nothing":
                assert labels == []
            case "inserts":
                label, _, text = rest.partition(" -> ")
                (edit,) = (item["textEdit"] for item in items if item["label"] == label)
                assert edit["newText"] == text
                assert edit["range"]["end"] == place(case)
            case _:
                pytest.fail(f"no directive {word}")


@cases("hover")
def test_hover(client: Client, workspace: Path, case: Case) -> None:
    _, result = ask(client, workspace, case, "textDocument/hover")
    for word, rest in case.directives:
        match word:
            case "nothing":
                assert result is None
            case "shows":
                assert result is not None
                assert rest in result["contents"]["value"]
            case "marks":
                assert text_in(case.text, result["range"]) == rest
            case _:
                pytest.fail(f"no directive {word}")


@cases("definition")
def test_definition(client: Client, workspace: Path, case: Case) -> None:
    uri, result = ask(client, workspace, case, "textDocument/definition")
    for word, rest in case.directives:
        if word == "nothing":
            assert result is None
            continue
        assert word == "goes", f"no directive {word}"
        file, _, expected = rest.removeprefix("to ").partition(": ")
        path = Path(unquote(urlsplit(result["uri"]).path))
        if file == "here":
            assert result["uri"] == uri
            text = case.text
        else:
            assert path.name == file
            text = path.read_text(encoding="utf-8")
        start = result["range"]["start"]
        rest_of_line = text.split("\n")[start["line"]].encode("utf-16-le")[start["character"] * 2 :]
        assert rest_of_line.decode("utf-16-le").startswith(expected)


@cases("signature_help")
def test_signature_help(client: Client, workspace: Path, case: Case) -> None:
    _, result = ask(client, workspace, case, "textDocument/signatureHelp")
    if case.directives[0][0] == "nothing":
        assert result is None
        return
    signature = result["signatures"][result["activeSignature"]]
    active = signature["parameters"][signature["activeParameter"] :][:1]
    for word, rest in case.directives:
        match word:
            case "shows":
                assert rest in signature["label"]
            case "marks":
                start, end = active[0]["label"]
                assert signature["label"][start:end].startswith(rest)
            case "tells":
                assert rest in active[0]["documentation"]["value"]
            case "says":
                assert rest in signature["documentation"]["value"]
            case _:
                pytest.fail(f"no directive {word}")


def place(case: Case) -> dict[str, int]:
    line, character = position_of(case.text, case.offset)
    return {"line": line, "character": character}


def text_in(text: str, area: dict[str, Any]) -> str:
    """The text of a range on one line."""
    assert area["start"]["line"] == area["end"]["line"]
    line = text.split("\n")[area["start"]["line"]].encode("utf-16-le")
    return line[area["start"]["character"] * 2 : area["end"]["character"] * 2].decode("utf-16-le")
