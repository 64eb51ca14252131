"""How large the value of a constant expression becomes, worked out without making the value.

    Measuring(size_of).measure(node) -> Measure(items, number)

`items` counts what the value consists of: the characters of a text, the entries of containers with all
that is in them, the turns of a loop. Names are asked for, so aliases that double each other are counted as
what they stand for.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from ....grammar import syntax

LIMIT = 10_000_000
"""So many items a constant may have, and so many steps may making it take."""
LIMIT_BITS = 1_000_000
"""So many binary digits a whole number may have."""
_SHORT_BITS = 4096
_KNOWN_BITS = 256
"""Whole numbers up to this length are worked out; of longer ones only the length is."""


class Measure(Struct, frozen=True):
    """What is known of a value."""

    items: int
    """How many items it consists of, or steps it takes."""
    number: int | None = None
    """The value, where it is a whole number and not too long."""
    bits: int = 0
    """The length of a whole number; 0 for other values."""

    @property
    def is_runaway(self) -> bool:
        """Whether it is more than a constant may be."""
        return self.items > LIMIT


UNKNOWN = Measure(1)


_COMPOSED: frozenset[type] = frozenset(
    {
        syntax.Binary,
        syntax.Call,
        syntax.Comprehension,
        syntax.Conditional,
        syntax.Dict,
        syntax.FString,
        syntax.Interpolation,
        syntax.List,
        syntax.Set,
        syntax.Starred,
        syntax.Subscript,
        syntax.Tuple,
        syntax.Unary,
    }
)
"""What has a size that comes from what stands in it."""


class Measuring:
    """Measures the expressions of a tree, each once; `size_of` gives what a name stands for."""

    def __init__(self, size_of: Callable[[syntax.Name], Measure]) -> None:
        self._size_of = size_of
        self._known: dict[int, Measure] = {}

    def measure(self, node: syntax.Node) -> Measure:
        """The size of an expression's value; what is not known counts as one item."""
        match node:
            case syntax.Name():
                return self._size_of(node)
            case syntax.Constant(value=bool() | None):
                return UNKNOWN
            case syntax.Constant(value=int() as value):
                return _whole(value)
            case syntax.String(value=text):
                return Measure(max(1, len(text)))
        if node.__class__ not in _COMPOSED:
            return UNKNOWN
        found = self._known.get(id(node))
        if found is None:
            found = self._known[id(node)] = self._composed(node)
        return found

    def _composed(self, node: syntax.Node) -> Measure:
        match node:
            case syntax.Call():
                return self._call(node)
            case syntax.Unary(operand=operand, operator=operator):
                inside = self.measure(operand)
                if operator == "-" and inside.number is not None:
                    return _whole(-inside.number)
                return inside
            case syntax.Binary():
                return self._operations(node)
            case syntax.FString(parts=parts):
                return self._sum(*(each for each in parts if isinstance(each, syntax.Interpolation)))
            case syntax.Interpolation(value=value, format=format_):
                return Measure(max(self.measure(value).items, _width(format_)))
            case (
                syntax.List(elements=elements)
                | syntax.Tuple(elements=elements)
                | syntax.Set(elements=elements)
            ):
                return self._sum(*elements)
            case syntax.Dict(entries=entries):
                parts_ = [part for each in entries for part in (each.key, each.value) if part is not None]
                return self._sum(*parts_)
            case syntax.Starred(value=value):
                return self.measure(value)
            case syntax.Subscript(value=value, index=index):
                return max(self.measure(value), self.measure(index), key=lambda each: each.items)
            case syntax.Conditional(body=body, otherwise=otherwise):
                return max(self.measure(body), self.measure(otherwise), key=lambda each: each.items)
            case syntax.Comprehension(element=element, clauses=clauses):
                return self._comprehension(element, clauses)
            case _:
                return UNKNOWN

    def _operations(self, node: syntax.Binary) -> Measure:
        """The size of `a + b + c …`, from the left: its tree is as deep as it has operators."""
        chain = [node]
        while isinstance(chain[-1].left, syntax.Binary) and id(chain[-1].left) not in self._known:
            chain.append(chain[-1].left)
        found = self.measure(chain[-1].left)
        for each in reversed(chain):
            found = self._known[id(each)] = _combined(each.operator, found, self.measure(each.right))
        return found

    def _sum(self, *nodes: syntax.Node) -> Measure:
        return Measure(1 + sum(self.measure(each).items for each in nodes))

    def _comprehension(
        self, element: syntax.Expression | syntax.DictEntry, clauses: tuple[syntax.ComprehensionClause, ...]
    ) -> Measure:
        turns = 1
        for clause in clauses:
            turns *= max(1, self.measure(clause.iterable).items)
        value = element.value if isinstance(element, syntax.DictEntry) else element
        return Measure(turns * self.measure(value).items)

    def _call(self, call: syntax.Call) -> Measure:
        arguments = [self.measure(each.value) for each in call.arguments]
        name = _name_of(call.function)
        numbers = [each.number for each in arguments]
        match name, numbers:
            case "range", [int() as stop]:
                return Measure(max(1, stop))
            case "range", [int() as start, int() as stop, *step]:
                by = abs(step[0] or 1) if step else 1
                return Measure(max(1, abs(stop - start) // by))
            case "pow", [_, _]:
                return _combined("**", *arguments)
            case "factorial" | "math.factorial", [int() as count]:
                return _of_bits(max(1, count) * max(1, count.bit_length()))
            case "perm" | "math.perm", [int() as count, *most]:
                chosen = most[0] if most and most[0] is not None else count
                return _of_bits(max(1, min(count, chosen)) * max(1, count.bit_length()))
            case "comb" | "math.comb", [int() as count, int() as chosen]:
                chosen = max(0, min(chosen, count - chosen))
                return _of_bits(max(1, min(count, chosen * count.bit_length())))
            case "bytes" | "bytearray", [int() as size]:
                return Measure(max(1, size))
        if isinstance(call.function, syntax.Attribute):
            inside = self.measure(call.function.value)
            if call.function.name.text in _TO_A_WIDTH and arguments and arguments[0].number is not None:
                return Measure(max(inside.items, arguments[0].number))
            if call.function.name.text in _PRODUCTS:
                product = inside.items
                for each in arguments:
                    product *= each.items
                return Measure(product)
            return Measure(max([inside.items, *(each.items for each in arguments)]))
        return Measure(max((each.items for each in arguments), default=1))


def _name_of(function: syntax.Expression) -> str:
    """A function's name, or its module's and its own."""
    match function:
        case syntax.Name(text=text):
            return text
        case syntax.Attribute(value=syntax.Name(text="math"), name=name):
            return f"math.{name.text}"
        case _:
            return ""


_TO_A_WIDTH = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})
_PRODUCTS = frozenset({"join", "replace"})
"""Methods whose result may repeat one text for each item of another."""


def _whole(value: int) -> Measure:
    bits = value.bit_length()
    return Measure(_items(bits), value if bits <= _KNOWN_BITS else None, max(1, bits))


def _of_bits(bits: int) -> Measure:
    return Measure(_items(bits), None, bits)


def _items(bits: int) -> int:
    """As how many items a whole number counts: a million binary digits are as much as a constant may be."""
    return 1 if bits <= _SHORT_BITS else bits * LIMIT // LIMIT_BITS


def _combined(operator: str, left: Measure, right: Measure) -> Measure:
    if left.bits and right.bits:
        return _arithmetic(operator, left, right)
    match operator:
        case "*" if right.number is not None:
            return Measure(left.items * max(0, right.number) or 1)
        case "*" if left.number is not None:
            return Measure(right.items * max(0, left.number) or 1)
        case _:
            return Measure(left.items + right.items)


def _arithmetic(operator: str, left: Measure, right: Measure) -> Measure:
    """What an operator makes of two whole numbers."""
    first, second = left.number, right.number
    if operator == "**" and first in (0, 1, -1):
        return UNKNOWN
    if operator in ("**", "<<"):
        return _power(operator, left, right.number if right.number is not None else 2 * LIMIT_BITS)
    if operator == "*" and (first is None or second is None):
        return _of_bits(left.bits + right.bits)
    if first is None or second is None:
        return _of_bits(max(left.bits, right.bits) + 1)
    match operator:
        case "*":
            return _whole(first * second)
        case "+":
            return _whole(first + second)
        case "-":
            return _whole(first - second)
        case "//" if second:
            return _whole(first // second)
        case _:
            return _of_bits(max(left.bits, right.bits) + 1)


def _power(operator: str, left: Measure, by: int) -> Measure:
    """A whole number raised to a power, or shifted to the left."""
    if by < 0:
        return UNKNOWN
    bits = left.bits * by if operator == "**" else left.bits + by
    if left.number is None or bits > _KNOWN_BITS:
        return _of_bits(bits)
    return _whole(left.number**by if operator == "**" else left.number << by)


def _width(format_: tuple[str | syntax.Interpolation, ...]) -> int:
    """The largest width in a format such as `>30`."""
    text = "".join(each if isinstance(each, str) else "0" for each in format_)
    return max((int(each[:18]) for each in re.findall(r"\d+", text)), default=1)
