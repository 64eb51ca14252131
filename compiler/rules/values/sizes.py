"""How large the value of a constant expression becomes, worked out without making the value.

    Measuring(size_of).measure(node) -> Measure(items, number)

`items` counts what the value consists of: the characters of a text, the entries of containers with all
that is in them, the turns of a loop. Names are asked for, so aliases that double each other are counted as
what they stand for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any, TypeAlias

from msgspec import Struct

from ....grammar import syntax
from ...trees import children
from .widths import is_formatting, width_of, width_of_conversions, width_of_fields

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
    steps: int = 0
    """How many statements of functions run to make it."""

    @property
    def is_runaway(self) -> bool:
        """Whether it is more than a constant may be, or takes more to make."""
        return self.items > LIMIT or self.steps > LIMIT

    def taking(self, steps: int) -> Measure:
        """The same value, made in so many steps."""
        return Measure(self.items, self.number, self.bits, steps)


UNKNOWN = Measure(1)


Calls: TypeAlias = Callable[[syntax.Call, Sequence[Measure]], Measure | None]
"""What a call of a `def` gives for arguments of these sizes; None for other calls."""


class Measuring:
    """Measures the expressions of a tree, each once.

    `size_of` gives what a name stands for, `calls` what a function makes of its arguments.
    """

    def __init__(self, size_of: Callable[[syntax.Name], Measure], calls: Calls | None = None) -> None:
        self._size_of = size_of
        self._calls = calls
        self._known: dict[int, Measure] = {}

    def measure(self, node: syntax.Node) -> Measure:
        """The size of an expression's value; what is not known counts as one item."""
        kind = node.__class__
        if kind is syntax.Name:
            return self._size_of(node)  # type: ignore[arg-type]
        leaf = _LEAVES.get(kind)
        if leaf is not None:
            return leaf(node)
        composed = _COMPOSED.get(kind)
        if composed is None and (self._calls is None or kind is syntax.Lambda):
            return UNKNOWN
        found = self._known.get(id(node))
        if found is None:
            found = UNKNOWN if composed is None else composed(self, node)
            if self._calls is not None:
                found = found.taking(self._steps(node, found.steps if kind is syntax.Call else 0))
            self._known[id(node)] = found
        return found

    def _steps(self, node: syntax.Node, own: int) -> int:
        """The steps that making an expression's value takes, with those of all that stands in it."""
        steps = own
        for each in children(node):
            if isinstance(each, syntax.Argument):
                steps += self.measure(each.value).steps
            elif isinstance(each, syntax.DictEntry | syntax.ComprehensionClause | syntax.Interpolation):
                steps += sum(self.measure(inside).steps for inside in children(each))
            elif not (isinstance(node, syntax.Conditional) and self._is_left_out(node, each)):
                steps += self.measure(each).steps
        if isinstance(node, syntax.Comprehension):
            steps *= self._turns(node)
        return steps

    def _is_left_out(self, node: syntax.Conditional, part: syntax.Node) -> bool:
        holds = self.truth(node.test)
        return (part is node.body and holds is False) or (part is node.otherwise and holds is True)

    def truth(self, node: syntax.Expression) -> bool | None:
        """How a condition on numbers comes out; None where that cannot be said."""
        match node:
            case syntax.Constant(value=bool() as value):
                return value
            case syntax.Unary(operator="not", operand=operand):
                inside = self.truth(operand)
                return None if inside is None else not inside
            case syntax.Boolean(operator=operator, values=values):
                found = [self.truth(each) for each in values]
                decisive = operator == "or"
                return decisive if decisive in found else None if None in found else not decisive
            case syntax.Comparison(left=left, operators=(operator,), rights=(right,)) if operator in _COMPARE:
                first, second = self.measure(left).number, self.measure(right).number
                return None if first is None or second is None else _COMPARE[operator](first, second)
            case _:
                return None

    def range_of(self, node: syntax.Expression) -> tuple[int, int] | None:
        """The start and step of a `range(…)` of known numbers."""
        match node:
            case syntax.Call(function=syntax.Name(text="range"), arguments=arguments):
                numbers = [self.measure(each.value).number for each in arguments]
                match numbers:
                    case [int()]:
                        return 0, 1
                    case [int() as start, int()]:
                        return start, 1
                    case [int() as start, int(), int() as step]:
                        return start, step
        return None

    def _unary(self, node: syntax.Unary) -> Measure:
        inside = self.measure(node.operand)
        if node.operator == "-" and inside.number is not None:
            return as_number(-inside.number)
        return inside

    def _f_string(self, node: syntax.FString) -> Measure:
        return self._sum(each for each in node.parts if isinstance(each, syntax.Interpolation))

    def _interpolation(self, node: syntax.Interpolation) -> Measure:
        numbers = (
            each if isinstance(each, str) else self.measure(each.value).number or 0 for each in node.format
        )
        return Measure(max(self.measure(node.value).items, width_of("".join(map(str, numbers)))))

    def _display(self, node: syntax.List | syntax.Tuple | syntax.Set) -> Measure:
        return self._sum(node.elements)

    def _dict(self, node: syntax.Dict) -> Measure:
        return self._sum(part for each in node.entries for part in (each.key, each.value) if part is not None)

    def _starred(self, node: syntax.Starred) -> Measure:
        return self.measure(node.value)

    def _subscript(self, node: syntax.Subscript) -> Measure:
        return max(self.measure(node.value), self.measure(node.index), key=lambda each: each.items)

    def _conditional(self, node: syntax.Conditional) -> Measure:
        holds = self.truth(node.test)
        if holds is not None:
            return self.measure(node.body if holds else node.otherwise)
        return max(self.measure(node.body), self.measure(node.otherwise), key=lambda each: each.items)

    def _operations(self, node: syntax.Binary) -> Measure:
        """The size of `a + b + c …`, from the left: its tree is as deep as it has operators."""
        chain = [node]
        while isinstance(chain[-1].left, syntax.Binary) and id(chain[-1].left) not in self._known:
            chain.append(chain[-1].left)
        found = self.measure(chain[-1].left)
        for each in reversed(chain):
            right = self.measure(each.right)
            steps = found.steps + right.steps
            made = combined(each.operator, found, right)
            if each.operator == "%" and isinstance(each.left, syntax.String):
                made = Measure(made.items + width_of_conversions(each.left.value))
            found = self._known[id(each)] = made.taking(steps)
        return found

    def _sum(self, nodes: Iterable[syntax.Node]) -> Measure:
        return Measure(1 + sum([self.measure(each).items for each in nodes]))

    def _comprehension(self, node: syntax.Comprehension) -> Measure:
        element = node.element
        value = element.value if isinstance(element, syntax.DictEntry) else element
        return Measure(self._turns(node) * self.measure(value).items)

    def _turns(self, node: syntax.Comprehension) -> int:
        turns = 1
        for clause in node.clauses:
            turns *= max(1, self.measure(clause.iterable).items)
        return turns

    def _call(self, call: syntax.Call) -> Measure:
        arguments = [self.measure(each.value) for each in call.arguments]
        made = self._calls(call, arguments) if self._calls is not None else None
        if made is not None:
            return made
        name = _name_of(call.function)
        numbers = [each.number for each in arguments]
        match name, numbers:
            case "range", [int() as stop]:
                return Measure(max(1, stop))
            case "range", [int() as start, int() as stop, *step]:
                by = abs(step[0] or 1) if step else 1
                return Measure(max(1, abs(stop - start) // by))
            case "pow", [_, _]:
                return combined("**", *arguments)
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
            case "format", [_, _] if isinstance(call.arguments[1].value, syntax.String):
                return Measure(max(arguments[0].items, width_of(call.arguments[1].value.value)))
        if isinstance(call.function, syntax.Attribute):
            return self._method(call.function, arguments)
        return Measure(max((each.items for each in arguments), default=1))

    def _method(self, function: syntax.Attribute, arguments: Sequence[Measure]) -> Measure:
        inside, name = self.measure(function.value), function.name.text
        if name in _TO_A_WIDTH and arguments and arguments[0].number is not None:
            return Measure(max(inside.items, arguments[0].number))
        if name == "format" and isinstance(function.value, syntax.String):
            inside = Measure(inside.items + width_of_fields(function.value.value))
        if name in _PRODUCTS:
            return Measure(math.prod((inside.items, *(each.items for each in arguments))))
        return Measure(max([inside.items, *(each.items for each in arguments)]))


def _constant(node: syntax.Constant) -> Measure:
    value = node.value
    return as_number(value) if isinstance(value, int) and not isinstance(value, bool) else UNKNOWN


_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "==": eq,
    "!=": ne,
}

_LEAVES: dict[type, Callable[[Any], Measure]] = {
    syntax.Constant: _constant,
    syntax.String: lambda node: Measure(max(1, len(node.value))),
}
_COMPOSED: dict[type, Callable[[Measuring, Any], Measure]] = {
    syntax.Binary: Measuring._operations,
    syntax.Call: Measuring._call,
    syntax.Comprehension: Measuring._comprehension,
    syntax.Conditional: Measuring._conditional,
    syntax.Dict: Measuring._dict,
    syntax.FString: Measuring._f_string,
    syntax.Interpolation: Measuring._interpolation,
    syntax.List: Measuring._display,
    syntax.Set: Measuring._display,
    syntax.Starred: Measuring._starred,
    syntax.Subscript: Measuring._subscript,
    syntax.Tuple: Measuring._display,
    syntax.Unary: Measuring._unary,
}
"""What has a size that comes from what stands in it."""


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


_GROWING = frozenset(
    (
        *("range", "pow", "bytes", "bytearray", "factorial", "perm", "comb"),
        *("math.factorial", "math.perm", "math.comb"),
    )
)
"""Functions whose result may be larger than what they are given."""


def is_growing(node: syntax.Node) -> bool:
    """Whether a value may be larger than its parts together, which are no larger than the text."""
    if is_formatting(node):
        return True
    match node:
        case syntax.Binary(operator=operator):
            return operator in ("*", "**", "<<")
        case syntax.Call(function=syntax.Attribute(name=name) as function):
            return name.text in _TO_A_WIDTH or name.text in _PRODUCTS or _name_of(function) in _GROWING
        case syntax.Call(function=function):
            return _name_of(function) in _GROWING
        case syntax.Comprehension(clauses=clauses):
            return any(not _is_part_of_name(each.iterable) for each in clauses)
        case syntax.Interpolation(format=format_):
            return bool(format_)
        case _:
            return False


def _is_part_of_name(node: syntax.Expression) -> bool:
    """Whether this is a name, or what is taken from its value: one item, where it is no constant's."""
    while isinstance(node, syntax.Attribute | syntax.Subscript):
        node = node.value
    return isinstance(node, syntax.Name)


def larger(first: Measure, second: Measure) -> Measure:
    """The size of a value that may be one or the other."""
    if first == second:
        return first
    by_items = max(first, second, key=lambda each: (each.items, each.bits))
    return Measure(by_items.items, None, by_items.bits)


def grown(before: Measure, after: Measure, turns: int) -> Measure:
    """The size of a variable that grows on, turn by turn of a loop, as it has in the last one."""
    if after.items > before.items:
        return Measure(after.items + (after.items - before.items) * turns)
    if after.bits > before.bits:
        return _of_bits(after.bits + (after.bits - before.bits) * turns)
    return after


def as_number(value: int) -> Measure:
    """The size of a whole number."""
    bits = value.bit_length()
    return Measure(_items(bits), value if bits <= _KNOWN_BITS else None, max(1, bits))


def _of_bits(bits: int) -> Measure:
    return Measure(_items(bits), None, bits)


def _items(bits: int) -> int:
    """As how many items a whole number counts: a million binary digits are as much as a constant may be."""
    return 1 if bits <= _SHORT_BITS else bits * LIMIT // LIMIT_BITS


def combined(operator: str, left: Measure, right: Measure) -> Measure:
    """The size of what an operator makes of two values."""
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
            return as_number(first * second)
        case "+":
            return as_number(first + second)
        case "-":
            return as_number(first - second)
        case "//" if second:
            return as_number(first // second)
        case _:
            return _of_bits(max(left.bits, right.bits) + 1)


def _power(operator: str, left: Measure, by: int) -> Measure:
    """A whole number raised to a power, or shifted to the left."""
    if by < 0:
        return UNKNOWN
    bits = left.bits * by if operator == "**" else left.bits + by
    if left.number is None or bits > _KNOWN_BITS:
        return _of_bits(bits)
    return as_number(left.number**by if operator == "**" else left.number << by)
