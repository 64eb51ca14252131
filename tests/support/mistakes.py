"""Files of many small programs, each with one mistake: what the checker is to find, marked under the line.

    What stands above the first program says what the family is about.

    === a loop that may never end [stanfordnlp/dspy#1234]
    def f(x: int) -> int:
        while x > 3:
    #   ^^^^^ E010 `while` is not supported
            x += 1
        return x
    --- rows.csv
    text,label

The words behind the code are a part of the message. A thread in brackets is a public one that reports the
same kind of mistake. A line `--- NAME` begins another file beside the program.
"""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from .carets import Expected, expected, with_carets

_PROGRAM = re.compile(r"^=== (.+?)(?: \[([\w.-]+/[\w.-]+#\d+)\])?$", re.MULTILINE)
_FILE = re.compile(r"^--- (\S+)\n", re.MULTILINE)
_CARETS = re.compile(r"^#(?: *\^+) [A-Z]\d{3} .*\n", re.MULTILINE)
MAIN = "main.dspy"
SHOWN = 90
"""How much of a message `--update` writes."""


class Mistake(Struct, frozen=True):
    """A program with one mistake."""

    title: str
    thread: str
    text: str
    """The program, without carets."""
    files: dict[str, str]
    """The files beside it."""
    wanted: tuple[Expected, ...]

    def read(self, path: str) -> str | None:
        """The text of a file; None where there is none."""
        return self.text if path == MAIN else self.files.get(path)


def read_mistakes(path: Path) -> list[Mistake]:
    """The programs of a file."""
    pieces = _PROGRAM.split(path.read_text(encoding="utf-8"))
    found = []
    for title, thread, body in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        program, *others = _FILE.split(body.lstrip("\n"))
        program = program.rstrip("\n") + "\n"
        files = dict(zip(others[::2], others[1::2], strict=True))
        found.append(Mistake(title, thread or "", _CARETS.sub("", program), files, tuple(_wanted(program))))
    return found


def _wanted(program: str) -> list[Expected]:
    lines = program.splitlines(keepends=True)
    marks = [number for number, line in enumerate(lines) if _CARETS.fullmatch(line)]
    return [
        each._replace(line=each.line - sum(mark < each.line for mark in marks)) for each in expected(program)
    ]


def agrees(found: Expected, wanted: Expected) -> bool:
    """Whether a finding is the one that is marked: its place and code, and a part of its message."""
    least = 2 if found.start == 0 else found.start + 1
    found = found._replace(end=max(found.end, least))  # what carets can show
    return found[:4] == wanted[:4] and wanted.message in found.message


def updated(path: Path, found: dict[str, list[Expected]]) -> str:
    """The text of a file with carets for what was found in each program, by its title.

    A finding that agrees with what is marked keeps the words that are there.
    """
    head = _PROGRAM.split(path.read_text(encoding="utf-8"), maxsplit=1)[0]
    written = [head]
    for each in read_mistakes(path):
        findings = [
            next((old for old in each.wanted if agrees(one, old)), one._replace(message=_short(one.message)))
            for one in found[each.title]
        ]
        thread = f" [{each.thread}]" if each.thread else ""
        written.append(f"=== {each.title}{thread}\n{with_carets(each.text, findings)}")
        written += [f"--- {name}\n{text.rstrip(chr(10))}\n" for name, text in each.files.items()]
        written.append("\n")
    return "".join(written).rstrip("\n") + "\n"


def _short(message: str) -> str:
    return message if len(message) <= SHOWN else message[:SHOWN].rpartition(" ")[0]
