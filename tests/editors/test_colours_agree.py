"""TextMate (VS Code), tree-sitter (Neovim, Helix), Vim, Emacs and Pygments colour a program alike.

Compared is the class of each character: keyword, string, comment, number, or another. What a name stands
for is told apart more or less finely, by each in its way.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from dspyc.grammar.highlighting import highlight
from dspyc.grammar.parse import parse
from dspyc.grammar.source import Source
from support import corpus, tree_sitter_grammar

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


def write_programs(folder: Path) -> None:
    """Write all programs into a folder, numbered in their order."""
    for number, name in enumerate(RIGHT):
        (folder / f"{number:03}.dspy").write_text(corpus.right()[name], encoding="utf-8")


def by_editor(command: list[str], folder: Path) -> list[str]:
    """What an editor's script has written about each program, in their order."""
    write_programs(folder)
    environment = {**os.environ, "DSPYC_EDITORS": str(corpus.ROOT / "editors"), "HOME": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    written = sorted(folder.glob("*.classes"))
    assert len(written) == len(RIGHT), done.stderr.decode() + done.stdout.decode()
    return [path.read_text(encoding="utf-8") for path in written]


def agreement(found: list[str], expected: list[str]) -> tuple[float, list[tuple[str, object]]]:
    """The share of characters whose class is the same, blanks left out, and what differs."""
    same = count = 0
    others: list[tuple[str, object]] = []
    for name, one, other in zip(RIGHT, found, expected, strict=True):
        text = corpus.right()[name]
        one = one.ljust(len(text), ".")[: len(text)]
        wrong = differences(text, other, one)
        others += [(name, each) for each in wrong]
        visible = sum(not character.isspace() for character in text)
        count += visible
        same += visible - len(wrong)
    return same / count, others


def test_vim_colours_as_pygments(tmp_path: Path) -> None:
    script = str(Path(__file__).with_name("colours.vim"))
    rows = by_editor(["vim", "-N", "-u", "NONE", "-i", "NONE", "-n", "-es", "-S", script], tmp_path)
    found = []
    for name, written in zip(RIGHT, rows, strict=True):
        text = corpus.right()[name]
        found.append(_characters(text, list(_with_line_ends(text, written))))
    share, others = agreement(found, [by_pygments(corpus.right()[name]) for name in RIGHT])
    assert share > 0.998, others[:40]


def _with_line_ends(text: str, written: str) -> str:
    """A row of letters for each line, as long as the line is in bytes."""
    rows = iter(written.split("\n"))
    return ".".join(next(rows, "").ljust(len(line.encode()), ".") for line in text.split("\n")) + "."


def test_emacs_colours_as_pygments(tmp_path: Path) -> None:
    folder = str(corpus.ROOT / "editors" / "emacs")
    script = str(Path(__file__).with_name("colours.el"))
    found = by_editor(["emacs", "--batch", "-L", folder, "-l", script, "-f", "write-colours"], tmp_path)
    # Emacs 28 has no face for numbers, nor for the fields inside of a string.
    expected = [by_pygments(corpus.right()[name]).replace("n", ".") for name in RIGHT]
    share, others = agreement(found, expected)
    assert share > 0.99, others[:40]


_KATE = {"#bf0303": "s", "#3daee9": "s", "#898887": "c", "#b08000": "n", "#aa5500": "k", "#ff5500": "k"}
"""The colours of Kate's light theme: strings, escapes, comments, numbers, constants, imports."""
_SPAN = re.compile(r'<span style="([^"]*)">|</span>|(&\w+;|&#\d+;|[^<])', re.DOTALL)


def by_kate(folder: Path, name: str) -> str:
    """A letter for each character, as Kate's own highlighter colours it."""
    page = folder / "page.html"
    program = folder / "page.dspy"
    program.write_text(corpus.right()[name], encoding="utf-8")
    command = ["kate-syntax-highlighter", "-s", "dspyc", "-t", "Breeze Light", "-o", str(page), str(program)]
    environment = {**os.environ, "XDG_DATA_HOME": str(folder), "QT_QPA_PLATFORM": "offscreen"}
    subprocess.run(command, env=environment, capture_output=True, check=True)
    written = page.read_text(encoding="utf-8").partition("<pre>\n")[2].rpartition("</pre>")[0]
    letters = []
    letter = "."
    for found in _SPAN.finditer(written):
        if found[2] is not None:
            letters.append(letter)
        elif found[1] is None:
            letter = "."
        else:
            style = found[1]
            colour = re.search(r"(?<!-)color:(#\w+)", style)
            letter = _KATE.get(colour[1], ".") if colour else "."
            letter = "k" if "bold" in style else letter
    return "".join(letters)


def test_kate_colours_as_pygments(tmp_path: Path) -> None:
    syntax = tmp_path / "org.kde.syntax-highlighting" / "syntax"
    syntax.mkdir(parents=True)
    shutil.copy(corpus.ROOT / "editors" / "kate" / "dspyc.xml", syntax)
    found = [by_kate(tmp_path, name) for name in RIGHT]
    share, others = agreement(found, [by_pygments(corpus.right()[name]) for name in RIGHT])
    assert share > 0.995, others[:40]
