"""Names for what a refactoring makes: made of what is there, and free where they come to stand."""

from __future__ import annotations

import keyword
import re
from collections.abc import Container

from ...grammar import syntax
from ...grammar.words import HARD_KEYWORDS
from ..program import Item


def free(name: str, taken: Container[str]) -> str:
    """A name, with a number where it is taken."""
    name = name if name.isidentifier() else "new"
    if name in HARD_KEYWORDS or keyword.iskeyword(name):
        name += "_"
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def camel(name: str) -> str:
    """`AnswerQuestion` of `answer_question`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def snake(name: str) -> str:
    """`answer_question` of `AnswerQuestion`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def names_in(item: Item) -> set[str]:
    """All names that are written in an item."""
    names = {each.text for each in item.nodes(syntax.Name)}
    return names | {each.text for each in item.nodes(syntax.Identifier)}
