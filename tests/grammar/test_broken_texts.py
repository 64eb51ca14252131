"""Whatever stands in a file, reading it ends with findings and not with an error of the reader's."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from dspyc.grammar.parse import parse
from dspyc.grammar.source import Source
from support.syntax_cases import FOLDER

MISTAKES = Path(__file__).parent.parent / "check" / "mistakes"
PIECES = [*"()[]{}:,.=\"'`?!\\ \t\n#@-$", '"""', 'f"{', "->", "forward:", "\r\n"]


def texts() -> list[str]:
    """The programs with one mistake each, and those of the grammar's cases."""
    found = [each.read_text(encoding="utf-8") for each in sorted(FOLDER.glob("*valid/*.dspy"))]
    for path in sorted(MISTAKES.glob("*.txt")):
        cases = path.read_text(encoding="utf-8").split("=== ")[1:]
        found += [each.partition("\n")[2] for each in cases]
    return [each[:3_000] for each in found]


def read(text: str) -> int:
    """How many findings a text has."""
    return len(list(parse(Source("a.dspy", text)).problems()))


@pytest.mark.parametrize(
    "text",
    [
        "x = (`{`\n",
        "x = f(a={b).c `g(h=e}`\n",
        "x = (a ? {b : c)\n",
        "x = [a ?? (b\n",
        "x = {`]`: 1)\n",
        "module M: str\n    think = Predict(Answer)\n    if",
        "module M question: str\n    output a: str\n    return a",
        "model x",
        "program x",
        "module x(",
        "signature S: ->",
        "metric",
    ],
)
def test_what_is_open_where_something_foreign_stands(text: str) -> None:
    assert read(text) > 0


@pytest.mark.parametrize("seed", range(4))
def test_random_edits_of_programs(seed: int) -> None:
    chance = random.Random(seed)
    programs = texts()
    for _ in range(300):
        text = chance.choice(programs)
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(text) + 1)
            match chance.randrange(4):
                case 0:
                    text = text[:at] + text[at + chance.randrange(1, 30) :]
                case 1:
                    text = text[:at]
                case 2:
                    text = text[:at] + chance.choice(PIECES) + text[at:]
                case _:
                    other = chance.choice(programs)
                    begin = chance.randrange(len(other) + 1)
                    text = text[:at] + other[begin : begin + 40] + text[at:]
        read(text)
