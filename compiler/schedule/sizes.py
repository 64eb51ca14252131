"""How large numbers are, and how long lists: where the text says it a number, else a size with a name."""

from __future__ import annotations

from math import prod

from ...grammar import syntax
from .. import types
from .count import ONE, ZERO, Count, most, number
from .here import Here

_AS_LONG = ("enumerate", "sorted", "reversed", "list", "tuple", "set", "iter")
"""Built-ins whose result is as long as their first argument, or shorter."""
_PARTS_OF_DICT = ("items", "keys", "values")


def number_of(here: Here, node: syntax.Expression) -> Count:
    """What a whole number is at most."""
    match node:
        case syntax.Constant(value=int() as value):
            return number(value)
        case syntax.Unary(operator="-", operand=operand):
            return ZERO - number_of(here, operand)
        case syntax.Binary(left=left, operator="+", right=right):
            return number_of(here, left) + number_of(here, right)
        case syntax.Binary(left=left, operator="-", right=right):
            less = number_of(here, right)
            # Only a number that is known is certainly taken away.
            return number_of(here, left) - less if less.value is not None else number_of(here, left)
        case syntax.Binary(left=left, operator="*", right=right):
            return number_of(here, left) * number_of(here, right)
        case syntax.Call(function=syntax.Name(text="len"), arguments=(argument,)) if _is_builtin(here, node):
            return length_of(here, argument.value)
        case syntax.Call(function=syntax.Name(text="min"), arguments=arguments) if _is_builtin(here, node):
            return _least([number_of(here, each.value) for each in arguments]) or here.size(node)
        case syntax.Call(function=syntax.Name(text="max"), arguments=arguments) if _is_builtin(here, node):
            return most(number_of(here, each.value) for each in arguments)
        case syntax.Name():
            symbol = here.symbol(node)
            found = here.value_of(symbol) if symbol is not None else None
            if found is not None and found[1] is not node:
                return number_of(*found)
    return here.size(node)


def length_of(here: Here, node: syntax.Expression) -> Count:
    """How many items an expression has at most."""
    kind = here.item.type_of(node)
    match node:
        case syntax.List(elements=elements) | syntax.Set(elements=elements) | syntax.Tuple(elements=elements):
            lengths = (
                length_of(here, each.value) if isinstance(each, syntax.Starred) else ONE for each in elements
            )
            return sum(lengths, ZERO)
        case syntax.Dict(entries=entries):
            return sum((length_of(here, each.value) if each.key is None else ONE for each in entries), ZERO)
        case syntax.String(value=text):
            return number(len(text))
        case syntax.Comprehension(clauses=clauses):
            return prod((length_of(here, each.iterable) for each in clauses), start=ONE)
        case syntax.Subscript(index=syntax.Slice()):
            return _of_slice(here, node)
        case syntax.Call() if _is_builtin(here, node):
            return _of_call(here, node)
        case syntax.Name():
            symbol = here.symbol(node)
            if symbol is not None and isinstance(symbol.type, types.TypeForm):
                enum = symbol.type.type
                if isinstance(enum, types.Enum) and not enum.open:
                    return number(len(enum.members))
            found = here.value_of(symbol) if symbol is not None else None
            if found is not None and found[1] is not node:
                return length_of(*found)
    if isinstance(kind, types.Tuple) and kind.rest is None:
        return number(len(kind.items))
    return here.length(node)


def _of_call(here: Here, node: syntax.Call) -> Count:
    arguments = [each.value for each in node.arguments if each.name is None and not each.star]
    match node.function:
        case syntax.Name(text="range") if arguments:
            return _of_range(here, node, arguments)
        case syntax.Name(text="zip") if arguments:
            lengths = [length_of(here, each) for each in arguments]
            return _least(lengths) or lengths[0]
        case syntax.Name(text=text) if text in _AS_LONG and arguments:
            return length_of(here, arguments[0])
        case syntax.Attribute(value=value, name=name) if name.text in _PARTS_OF_DICT and not arguments:
            return length_of(here, value)
        case _:
            return here.length(node)


def _of_range(here: Here, node: syntax.Call, arguments: list[syntax.Expression]) -> Count:
    found = [number_of(here, each) for each in arguments]
    known = [each.value for each in found]
    if len(arguments) == 3 and known[2] == 0:
        return ZERO
    if all(each is not None for each in known):
        return number(len(range(*(each for each in known if each is not None))))
    if len(found) == 1:
        return most(found)
    start = known[0]
    if len(found) == 2 and start is not None and start >= 0:
        return most([found[1] - number(start)])
    return here.length(node)


def _of_slice(here: Here, node: syntax.Subscript) -> Count:
    """What a slice leaves: what its bounds allow where both are known, else no more than there was."""
    index = node.index
    assert isinstance(index, syntax.Slice)
    lower = 0 if index.lower is None else number_of(here, index.lower).value
    upper = None if index.upper is None else number_of(here, index.upper).value
    whole = length_of(here, node.value)
    if lower is None or upper is None or lower < 0 or upper < 0 or index.step is not None:
        return whole
    return _least([whole, number(max(0, upper - lower))]) or whole


def _least(counts: list[Count]) -> Count | None:
    """The smallest of those that are known."""
    known = [each.value for each in counts if each.value is not None]
    return number(max(0, min(known))) if known else None


def _is_builtin(here: Here, node: syntax.Call) -> bool:
    """Whether a call is one of Python's own functions or methods."""
    return here.call_kind(node).target == "builtin"
