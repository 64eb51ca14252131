"""Texts with places to fill: `"%s is %d" % (name, age)` and `"{} is {}".format(name, age)`."""

from __future__ import annotations

import re
from string import Formatter
from typing import NamedTuple

from ....grammar import syntax
from ... import types
from ...program import Item
from ...types import Type
from ...types.union import widened
from ..words import described, listed

_CONVERSION = re.compile(
    r"%(?:\((?P<name>[^()]*)\))?[-+ #0]*(?P<width>\*|\d*)(?:\.(?P<more>\*|\d*))?[hlL]?(?P<kind>.)?", re.DOTALL
)
_KINDS = frozenset("diouxXeEfFgGcrsa%")
_NUMBERS = frozenset("diouxXeEfFgG")
_MOST_DIGITS = 9
"""How long the number of a place may be; Python itself takes no longer ones than fit an index."""


class Misfit(NamedTuple):
    """What does not fit, and where."""

    at: syntax.Node
    message: str


def misfit(item: Item, node: syntax.Binary | syntax.Call) -> Misfit | None:
    """What is wrong between a text and the values that fill it; None for any other node."""
    match node:
        case syntax.Binary(operator="%", left=syntax.String(value=template), right=right):
            return _of_conversions(item, node, template, right)
        case syntax.Call(function=syntax.Attribute(value=syntax.String(value=template), name=name)):
            return _of_fields(node, template) if name.text == "format" else None
        case _:
            return None


def _of_conversions(
    item: Item, node: syntax.Binary, template: str, right: syntax.Expression
) -> Misfit | None:
    found = list(_CONVERSION.finditer(template))
    if any("*" in (each["width"], each["more"]) for each in found):
        return None
    strange = next((each for each in found if each["kind"] is None or each["kind"] not in _KINDS), None)
    if strange is not None:
        return Misfit(node.left, f"`{strange[0].strip()}` is no place to fill; write `%%` for a percent sign")
    places = [each for each in found if each["kind"] != "%"]
    if any(each["name"] is not None for each in places):
        return _of_names(right, [each["name"] for each in places if each["name"] is not None])
    values = _values(item, right)
    if values is None:
        return None
    if len(values) != len(places):
        given = f"{len(values)} value" + "s" * (len(values) != 1)
        return Misfit(right, f"{given} for {len(places)} place" + "s" * (len(places) != 1) + " in the text")
    for place, (value, kind) in zip(places, values, strict=True):
        if place["kind"] in _NUMBERS and widened(kind) == types.STR:
            return Misfit(value, f"`{place[0]}` formats a number, and this is {described(widened(kind))}")
    return None


def _values(item: Item, right: syntax.Expression) -> list[tuple[syntax.Expression, Type]] | None:
    """The values to the right of a `%`; None where there may be any number of them."""
    if isinstance(right, syntax.Tuple):
        if any(isinstance(each, syntax.Starred) for each in right.elements):
            return None
        return [(each, item.type_of(each)) for each in right.elements]
    kind = item.type_of(right)
    single = types.Builtin | types.Literals | types.List | types.Set
    if all(isinstance(each, single) for each in types.options(kind)) and kind != types.Builtin("object"):
        return [(right, kind)]
    return None


def _of_names(right: syntax.Expression, names: list[str]) -> Misfit | None:
    keys = _keys(right)
    lacking = [name for name in dict.fromkeys(names) if keys is not None and name not in keys]
    return Misfit(right, f"the text needs {listed(lacking)}, which is not given") if lacking else None


def _keys(node: syntax.Expression) -> set[str] | None:
    """The keys of a dict that is written out with texts as its keys."""
    if not isinstance(node, syntax.Dict):
        return None
    keys = {each.key.value for each in node.entries if isinstance(each.key, syntax.String)}
    return keys if len(keys) == len(node.entries) else None


def _of_fields(node: syntax.Call, template: str) -> Misfit | None:
    if any(each.star for each in node.arguments):
        return None
    try:
        fields = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError:
        return Misfit(node, "the braces of this text do not match; write `{{` for a brace that stays")
    given = {each.name.text for each in node.arguments if each.name is not None}
    count = sum(each.name is None for each in node.arguments)
    names = [re.split(r"[.\[]", each, maxsplit=1)[0] for each in fields]
    numbers = [each for each in names if each.isdecimal()]
    lacking = [each for each in dict.fromkeys(names) if each and each not in numbers and each not in given]
    if any(len(each) > _MOST_DIGITS for each in numbers):
        return None
    needed = max([sum(not each for each in names), *(int(each) + 1 for each in numbers)])
    if lacking:
        return Misfit(node, f"the text needs {listed(lacking)}, which is not given")
    if needed > count:
        return Misfit(node, f"{count} value" + "s" * (count != 1) + f" for {needed} places in the text")
    return None
