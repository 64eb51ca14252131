"""Slips of the hand: one character or one token of a text is not what it was."""

from __future__ import annotations

import random
import re


def edited(text: str, chance: random.Random) -> str:
    """The text with one character or one token taken out, doubled, exchanged or put in."""
    at = chance.randrange(len(text))
    tokens = list(re.finditer(r"\w+|[^\w\s]", text))
    number = chance.randrange(len(tokens) - 1)
    token, after = tokens[number], tokens[number + 1]
    start, end = token.span()
    match chance.randrange(6):
        case 0:
            return text[:at] + text[at + 1 :]
        case 1:
            return text[:at] + text[chance.randrange(len(text))] + text[at:]
        case 2:
            return text[:at] + chance.choice("()[]{}:,.=\"'\\ \t#@!x1;\n") + text[at + 1 :]
        case 3:
            return text[:start] + text[end:]
        case 4:
            return text[:end] + " " + text[start:]
        case _:
            between = text[end : after.start()]
            return text[:start] + after[0] + between + token[0] + text[after.end() :]
