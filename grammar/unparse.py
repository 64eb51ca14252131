"""Syntax tree to text, in the one layout: parsing the text gives the tree again, apart from the spans."""

from __future__ import annotations

from . import syntax
from .formatting.format import format_source
from .parse import parse
from .source import Source
from .unparsing.declarations import declaration


def unparse(node: syntax.Declaration) -> str:
    """The text of a declaration, which ends in a line feed.

    Strings keep the way they are written, where `raw` has it; a node made anew may have the `raw` "".

    Raises:
        ValueError: Something is missing in the tree, or the language has no text for it.
    """
    text = format_source("\n".join(declaration(node)) + "\n")
    problems = list(parse(Source("", text)).problems())
    if problems:
        raise ValueError(f"this tree has no text: {problems[0].message}")
    return text
