"""The tool that teaches an agent the language."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from .folder import Folder
from .tool import Tool


@cache
def text() -> str:
    """The guide, Markdown."""
    return Path(__file__).with_name("guide.md").read_text(encoding="utf-8")


def _guide(_folder: Folder) -> str:
    return text()


TOOLS = (
    Tool(
        "guide",
        "How .dspy files are written: a whole one, and the rules. Read it before you write one.",
        (),
        _guide,
    ),
)
