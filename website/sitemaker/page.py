"""A page of the site, and the Markdown that the generated ones are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from inspect import cleandoc
from pathlib import PurePosixPath
from posixpath import relpath
from textwrap import dedent


@dataclass(frozen=True)
class Page:
    """A page of the site before it is rendered."""

    path: str
    """Where it is in the site's source, such as `reference/rules/e101.md`."""
    title: str
    """How the navigation names it."""
    text: str
    """Its Markdown, which links to other pages by paths relative to its own."""


def made(path: str, title: str, *blocks: str, description: str = "") -> Page:
    """A generated page: its heading, and blocks of Markdown that are not empty."""
    head = f"---\ndescription: {quoted(description)}\n---\n" if description else ""
    body = "\n\n".join(block.strip("\n") for block in (f"# {title}", *blocks) if block.strip())
    return Page(path, title, f"{head}{body}\n")


def quoted(text: str) -> str:
    """A text as a string of YAML."""
    return '"' + " ".join(text.replace("\\", "\\\\").replace('"', '\\"').split()) + '"'


def link(text: str, target: str, source: str) -> str:
    """A link from one page of the site to another, or to an anchor of it."""
    path, _, anchor = target.partition("#")
    reached = relpath(path, PurePosixPath(source).parent.as_posix())
    return f"[{text}]({reached}{'#' + anchor if anchor else ''})"


def fence(code: str, language: str = "dspy") -> str:
    """A block of code."""
    return f"```{language}\n{code.strip(chr(10))}\n```"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty without rows."""
    lines = [f"| {' | '.join(_cell(each) for each in row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |", *lines])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


_ITEM = re.compile(r"^(?:Args|Raises|Returns):$")


def prose(docstring: str) -> str:
    """A docstring as Markdown: arguments and errors become lists, and what is indented blocks of code."""
    lines: list[str] = []
    section = False
    for line in cleandoc(docstring).splitlines():
        if _ITEM.match(line):
            section = True
            lines += [f"**{line.rstrip(':')}**", ""]
        elif section and line.startswith("    ") and not line.startswith("     "):
            name, colon, rest = line.strip().partition(": ")
            lines.append(f"- `{name}`: {rest}" if colon and " " not in name else f"- {line.strip()}")
        elif section and line.startswith("    "):
            lines.append(f"  {line.strip()}")
        else:
            section = section and not line.strip()
            lines.append(line)
    return _CODE.sub(
        lambda found: f"{fence(dedent(found[0]), 'python')}\n", "\n".join(lines).strip() + "\n"
    ).strip()


_CODE = re.compile(r"(?<=\n\n)(?: {4}.*\n(?:\n(?= {4}))?)+", re.MULTILINE)


def first_sentence(text: str) -> str:
    """The first sentence of a text, without its full stop, on one line."""
    flat = " ".join(text.split("\n\n")[0].split())
    found = re.match(r".*?[.:](?= [A-Z`]|$)", flat)
    return (found[0] if found else flat).rstrip(".:")
