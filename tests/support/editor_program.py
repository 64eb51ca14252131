"""A small program for tests of the editor, and changes of it."""

from __future__ import annotations

from typing import Any

from .lsp_client import position_of

PROGRAM = '''\
"""A small program 🦊."""

configure(lm=LM("openai/gpt-4o-mini"))

type Label = Literal["a", "b"]

signature Classify:
    """Judge it."""
    input text: str
    output label: Label

module classify = ChainOfThought(Classify)

test "works":
    pred = classify(text="🦊🦊")
    assert pred.label == "a"
'''


def whole(text: str) -> dict[str, Any]:
    return {"text": text}


def edit(text: str, start: int, end: int, replacement: str) -> dict[str, Any]:
    """An incremental change of a text, in UTF-16 columns."""
    area = {}
    for name, offset in (("start", start), ("end", end)):
        line, character = position_of(text, offset)
        area[name] = {"line": line, "character": character}
    return {"range": area, "text": replacement}


def marked(text: str, diagnostic: dict[str, Any]) -> str:
    """What a diagnostic underlines, on its first line."""
    start, end = diagnostic["range"]["start"], diagnostic["range"]["end"]
    line = text.split("\n")[start["line"]].encode("utf-16-le")
    stop = end["character"] * 2 if end["line"] == start["line"] else len(line)
    return line[start["character"] * 2 : stop].decode("utf-16-le")
