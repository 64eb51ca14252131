"""What operators and subscripts give."""

from __future__ import annotations

from ...grammar import syntax
from .. import types
from ..types import Type
from ..types.union import widened
from .data import joined

_PLAIN = types.Builtin | types.List | types.Dict | types.Set | types.Tuple | types.Nothing
_RANK = {"bool": 0, "int": 1, "float": 2, "complex": 3}


def unary(operator: str, operand: Type) -> Type:
    """The type of `-x`, `not x` …"""
    if operator == "not":
        return types.BOOL
    match operand:
        case types.Literals(values=(int() as value,)) if operator == "-":
            return types.Literals((-value,))
        case types.Literals() | types.Builtin():
            wide = widened(operand)
            return types.INT if wide == types.BOOL else wide
        case _:
            return types.UNKNOWN


def binary(left: Type, operator: str, right: Type) -> Type:
    """The type of `left operator right`; Unknown where the operands decide it at run time."""
    if operator == "|" and isinstance(left, types.TypeForm | types.Class):
        return types.UNKNOWN
    if operator == "**" and isinstance(right, types.Literals) and _are_natural(right.values):
        return binary(left, "*", left)
    left, right = widened(left), widened(right)
    if isinstance(left, types.Union) or isinstance(right, types.Union):
        return types.union(
            *(
                binary(first, operator, second)
                for first in types.options(left)
                for second in types.options(right)
            )
        )
    match left, right:
        case types.Builtin(name="str"), _ if operator == "%":
            return types.STR
        case types.Builtin(name="str"), types.Builtin(name="str") if operator == "+":
            return types.STR
        case types.Builtin(name="str") | types.List(), types.Builtin(name="int" | "bool") if operator == "*":
            return left
        case types.Builtin(name="int" | "bool"), types.Builtin(name="str") | types.List() if operator == "*":
            return right
        case types.List(item=first), types.List(item=second) if operator == "+":
            return types.List(types.union(first, second))
        case types.Tuple(items=first, rest=None), types.Tuple(items=second, rest=None) if operator == "+":
            return types.Tuple((*first, *second))
        case types.Dataset(columns=one), types.Dataset(columns=other) if operator == "+":
            return types.Dataset(joined(one, other), left.definition)
        case types.Dict(), types.Dict() if operator == "|":
            return types.Dict(types.union(left.key, right.key), types.union(left.value, right.value))
        case types.Set(item=first), types.Set(item=second) if operator in ("|", "^"):
            return types.Set(types.union(first, second))
        case types.Set(), types.Set() if operator in ("&", "-"):
            return left
        case types.Builtin(name=first), types.Builtin(name=second) if first in _RANK and second in _RANK:
            return _number(first, operator, second)
        case _:
            return types.UNKNOWN


def _are_natural(values: tuple[types.Value, ...]) -> bool:
    return all(isinstance(value, int) and value >= 0 for value in values)


def _number(first: str, operator: str, second: str) -> Type:
    wider = first if _RANK[first] >= _RANK[second] else second
    if operator == "/":
        return types.Builtin("complex" if wider == "complex" else "float")
    if operator in ("&", "|", "^") and first == second == "bool":
        return types.BOOL
    if operator == "**":
        return types.UNKNOWN if wider in ("bool", "int") else types.Builtin(wider)
    return types.INT if wider == "bool" else types.Builtin(wider)


def fits(left: Type, operator: str, right: Type) -> bool:
    """Whether an operator can work on these operands; False only where it certainly fails."""
    return any(
        _fits(first, operator, second)
        for first in types.options(widened(left))
        for second in types.options(widened(right))
    )


def ordered(left: Type, right: Type) -> bool:
    """Whether one may be less than the other; False only for a number and a text."""
    numbers = (types.BOOL, types.INT, types.FLOAT)
    pairs = [(first, second) for first in types.options(left) for second in types.options(right)]
    return not pairs or any(
        not (first == types.STR and second in numbers) and not (first in numbers and second == types.STR)
        for first, second in pairs
    )


def _fits(left: Type, operator: str, right: Type) -> bool:
    if isinstance(left, types.Dataset) or isinstance(right, types.Dataset):
        both = isinstance(left, types.Dataset) and isinstance(right, types.Dataset)
        other = right if isinstance(left, types.Dataset) else left
        return (both and operator == "+") or not isinstance(other, types.Dataset | _PLAIN)
    if not isinstance(left, _PLAIN) or not isinstance(right, _PLAIN):
        return True
    if isinstance(left, types.Builtin) and left.name not in (*_RANK, "str"):
        return True
    if isinstance(right, types.Builtin) and right.name not in (*_RANK, "str"):
        return True
    if operator in ("-", "//", "/", "**", "<<", ">>", "@", "^", "&") and left == right == types.STR:
        return False
    return types.known(binary(left, operator, right)) or _undecided(left, operator, right)


def _undecided(left: Type, operator: str, right: Type) -> bool:
    """Operands that may work although the type of the result is not known."""
    numbers = (
        isinstance(left, types.Builtin)
        and isinstance(right, types.Builtin)
        and left.name in _RANK
        and right.name in _RANK
    )
    sequences = isinstance(left, types.List | types.Tuple) and type(left) is type(right) and operator == "+"
    repeated = operator == "*" and (isinstance(left, types.Tuple) or isinstance(right, types.Tuple))
    collections = isinstance(left, types.Set | types.Dict) and type(left) is type(right)
    formatted = left == types.STR and operator == "%"
    return numbers or sequences or repeated or collections or formatted


def subscript(value: Type, index: syntax.Expression, index_type: Type) -> Type:
    """The type of `value[index]`."""
    match value:
        case types.List(item=item):
            return value if isinstance(index, syntax.Slice) else item
        case types.Dict(value=inside):
            return inside
        case types.Tuple(items=items, rest=rest):
            return _tuple_item(items, rest, index, index_type)
        case types.Builtin(name="str"):
            return types.STR
        case types.Literals(values=values) if all(isinstance(each, str) for each in values):
            return types.STR
        case types.Dataset(columns=columns):
            return value if isinstance(index, syntax.Slice) else types.Fields(columns)
        case types.Fields(interface=interface) | types.Prediction(interface=interface):
            field = interface.field(index.value) if isinstance(index, syntax.String) else None
            return field.type if field else types.UNKNOWN
        case types.TypeForm(type=types.Enum() as enum):
            return enum
        case types.Union(options=options):
            return types.union(
                *(subscript(each, index, index_type) for each in options if each != types.NONE)
            )
        case _:
            return types.UNKNOWN


def _tuple_item(
    items: tuple[Type, ...], rest: Type | None, index: syntax.Expression, index_type: Type
) -> Type:
    if isinstance(index, syntax.Slice):
        return types.Tuple((), rest if rest is not None else types.union(*items) if items else types.NEVER)
    if rest is not None:
        return rest
    match index_type:
        case types.Literals(values=(int() as at,)) if -len(items) <= at < len(items):
            return items[at]
        case _:
            return types.union(*items) if items else types.UNKNOWN
