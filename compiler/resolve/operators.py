"""What operators and subscripts give."""

from __future__ import annotations

from types import EllipsisType

from ...grammar import syntax
from .. import types
from ..types import Type, narrow
from ..types.assignable import iterated
from ..types.generic import has_variables, named
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
    if operator == "|" and isinstance(left, (types.TypeForm, types.Class)):
        given = named(left), types.NONE if isinstance(right, types.Nothing) else named(right)
        return types.TypeForm(types.union(*(each or types.UNKNOWN for each in given)))
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
    if isinstance(left, types.Instance):
        return _of_method(left.definition, _METHODS.get(operator, ""))
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
            return types.List(types.merged(first, second))
        case types.Tuple(items=first, rest=None), types.Tuple(items=second, rest=None) if operator == "+":
            return types.Tuple((*first, *second))
        case types.Dataset(columns=one), types.Dataset(columns=other) if operator == "+":
            return types.Dataset(joined(one, other), left.definition)
        case types.Dict(), types.Dict() if operator == "|":
            return types.Dict(types.merged(left.key, right.key), types.merged(left.value, right.value))
        case types.Set(item=first), types.Set(item=second) if operator in ("|", "^"):
            return types.Set(types.merged(first, second))
        case types.Set(), types.Set() if operator in ("&", "-"):
            return left
        case types.Builtin(name=first), types.Builtin(name=second) if first in _RANK and second in _RANK:
            return _number(first, operator, second)
        case types.Builtin(name=first), types.Builtin(name=second) if first in _CLOSED and second in _CLOSED:
            return _exact(first, operator, second)
        case _:
            return types.UNKNOWN


_TIMES = frozenset({"date", "datetime", "time", "timedelta"})
_CLOSED = frozenset({*_TIMES, "Decimal", *_RANK, "str"})
"""Classes of which it is known what every operator does with two of them."""


def _exact(first: str, operator: str, second: str) -> Type:
    """What an operator gives where a time, a span of time or a decimal number is an operand."""
    if operator == "-" and first == second and first in ("date", "datetime"):
        return types.Builtin("timedelta")
    if operator == "-" and {first, second} == {"date", "datetime"}:
        return types.UNKNOWN  # a datetime is a date, but they cannot be subtracted
    if operator in ("+", "-") and second == "timedelta" and first in ("date", "datetime", "timedelta"):
        return types.Builtin(first)
    if operator == "+" and first == "timedelta" and second in ("date", "datetime"):
        return types.Builtin(second)
    numbers = _RANK.keys() - {"complex"}
    if first == "timedelta" and second == "timedelta" and operator in ("/", "//", "%"):
        return {"/": types.FLOAT, "//": types.INT}.get(operator, types.Builtin("timedelta"))
    if first == "timedelta" and second in numbers and operator in ("*", "/", "//"):
        return types.Builtin("timedelta")
    if first in numbers and second == "timedelta" and operator == "*":
        return types.Builtin("timedelta")
    whole = {"Decimal", "int", "bool"}
    if first in whole and second in whole and operator in ("+", "-", "*", "/", "//", "%", "**"):
        return types.Builtin("Decimal")
    return types.UNKNOWN


_METHODS = {
    "+": "__add__",
    "-": "__sub__",
    "*": "__mul__",
    "/": "__truediv__",
    "//": "__floordiv__",
    "%": "__mod__",
    "|": "__or__",
    "&": "__and__",
    "@": "__matmul__",
}
"""The methods by which classes take part in operations."""


def _of_method(definition: types.ClassDefinition, name: str) -> Type:
    """What a method of a class returns by its annotation."""
    found = definition.members.get(name)
    returns = found.returns if isinstance(found, types.Function) else types.UNKNOWN
    return types.UNKNOWN if has_variables(returns) else returns


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
    """Whether an operator works on these operands, each option of the one with each of the other."""
    return all(
        _fits(first, operator, second)
        for first in types.options(widened(left))
        for second in types.options(widened(right))
    )


def ordered(left: Type, right: Type) -> bool:
    """Whether values can be put in order, each option of the one with each of the other."""
    return all(_ordered(first, second) for first in types.options(left) for second in types.options(right))


def _ordered(left: Type, right: Type) -> bool:
    if _is_no_operand(left, right) or _is_no_operand(right, left):
        return False
    if isinstance(left, types.Nothing) or isinstance(right, types.Nothing):
        return not (types.known(left) and types.known(right))
    numbers = (types.BOOL, types.INT, types.FLOAT)
    if isinstance(left, types.Builtin) and isinstance(right, types.Builtin):
        if {left.name, right.name} & (_TIMES | {"Decimal"}) and {left.name, right.name} <= _CLOSED:
            decimals = {"Decimal", "bool", "int", "float"}
            return left == right or {left.name, right.name} <= decimals
        return not (left == types.STR and right in numbers) and not (left in numbers and right == types.STR)
    containers = types.List | types.Tuple | types.Set | types.Dict
    if isinstance(left, containers) and isinstance(right, types.Builtin):
        return right not in (*numbers, types.STR)
    if isinstance(right, containers) and isinstance(left, types.Builtin):
        return left not in (*numbers, types.STR)
    return True


_NUMBERS = frozenset({types.BOOL, types.INT, types.FLOAT})
_OF_BITS = frozenset({"<<", ">>", "&", "|", "^"})


def takes(operator: str, operand: Type) -> bool:
    """Whether `-x`, `+x` or `~x` works on each option of the operand."""
    return operator == "not" or all(_takes(operator, each) for each in types.options(widened(operand)))


def _takes(operator: str, operand: Type) -> bool:
    match operand:
        case types.Builtin(name="str") | types.List() | types.Dict() | types.Set() | types.Tuple():
            return False
        case types.Prediction() | types.Dataset():
            return False
        case types.Builtin(name="float"):
            return operator != "~"
        case types.Record(path=path):
            return not types.in_program(path)
        case _:
            return True


def _is_no_operand(kind: Type, other: Type) -> bool:
    """Whether one side is an object with fields, and the other a plain value.

    A prediction with a `score` counts as that number; a class of Python may have operators of its own.
    """
    match kind:
        case types.Prediction(interface=interface):
            is_number = isinstance(other, types.Builtin) and other.name in _RANK
            has_score = interface.open or interface.field("score") is not None
            return isinstance(other, _PLAIN) and not (has_score and is_number)
        case types.Record(path=path):
            return types.in_program(path) and isinstance(other, _PLAIN)
        case _:
            return False


def _fits(left: Type, operator: str, right: Type) -> bool:
    if isinstance(left, types.Dataset) or isinstance(right, types.Dataset):
        both = isinstance(left, types.Dataset) and isinstance(right, types.Dataset)
        other = right if isinstance(left, types.Dataset) else left
        return (both and operator == "+") or not isinstance(other, types.Dataset | _PLAIN)
    if _is_no_operand(left, right) or _is_no_operand(right, left):
        return False
    if not isinstance(left, _PLAIN) or not isinstance(right, _PLAIN):
        return True
    if isinstance(left, types.Builtin) and left.name not in _CLOSED:
        return True
    if isinstance(right, types.Builtin) and right.name not in _CLOSED:
        return True
    if operator in ("-", "//", "/", "**", "<<", ">>", "@", "^", "&", "|") and left == right == types.STR:
        return False
    if operator in _OF_BITS and types.FLOAT in (left, right) and {left, right} <= _NUMBERS:
        return False
    if operator == "@" and {left, right} <= _NUMBERS:
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
        case types.List() | types.Builtin(name="str") if not isinstance(
            index, syntax.Slice
        ) and _is_no_number(index_type):
            return types.UNKNOWN  # another finding
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
        case types.Record(interface=interface) if isinstance(index, syntax.String):
            field = interface.field(index.value)
            return field.type if field else types.UNKNOWN
        case types.Instance(definition=definition):
            return _of_method(definition, "__getitem__")
        case types.Union(options=options):
            return types.union(
                *(subscript(each, index, index_type) for each in options if each != types.NONE)
            )
        case _:
            return types.UNKNOWN


def not_added(collection: Type) -> Type | None:
    """The type of the items of a collection, where `sum` cannot add them to the 0 that it begins with."""
    item = iterated(collection)
    if item is None or not types.known(item) or narrow.may_be_none(item):
        return None
    wide = widened(item)
    return wide if not any(fits(types.INT, "+", each) for each in types.options(wide)) else None


def _is_no_number(kind: Type) -> bool:
    """Whether a value is certainly of Python's own classes and not a whole number."""
    match kind:
        case types.Literals(values=values):
            return not any(isinstance(each, int) for each in values)
        case types.Builtin(name=name):
            return name in ("str", "float")
        case _:
            return isinstance(kind, types.List | types.Dict | types.Set | types.Tuple)


def _constant(bound: syntax.Expression | None) -> int | EllipsisType | None:
    """The value of a slice's bound; `...` where it is not known."""
    match bound:
        case None:
            return None
        case syntax.Constant(value=int() as value):
            return value
        case syntax.Unary(operator="-", operand=syntax.Constant(value=int() as value)):
            return -value
        case _:
            return ...


def _tuple_item(
    items: tuple[Type, ...], rest: Type | None, index: syntax.Expression, index_type: Type
) -> Type:
    if isinstance(index, syntax.Slice):
        if rest is not None:
            return types.Tuple((), rest)
        bounds = [_constant(each) for each in (index.lower, index.upper, index.step)]
        known = [each for each in bounds if not isinstance(each, EllipsisType)]
        if len(known) == len(bounds) and known[2] != 0:
            return types.Tuple(items[known[0] : known[1] : known[2]])
        return types.Tuple((), types.union(*items) if items else types.NEVER)
    if rest is not None:
        return rest
    match index_type:
        case types.Literals(values=(int() as at,)) if -len(items) <= at < len(items):
            return items[at]
        case types.Literals(values=(int(),)):
            return types.UNKNOWN  # there is none; `wrong-index` says so
        case _:
            return types.union(*items) if items else types.UNKNOWN
