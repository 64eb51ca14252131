"""How wide a format makes a text: `>30`, `"{:>30}".format(…)`, `"%30d" % …`."""

from __future__ import annotations

import re

from ....grammar import syntax

_MOST_DIGITS = 18
"""Of longer numbers, so many digits are enough to see that they are too large."""
_FIELD = re.compile(r"\{[^{}:]*:([^{}]*)\}")
_CONVERSION = re.compile(r"%(?:\(\w*\))?[-+ #0]*(\d*(?:\.\d+)?)")


def width_of(specification: str) -> int:
    """The largest width or precision in a format specification; 1 where there is none."""
    return max((int(each[:_MOST_DIGITS]) for each in re.findall(r"\d+", specification)), default=1)


def width_of_fields(template: str) -> int:
    """The sum of the widths in a text for `str.format`."""
    return sum(width_of(each) for each in _FIELD.findall(template))


def width_of_conversions(template: str) -> int:
    """The sum of the widths in a text for `%`."""
    return sum(width_of(each) for each in _CONVERSION.findall(template))


def is_formatting(node: syntax.Node) -> bool:
    """Whether a text is made by `format`, `str.format` or `%`."""
    match node:
        case syntax.Call(function=syntax.Name(text="format")):
            return True
        case syntax.Call(function=syntax.Attribute(value=syntax.String(), name=name)):
            return name.text == "format"
        case syntax.Binary(operator="%", left=syntax.String()):
            return True
        case _:
            return False
