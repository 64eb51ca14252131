"""TextMate (VS Code), tree-sitter (Neovim, Emacs, Helix) and Pygments colour a program alike.

Compared is the class of each character: keyword, string, comment, number, or another. What a name stands
for is told apart more or less finely, by each in its way.
"""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

from dspyc.grammar.highlighting import highlight
from dspyc.grammar.parse import parse
from dspyc.grammar.source import Source
from support import corpus

tree_sitter_grammar = pytest.importorskip("support.tree_sitter_grammar", exc_type=ImportError)
pytestmark = pytest.mark.editors

RIGHT = sorted(name for name, text in corpus.right().items() if "\r" not in text and "\ufeff" not in text)
TEXTMATE = corpus.ROOT / "editors" / "vscode" / "syntaxes" / "dspyc.tmLanguage.json"
_CLASSES = {
    **dict.fromkeys(("declaration", "import", "direction", "keyword", "constant word"), "k"),
    "operator word": "k",
    **dict.fromkeys(("string", "docstring", "prefix", "escape"), "s"),
    "comment": "c",
    "pragma": "c",
    "number": "n",
}


def by_pygments(text: str) -> str:
    """A letter for each character: `k`, `s`, `c`, `n`, or `.` for what is none of these."""
    classes = [
        letter for piece in highlight(text) for letter in _CLASSES.get(piece.role, ".") * len(piece.text)
    ]
    for item in parse(Source("page.dspy", text)).items:
        for each in item.parsed.tokens:
            if each.kind == "string":  # a signature in it, too
                classes[item.start + each.start : item.start + each.end] = "s" * len(each.text)
    return "".join(classes)


def by_tree_sitter(text: str) -> str:
    """The same by the captures of `highlights.scm`; the innermost capture that says a class counts."""
    data = text.encode("utf-8")
    classes = ["."] * len(data)
    found = tree_sitter_grammar.captures("highlights", text)
    for each in sorted(found, key=lambda each: -len(each.text)):
        letter = _of_capture(each.name, each.text)
        for at in range(each.start, each.start + len(each.text.encode("utf-8"))):
            classes[at] = letter
    return _characters(text, classes)


def _of_capture(name: str, text: str) -> str:
    if name in {"comment", "keyword.directive"}:
        return "c"
    if name.startswith(("keyword", "boolean")) or text == "None":
        return "k"
    return "s" if name.startswith("string") else "n" if name.startswith("number") else "."


@cache
def scopes() -> dict[str, list[tuple[int, int, str]]]:
    """What the TextMate grammar says of all programs."""
    modules = Path(os.environ["DSPYC_EDITORS_CACHE"]) / "extension" / "node_modules"
    command = ["node", str(Path(__file__).with_name("textmate.cjs")), str(modules), str(TEXTMATE)]
    programs = json.dumps({name: corpus.right()[name] for name in RIGHT})
    done = subprocess.run(command, input=programs, capture_output=True, text=True, check=True)
    found: dict[str, list[tuple[int, int, str]]] = json.loads(done.stdout)
    return found


def by_textmate(name: str) -> str:
    """The same by the scopes of the TextMate grammar."""
    text = corpus.right()[name]
    units = text.encode("utf-16-le")
    classes = ["."] * (len(units) // 2 + 1)
    for start, end, scope in scopes()[name]:
        classes[start:end] = _of_scope(scope) * (end - start)
    found = []
    at = 0
    for character in text:
        found.append(classes[at])
        at += len(character.encode("utf-16-le")) // 2
    return "".join(found)


def _of_scope(scope: str) -> str:
    innermost = scope.split()[-1]
    if "comment." in scope:
        return "c"
    # The string around a replacement field does not count.
    if "string." in scope.rpartition("meta.interpolation")[2]:
        return "s"
    if innermost in {"constant.other.format.dspyc", "storage.type.format.dspyc"}:
        return "?"
    if innermost == "constant.language.ellipsis.dspyc":
        return "."
    if "constant.numeric" in innermost:
        return "n"
    is_keyword = innermost.startswith(("keyword.", "storage.")) and "operator" not in innermost
    if is_keyword or "operator.logical" in innermost or "constant.language" in innermost:
        return "k"
    return "."


def _characters(text: str, classes: list[str]) -> str:
    """Classes of bytes as classes of characters."""
    found = []
    at = 0
    for character in text:
        found.append(classes[at])
        at += len(character.encode("utf-8"))
    return "".join(found)


def differences(text: str, one: str, other: str) -> list[tuple[int, str, str, str]]:
    """Where two colourings differ: the line, what is written, and both classes.

    Blanks do not count, nor what `?` stands for: how a replacement field is formatted.
    """
    found = []
    for at, character in enumerate(text):
        if one[at] != other[at] and other[at] != "?" and not character.isspace():
            line = text.count("\n", 0, at) + 1
            found.append((line, text[at : at + 20].partition("\n")[0], one[at], other[at]))
    return found


@pytest.mark.parametrize("name", RIGHT)
def test_tree_sitter_colours_as_pygments(name: str) -> None:
    text = corpus.right()[name]
    assert differences(text, by_pygments(text), by_tree_sitter(text)) == []


@pytest.mark.parametrize("name", RIGHT)
def test_textmate_colours_as_pygments(name: str) -> None:
    text = corpus.right()[name]
    assert differences(text, by_pygments(text), by_textmate(name)) == []
