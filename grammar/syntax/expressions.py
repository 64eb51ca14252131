"""Expressions; types are expressions, too."""

from __future__ import annotations

from types import EllipsisType
from typing import Literal, TypeAlias

from .node import Identifier, Node


class Missing(Node, frozen=True, gc=False):
    """An expression that should stand here and does not; the parser has reported it."""


class Name(Node, frozen=True, gc=False):
    """A name that is used."""

    text: str


class Constant(Node, frozen=True, gc=False):
    """A number, `True`, `False`, `None` or `...`."""

    value: int | float | bool | EllipsisType | None


class String(Node, frozen=True, gc=False):
    """A string literal without interpolation."""

    value: str
    raw: str
    """The token as written, with prefix and quotes."""


class Interpolation(Node, frozen=True, gc=False):
    """One `{value!conversion:format}` of an f-string."""

    value: Expression
    conversion: Literal["", "s", "r", "a"]
    format: tuple[str | Interpolation, ...]
    debug: str = ""
    """The text `x = ` of a `{x = }`, which is printed too."""


class FString(Node, frozen=True, gc=False):
    """An f-string; literal parts are unescaped text."""

    parts: tuple[str | Interpolation, ...]
    raw: str


class Attribute(Node, frozen=True, gc=False):
    """`value.name`"""

    value: Expression
    name: Identifier


class Argument(Node, frozen=True, gc=False):
    """An argument of a call: `x`, `name=x`, `*x` or `**x`."""

    name: Identifier | None
    value: Expression
    star: Literal["", "*", "**"] = ""


class Call(Node, frozen=True, gc=False):
    """`function(arguments)`"""

    function: Expression
    arguments: tuple[Argument, ...]


class Subscript(Node, frozen=True, gc=False):
    """`value[index]`; several indexes are a `Tuple`."""

    value: Expression
    index: Expression


class Slice(Node, frozen=True, gc=False):
    """`lower:upper:step`, only as an index."""

    lower: Expression | None
    upper: Expression | None
    step: Expression | None


class Unary(Node, frozen=True, gc=False):
    """`-x`, `+x`, `~x`, `not x`"""

    operator: Literal["-", "+", "~", "not"]
    operand: Expression


class Binary(Node, frozen=True, gc=False):
    """An arithmetic or bitwise operation, `|` of types among them."""

    left: Expression
    operator: str
    right: Expression


class Boolean(Node, frozen=True, gc=False):
    """`a and b and c`, or the same with `or`."""

    operator: Literal["and", "or"]
    values: tuple[Expression, ...]


class Comparison(Node, frozen=True, gc=False):
    """`left op1 right1 op2 right2 …`; operators as Python writes them (`not in` with one space)."""

    left: Expression
    operators: tuple[str, ...]
    rights: tuple[Expression, ...]


class Conditional(Node, frozen=True, gc=False):
    """`body if test else otherwise`"""

    body: Expression
    test: Expression
    otherwise: Expression


class Parameter(Node, frozen=True, gc=False):
    """A parameter of a function, a lambda or a module; the bare star has the kind `*` and no name."""

    name: Identifier | None
    annotation: Expression | None
    default: Expression | None
    kind: Literal["", "*"] = ""


class Lambda(Node, frozen=True, gc=False):
    """`lambda parameters: body`, only as an argument."""

    parameters: tuple[Parameter, ...]
    body: Expression


class Starred(Node, frozen=True, gc=False):
    """`*value` in a tuple, list or set, or among targets."""

    value: Expression


class Tuple(Node, frozen=True, gc=False):
    """`a, b` with or without brackets."""

    elements: tuple[Expression, ...]


class List(Node, frozen=True, gc=False):
    """`[a, b]`"""

    elements: tuple[Expression, ...]


class Set(Node, frozen=True, gc=False):
    """`{a, b}`"""

    elements: tuple[Expression, ...]


class DictEntry(Node, frozen=True, gc=False):
    """`key: value`, or `**value` where `key` is None."""

    key: Expression | None
    value: Expression


class Dict(Node, frozen=True, gc=False):
    """`{key: value, **more}`"""

    entries: tuple[DictEntry, ...]


class ComprehensionClause(Node, frozen=True, gc=False):
    """`for target in iterable if condition …`"""

    target: Expression
    iterable: Expression
    conditions: tuple[Expression, ...]


class Comprehension(Node, frozen=True, gc=False):
    """A list, set, dict or generator comprehension; a dict's `element` is a `DictEntry`."""

    kind: Literal["list", "set", "dict", "generator"]
    element: Expression | DictEntry
    clauses: tuple[ComprehensionClause, ...]


Expression: TypeAlias = (
    Missing
    | Name
    | Constant
    | String
    | FString
    | Attribute
    | Call
    | Subscript
    | Slice
    | Unary
    | Binary
    | Boolean
    | Comparison
    | Conditional
    | Lambda
    | Starred
    | Tuple
    | List
    | Set
    | Dict
    | Comprehension
)
