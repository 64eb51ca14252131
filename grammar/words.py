"""The language's words, each once: as `dspy.lark` has them, read off the tables that are built from it."""

from __future__ import annotations

import keyword
from typing import Any

from .tables import tables

_WORDS: dict[str, Any] = tables().words

HARD_KEYWORDS = frozenset(keyword.kwlist)
"""Python's reserved words, which are no names here either."""
SOFT_KEYWORDS = frozenset(_WORDS["follows"]) - HARD_KEYWORDS
"""The language's own words, which are names wherever the keyword cannot stand."""
HEADS = frozenset(_WORDS["heads"])
"""The words that begin an item of a file."""
VALUE_KINDS = frozenset(_WORDS["groups"]["KIND"])
"""The heads that only give a value a name: `lm NAME = …`."""
DECLARING: dict[str, frozenset[str]] = {word: frozenset(signs) for word, signs in _WORDS["named"].items()}
"""The heads that are followed by the declared name, and the signs that may come behind it."""
VALUED = frozenset(word for word, signs in DECLARING.items() if "=" in signs)
"""The heads that may give a name a value: those of `VALUE_KINDS`, `module NAME = …`, `type NAME = …`."""
FIELD_WORDS = frozenset(_WORDS["groups"]["DIRECTION"])
"""`input` and `output`."""
CONSTANTS = frozenset(_WORDS["groups"]["CONSTANT"])
"""`None`, `True` and `False`."""
STATEMENT_WORDS = frozenset(_WORDS["statements"])
"""The words that begin a statement."""
SUITE_WORDS = frozenset(_WORDS["suites"])
"""The words that begin a line with a block below it."""
BODY_WORDS: dict[str, frozenset[str]] = {word: frozenset(lines) for word, lines in _WORDS["bodies"].items()}
"""For each head with a body, the words that begin the lines of the body."""
MEMBER_WORDS = frozenset().union(*BODY_WORDS.values()) - STATEMENT_WORDS
"""The words that begin a line in the body of a declaration that is no block of statements."""
CLAUSE_WORDS = SUITE_WORDS - HEADS - MEMBER_WORDS - STATEMENT_WORDS
"""The words that continue a statement with a block of its own: `elif`, `else`, `case` and `except`."""


def may_follow(word: str) -> frozenset[str]:
    """What may come behind a word: texts, and names of terminals like `NAME`."""
    return frozenset(_WORDS["follows"].get(word, ()))
