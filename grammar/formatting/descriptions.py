"""Descriptions that stand alone on the line below their field, one level deeper."""

from __future__ import annotations

from ..lexing.tokens import Token, vocabulary


def split_description(text: str, tokens: list[Token]) -> tuple[list[Token], list[Token]]:
    """A line and the description below it, which is empty where the line has none or has it behind itself.

    Nothing else outside of brackets stands on another line than what comes before it.
    """
    known = vocabulary()
    if len(tokens) < 2 or tokens[-1].kind != known.string:
        return tokens, []
    between = text[tokens[-2].end : tokens[-1].start]
    is_below = "\n" in between or "\r" in between
    return (tokens[:-1], tokens[-1:]) if is_below else (tokens, [])
