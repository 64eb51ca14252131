"""Formats in f-strings that the value does not take."""

from __future__ import annotations

import re

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...types import Type, narrow
from ...types.narrow import may_be_none
from ...types.union import widened
from ..rule import Findings, rule, written
from ..words import described
from .templates import misfit

_FORMAT = re.compile(
    r"(?:.?(?P<align>[<>=^]))?(?P<sign>[-+ ])?z?#?\d*(?P<group>[_,])?(?:\.\d+)?(?P<kind>[a-zA-Z%])?",
    re.DOTALL,
)
"""Python's format specification mini-language."""
_OF_FLOATS = frozenset("eEfFgGn%")
_KINDS = {
    "str": frozenset("s"),
    "int": frozenset("bcdoxX") | _OF_FLOATS,
    "bool": frozenset("bcdoxXs") | _OF_FLOATS,
    "float": _OF_FLOATS,
    "Decimal": _OF_FLOATS,
}
"""The letters with which a format for a class may end."""


@rule("E245", "wrong-format", syntax.Interpolation, syntax.Binary, syntax.Call)
def wrong_format(
    program: Program, item: Item, node: syntax.Interpolation | syntax.Binary | syntax.Call
) -> Findings:
    """The format behind the colon of an f-string is not one for the value, so the line fails when it runs.

    `:.2f` is for numbers, `:d` for whole ones. Lists, dicts, records and predictions take no format at all.
    `"…" % values` and `"…".format(…)` need a value for each place in the text.

    ```dspy
    def price(amount: str) -> str:
        return f"{amount:.2f} euros"
    #             ^^^^^^ E245 `.2f` formats a number, and `amount` is `str`
    ```

    ```dspy
    def price(amount: float) -> str:
        return f"{amount:.2f} euros"
    ```
    """
    if not isinstance(node, syntax.Interpolation):
        found = misfit(item, node)
        if found is not None:
            yield wrong_format.at(found.at, found.message)
        return
    if node.conversion or len(node.format) != 1 or not isinstance(node.format[0], str):
        return
    written_format = node.format[0]
    kind = item.type_of(node.value)
    kind = narrow.not_none(kind) if may_be_none(kind) else kind
    text = written(item, node.value)
    shown = f"`{text}`" if len(text) <= 40 else "this"
    for each in types.options(widened(kind)):
        if not _takes(each, written_format):
            what = _what(written_format)
            yield wrong_format.at(node.value, f"`{written_format}` {what}, and {shown} is {described(each)}")
            return


def _what(text: str) -> str:
    """What a format is for, as the middle of a sentence."""
    found = _FORMAT.fullmatch(text)
    if found is None:
        return "is no format for numbers and texts"
    letter = found["kind"] or ""
    if letter == "s":
        return "formats a text"
    if letter and letter in _KINDS["int"] - _OF_FLOATS:
        return "formats a whole number"
    if letter or found["sign"] or found["group"] or "." in text:
        return "formats a number"
    return "formats numbers and texts"


def _takes(kind: Type, text: str) -> bool:
    match kind:
        case types.Builtin(name=name) if name in _KINDS:
            found = _FORMAT.fullmatch(text)
            if found is None:
                return False
            if found["kind"] and found["kind"] not in _KINDS[name]:
                return False
            return name != "str" or not (found["sign"] or found["group"] or found["align"] == "=")
        case types.List() | types.Dict() | types.Set() | types.Tuple() | types.Prediction():
            return False
        case types.Record(path=path):
            return not types.in_program(path)
        case _:
            return True
