"""Random edits of texts, and all that is known of a program, to compare checks after edits with others."""

from __future__ import annotations

import random
import re

from dspyc.compiler.analysis import FileAnalysis
from dspyc.compiler.types.display import display

_WORDS = (
    "x", "Order", "read", "handle", "price", "label", "5", '"a"', "(", ")", ":", "=", ",", ".", "\n", " ",
    "    ", "list[Order]", "# note\n", "limit", "str", "def f(a: int) -> int:\n    return a\n", "Kind", "_",
    "+", "is_a",
)  # fmt: skip


def facts(analysis: FileAnalysis) -> list[object]:
    """What readers are told of a file: findings, names, where these are declared, what calls run."""
    program = analysis.program
    symbols = [
        (name, each.kind, display(each.type), each.doc, program.locate(each.place) if each.place else None)
        for name, each in sorted(program.symbols.items())
    ]
    kinds = [(name, program.function_kind(name)) for name, *_ in symbols]
    nodes = [
        (display(symbol.type), symbol.kind, symbol.name, symbol.doc)
        for item in program.items
        for symbol in item.symbol_by_node.values()
    ]
    return [*symbols, *kinds, *sorted(nodes)]


def edit(text: str, rng: random.Random) -> str:
    """A text with a random change: of a few characters, of a word, a line, or a whole declaration."""
    at = rng.randrange(len(text) + 1)
    match rng.randrange(9):
        case 0 | 1:
            return text[:at] + rng.choice(_WORDS) + text[at:]
        case 2:
            return text[:at] + text[at + rng.randrange(1, 4) :]
        case 3:
            names = re.findall(r"\w+", text) or ["x"]
            found = list(re.finditer(r"\w+", text))
            if not found:
                return text
            old = rng.choice(found)
            return text[: old.start()] + rng.choice(names) + text[old.end() :]
        case 4:
            lines = text.splitlines(keepends=True)
            if lines:
                del lines[rng.randrange(len(lines))]
            return "".join(lines)
        case 5:
            lines = text.splitlines(keepends=True)
            if lines:
                lines.insert(rng.randrange(len(lines)), rng.choice(lines))
            return "".join(lines)
        case 6:
            blocks = text.split("\n\n")
            blocks.insert(rng.randrange(len(blocks) + 1), blocks.pop(rng.randrange(len(blocks))))
            return "\n\n".join(blocks)
        case 7:
            blocks = text.split("\n\n")
            blocks.insert(rng.randrange(len(blocks) + 1), rng.choice(blocks))
            return "\n\n".join(blocks)
        case _:
            return text[:at] + rng.choice("abxyz_10 \n") + text[at:]
