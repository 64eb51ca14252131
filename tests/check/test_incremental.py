"""Checks after edits find what a check from scratch finds."""

from __future__ import annotations

import os
import random
import re

import pytest

from dspyc.compiler.analysis import FileAnalysis, Project
from dspyc.compiler.completion.complete import complete
from dspyc.compiler.types.display import display
from dspyc.grammar.parse import parse
from support.shop import FILES, shown

EDITS = int(os.environ.get("DSPYC_EDITS", "500"))
"""How many random edits are made: `DSPYC_EDITS=10000` for a long run."""


def project(files: dict[str, str]) -> Project:
    return Project(files.get)


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


WORDS = [
    "x",
    "Order",
    "read",
    "handle",
    "price",
    "label",
    "5",
    '"a"',
    "(",
    ")",
    ":",
    "=",
    ",",
    ".",
    "\n",
    " ",
    "    ",
]
WORDS += [
    "list[Order]",
    "# note\n",
    "limit",
    "str",
    "def f(a: int) -> int:\n    return a\n",
    "Kind",
    "_",
    "+",
    "is_a",
]


def edit(text: str, rng: random.Random) -> str:
    """A text with a random change: of a few characters, of a word, a line, or a whole declaration."""
    at = rng.randrange(len(text) + 1)
    match rng.randrange(9):
        case 0 | 1:
            return text[:at] + rng.choice(WORDS) + text[at:]
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


@pytest.mark.parametrize("seed", range(10))
def test_edits_find_what_a_check_from_scratch_finds(seed: int) -> None:
    rng = random.Random(seed)
    files = dict(FILES)
    kept = project(files)
    since = 0
    for number in range(max(1, EDITS // 10)):
        path = rng.choice(
            ["shop.dspy"] * 5 + ["kinds.dspy", "kinds.dspy", "main.dspy", "main.dspy", "tools.py"]
        )
        files[path] = edit(files[path], rng)
        since += 1
        if since > 12 or len(files[path]) > 8_000:
            # Back to a text that is mostly right, as somebody does who undoes.
            files.update(FILES)
            since = 0
        for each in ("main.dspy", "shop.dspy", "kinds.dspy") if number % 3 else (path,):
            if not each.endswith(".dspy"):
                continue
            found = kept.check(each)
            fresh = project(files).check(each)
            assert shown(found.diagnostics) == shown(fresh.diagnostics), (seed, number, each)
            assert found.file.items == parse(found.source).items
            if number % 5 == 0:
                assert facts(found) == facts(fresh), (seed, number, each)
                places = [rng.randrange(len(files[each]) + 1) for _ in range(3)]
                for place in places:
                    assert complete(found, place) == complete(fresh, place), (seed, number, each, place)
