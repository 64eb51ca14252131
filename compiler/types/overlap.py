"""Whether values of two types can be equal."""

from __future__ import annotations

from . import model as types
from .model import Type
from .union import options

_FAMILIES = {
    "str": "text",
    "int": "number",
    "float": "number",
    "bool": "number",
    "complex": "number",
    "Decimal": "number",
    "date": "date",
    "datetime": "date",
}
"""Classes by what they may be equal to: `1 == True == 1.0`."""


def overlaps(left: Type, right: Type) -> bool:
    """Whether a value of one type can be equal to one of another, as far as that is known."""
    if isinstance(left, types.Nothing) or isinstance(right, types.Nothing):
        return True  # comparing with None has its own rule
    return any(_may_equal(first, second) for first in options(left) for second in options(right))


def _may_equal(left: Type, right: Type) -> bool:
    first, second = _family(left), _family(right)
    if not first or not second:
        return True
    if first != second:
        return False
    match left, right:
        case ((types.Literals() | types.Enum()), (types.Literals() | types.Enum())):
            values = _values(right)
            return any(each in values for each in _values(left))
        case types.Tuple(items=first_items, rest=None), types.Tuple(items=second_items, rest=None):
            if len(first_items) != len(second_items):
                return False
            return all(map(overlaps, first_items, second_items))
        case _:
            return True


def _values(kind: types.Literals | types.Enum) -> list[types.Value]:
    if isinstance(kind, types.Literals):
        return list(kind.values)
    return [value for _, value in kind.members]


def _family(kind: Type) -> str:
    """What a type's values may be equal to; `""` where that is not known."""
    match kind:
        case types.Nothing():
            return "none"
        case types.Builtin(name=name):
            return _FAMILIES.get(name, "")
        case types.Literals(values=values):
            found = {_FAMILIES.get(type(each).__name__, "") for each in values}
            return found.pop() if len(found) == 1 else ""
        case types.Enum(open=False, members=members):
            is_text = all(isinstance(value, str) for _, value in members)
            return "text" if members and is_text else ""
        case types.List():
            return "list"
        case types.Tuple():
            return "tuple"
        case types.Set():
            return "set"
        case types.Dict():
            return "dict"
        case types.Record() as record:
            # One that is more than its attributes may be a tuple or a dict as well, or say what equals it.
            return "" if record.interface.open else "record"
        case types.Prediction():
            return "prediction"
        case _:
            return ""
