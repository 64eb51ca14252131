"""Writes `dspyc.tmLanguage.json`: the template with the words of the language's grammar put in.

`python editors/vscode/syntaxes/generate.py`; a test compares.
"""

from __future__ import annotations

import re
from pathlib import Path

from dspyc.grammar.words import (
    CLAUSE_WORDS,
    CONSTANTS,
    DECLARING,
    FIELD_WORDS,
    HARD_KEYWORDS,
    MEMBER_WORDS,
    STATEMENT_WORDS,
    VALUE_KINDS,
    may_follow,
)

HERE = Path(__file__).parent
TEMPLATE = HERE / "dspyc.tmLanguage.template.json"
GENERATED = HERE / "dspyc.tmLanguage.json"

CALLED_BY_NAME = {"module", "program", "evaluate"}
"""Declarations whose names are colored like functions."""
EXTENDING = {"signature", "type"}
"""Declarations in whose parentheses a base stands, and no parameters."""
IN_EXPRESSIONS = {"if", "else", "for"}
"""Words of statements that stand in expressions, too."""


def groups() -> dict[str, str]:
    """What stands in the template's `<<…>>`: alternations of words."""
    callables = {word for word, signs in DECLARING.items() if "(" in signs} - EXTENDING
    lines = STATEMENT_WORDS | CLAUSE_WORDS | MEMBER_WORDS
    others = r"test[ \\t]+[\\\"']|(?:from|import)[ \\t]|configure[ \\t]*\\("
    return {
        "head": rf"(?:(?:{_alternation(DECLARING)})[ \\t]+[A-Za-z_]|{others})",
        "types": _alternation(DECLARING.keys() - callables - VALUE_KINDS),
        "callables": _alternation(callables),
        "programs": _alternation(CALLED_BY_NAME & DECLARING.keys()),
        "values": _alternation(VALUE_KINDS - CALLED_BY_NAME - {"dataset"}),
        "fields": _alternation(FIELD_WORDS),
        "blocks": _alternation(word for word in MEMBER_WORDS if may_follow(word) == {":"}),
        "statements": _alternation((lines & HARD_KEYWORDS) - IN_EXPRESSIONS),
        "clauses": _alternation((lines & IN_EXPRESSIONS) | {"as"}),
        "constants": _alternation(CONSTANTS),
    }


def generate() -> str:
    """The text of `dspyc.tmLanguage.json`."""
    words = groups()
    return re.sub("<<([a-z]+)>>", lambda found: words[found[1]], TEMPLATE.read_text(encoding="utf-8"))


def _alternation(words: object) -> str:
    return "|".join(sorted(words))  # type: ignore[call-overload]


if __name__ == "__main__":
    GENERATED.write_text(generate(), encoding="utf-8")
