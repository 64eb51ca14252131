"""Regular expressions that do not compile, or that can take for ever."""

from __future__ import annotations

import re

from ....base.quiet import without_warnings
from ....grammar import syntax
from ...program import Item, Program
from ..rule import Findings, rule
from .backtracking import explodes


@rule("E231", "invalid-pattern", syntax.Call)
def invalid_pattern(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A regular expression is not valid in Python, so every use of it would fail.

    ```dspy
    signature Order:
        input text: str
        output id: str where matches(id, r"[A-Z")
    #                                    ^^^^^^^ E231 invalid regular expression: unterminated character set
    ```

    ```dspy
    signature Order:
        input text: str
        output id: str where matches(id, r"[A-Z]")
    ```
    """
    pattern = _pattern(item, node)
    if pattern is not None:
        try:
            with without_warnings():
                re.compile(pattern.value)
        except re.error as error:
            yield invalid_pattern.at(pattern, f"invalid regular expression: {error.msg}")
        except (OverflowError, RecursionError) as error:
            yield invalid_pattern.at(pattern, f"invalid regular expression: {error}")


@rule("W301", "explosive-pattern", syntax.Call, severity="warning")
def explosive_pattern(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A regular expression can take exponential time on a text that almost matches.

    If a repetition contains another repetition of the same text, the text can be divided in a huge number of
    ways, and each is tried before the match fails. A model's answer of thirty characters is enough.

    ```dspy
    def is_words(text: str) -> bool:
        return matches(text, r"(\\w+ ?)+$")
    #                        ^^^^^^^^^^^^ W301 exponential time: nested repetitions match the same text
    ```

    ```dspy
    def is_words(text: str) -> bool:
        return matches(text, r"\\w+( \\w+)*$")
    ```
    """
    pattern = _pattern(item, node)
    if pattern is None:
        return
    try:
        with without_warnings():
            reason = explodes(pattern.value)
    except (re.error, OverflowError, RecursionError):
        return  # that it is not a regular expression is another finding
    if reason is not None:
        yield explosive_pattern.at(pattern, f"exponential time: {reason}")


def _pattern(item: Item, node: syntax.Call) -> syntax.String | None:
    """The pattern of a call of `matches`, where it is written out."""
    match node:
        case syntax.Call(function=syntax.Name(text="matches") as function, arguments=(_, argument)):
            symbol = item.symbol_of(function)
            is_builtin = symbol is not None and symbol.kind == "builtin"
            return argument.value if is_builtin and isinstance(argument.value, syntax.String) else None
        case _:
            return None
