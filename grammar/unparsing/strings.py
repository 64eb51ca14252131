"""Strings to text: as they were written, or made anew from their values."""

from __future__ import annotations

from typing import Any

from .. import syntax
from ..parse import parse_item
from ..split import split
from ..trees import equal

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def string(node: syntax.String, *, is_docstring: bool = False) -> str:
    """A string: as it was written, if that still has its value, or made anew; a docstring over its lines."""
    if node.raw and means(node.raw, node):
        return node.raw
    if is_docstring:
        content = escaped(node.value, '"""').replace("\\n", "\n")
        made = f'"""{content}"""'
        if means(made, node):
            return made
    quote = "'" if '"' in node.value and "'" not in node.value else '"'
    return f"{quote}{escaped(node.value, quote)}{quote}"


def escaped(value: str, quote: str) -> str:
    """A text as it is written between quotes of a kind, on one line."""
    written = []
    for character in value:
        if character in _ESCAPES:
            written.append(_ESCAPES[character])
        elif character == quote[0]:
            written.append(f"\\{character}")
        elif character.isprintable() or character == " ":
            written.append(character)
        else:
            code = ord(character)
            width = (f"\\x{code:02x}", f"\\u{code:04x}", f"\\U{code:08x}")
            written.append(width[(code > 0xFF) + (code > 0xFFFF)])
    return "".join(written)


def means(text: str, node: syntax.String | syntax.FString) -> bool:
    """Whether a text is a string that says the same as a node, wherever it stands."""
    if not text:
        return False
    line = f"x = {text}\n"
    if len(split(line)) > 1:
        return False
    parsed = parse_item(line)
    declaration: Any = parsed.declaration
    return (
        not parsed.problems
        and isinstance(declaration, syntax.ConstantDeclaration)
        and equal(declaration.value, node, ignore_raw=True)
    )
