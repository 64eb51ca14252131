"""The parser's tables as the driver wants them, read from `_tables.json`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from msgspec import Struct

Start = Literal["start", "inline_signature"]


class Rule(NamedTuple):
    """What a reduction does: take `length` values off the stack and put one on it for `left`."""

    left: int
    length: int
    action: str
    """The name of a function in `actions`; "" hands the only child on, "[]" makes a list."""
    shape: tuple[int | None, ...]
    """The children: an index, `~index` of a list to take in, or None for what is left out."""

    @property
    def is_unit(self) -> bool:
        """Whether the reduction only renames what it finds."""
        return self.length == 1 and self.action == ""


class Tables(Struct, frozen=True):
    """An LALR(1) automaton. In `rows` a number from 0 on is a state to shift to, one below is `~rule`."""

    terminals: tuple[str, ...]
    nonterminals: tuple[str, ...]
    numbers: dict[str, int]
    """A terminal's number by its name."""
    literals: dict[str, int]
    """The terminal of each fixed text, keywords and operators."""
    rules: tuple[Rule, ...]
    rows: tuple[dict[int, int], ...]
    gotos: tuple[dict[int, int], ...]
    completions: tuple[int, ...]
    starts: dict[str, int]
    ends: dict[str, int]
    grammar: str
    words: dict[str, Any]
    """What the grammar says about its words; `words.py` reads it."""
    jumps: dict[int, int]
    """Where a reduction leads once the unit rules behind it are through; filled while parsing."""


@cache
def tables() -> Tables:
    """The tables, read once."""
    content: dict[str, Any] = json.loads(Path(__file__).with_name("_tables.json").read_bytes())
    terminals = tuple(content["terminals"])
    return Tables(
        terminals=terminals,
        nonterminals=tuple(content["nonterminals"]),
        numbers={name: number for number, name in enumerate(terminals)},
        literals=content["literals"],
        rules=tuple(
            Rule(left, length, action, tuple(shape)) for left, length, action, shape in content["rules"]
        ),
        rows=tuple(dict(zip(row[::2], row[1::2], strict=True)) for row in content["rows"]),
        gotos=tuple(dict(zip(row[::2], row[1::2], strict=True)) for row in content["gotos"]),
        completions=tuple(content["completions"]),
        starts=content["starts"],
        ends=content["ends"],
        grammar=content["grammar"],
        words=content["words"],
        jumps={},
    )
