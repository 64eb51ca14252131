"""The abstract syntax: one frozen structure for each thing a `.dspy` file can say.

Spans count code points from the start of the *item* (the top-level declaration or import) that a node
belongs to, never from the start of the file: an item's text alone decides its nodes, so they are shared
between edits. `Item.start` places them; see `grammar.parse`.

A place where something is missing holds a `Missing` node, a missing name is an `Identifier` with an empty
text, so no attribute is ever absent because of a mistake.

The nodes are msgspec structures: they are made faster than dataclasses, and the garbage collector does not
look at them, which it need not, because a tree holds no cycles.
"""

from __future__ import annotations

from functools import cache
from types import EllipsisType
from typing import Literal, TypeAlias

from msgspec import Struct

from .source import Span


class Node(Struct, frozen=True, gc=False):
    """What every node has: where it stands in its item."""

    span: Span


@cache
def parts_of(kind: type[Node]) -> tuple[str, ...]:
    """The attributes of a kind of node, without its span, in the order of the text."""
    return tuple(name for name in kind.__struct_fields__ if name != "span")


class Identifier(Node, frozen=True, gc=False):
    """A name that is declared or that labels something: `question` in `input question: str`."""

    text: str


# --- expressions (types are expressions too) ------------------------------------------------------------


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


# --- statements -----------------------------------------------------------------------------------------


class Assign(Node, frozen=True, gc=False):
    """`target = value`; a target is a `Name`, a `Tuple`/`List` of targets or a `Starred` one."""

    target: Expression
    value: Expression


class AnnotatedAssign(Node, frozen=True, gc=False):
    """`name: annotation = value`"""

    target: Identifier
    annotation: Expression
    value: Expression


class AugmentedAssign(Node, frozen=True, gc=False):
    """`target += value`; `operator` is without the `=`."""

    target: Expression
    operator: str
    value: Expression


class Return(Node, frozen=True, gc=False):
    """`return`, `return value`, or `return a=x, **found`: then `outputs` is not None and `value` is."""

    value: Expression | None
    outputs: tuple[Argument, ...] | None


class Assert(Node, frozen=True, gc=False):
    """`assert test, message` or `suggest test, message`"""

    test: Expression
    message: Expression | None
    suggest: bool


class IfBranch(Node, frozen=True, gc=False):
    """`if test:` or `elif test:` and its block."""

    test: Expression
    body: tuple[Statement, ...]


class If(Node, frozen=True, gc=False):
    """`if`, its `elif`s, and its `else` (empty without one)."""

    branches: tuple[IfBranch, ...]
    otherwise: tuple[Statement, ...]


class For(Node, frozen=True, gc=False):
    """`for target in iterable:` and its block."""

    target: Expression
    iterable: Expression
    body: tuple[Statement, ...]


class Case(Node, frozen=True, gc=False):
    """`case pattern if guard:` and its block."""

    pattern: Pattern
    guard: Expression | None
    body: tuple[Statement, ...]


class Match(Node, frozen=True, gc=False):
    """`match subject:` and its cases."""

    subject: Expression
    cases: tuple[Case, ...]


class ExceptClause(Node, frozen=True, gc=False):
    """`except kind as name:` and its block; a tuple names several kinds."""

    kind: Expression
    name: Identifier | None
    body: tuple[Statement, ...]


class Try(Node, frozen=True, gc=False):
    """`try:` and what is done about its errors, the first clause that fits."""

    body: tuple[Statement, ...]
    clauses: tuple[ExceptClause, ...]


class Break(Node, frozen=True, gc=False):
    """`break`"""


class Continue(Node, frozen=True, gc=False):
    """`continue`"""


class Pass(Node, frozen=True, gc=False):
    """`pass`"""


class ExpressionStatement(Node, frozen=True, gc=False):
    """An expression that stands alone."""

    value: Expression


Statement: TypeAlias = (
    Assign
    | AnnotatedAssign
    | AugmentedAssign
    | Return
    | Assert
    | If
    | For
    | Match
    | Try
    | Break
    | Continue
    | Pass
    | ExpressionStatement
)


# --- patterns of `case` ---------------------------------------------------------------------------------


class ValuePattern(Node, frozen=True, gc=False):
    """A constant, a string, a negative number or a dotted name."""

    value: Expression


class CapturePattern(Node, frozen=True, gc=False):
    """A name that binds what it matches; `_` binds nothing."""

    name: Identifier


class StarPattern(Node, frozen=True, gc=False):
    """`*rest` in a sequence pattern."""

    name: Identifier


class SequencePattern(Node, frozen=True, gc=False):
    """`[a, b, *rest]`, `(a, b)` or `a, b`"""

    elements: tuple[Pattern, ...]


class MappingPattern(Node, frozen=True, gc=False):
    """`{"key": pattern}`; `rest` is the name behind `**`."""

    entries: tuple[tuple[Expression, Pattern], ...]
    rest: Identifier | None = None


class ClassPattern(Node, frozen=True, gc=False):
    """`Entity(name=n, kind="person")`"""

    name: Expression
    positional: tuple[Pattern, ...]
    keywords: tuple[tuple[Identifier, Pattern], ...]


class OrPattern(Node, frozen=True, gc=False):
    """`a | b`"""

    options: tuple[Pattern, ...]


class AsPattern(Node, frozen=True, gc=False):
    """`pattern as name`"""

    pattern: Pattern
    name: Identifier


Pattern: TypeAlias = (
    ValuePattern
    | CapturePattern
    | StarPattern
    | SequencePattern
    | MappingPattern
    | ClassPattern
    | OrPattern
    | AsPattern
)


# --- parts of declarations ------------------------------------------------------------------------------


class Parameter(Node, frozen=True, gc=False):
    """A parameter of a function, a lambda or a module; the bare star has the kind `*` and no name."""

    name: Identifier | None
    annotation: Expression | None
    default: Expression | None
    kind: Literal["", "*"] = ""


class Field(Node, frozen=True, gc=False):
    """A field of a signature or module (`input`, `output`) or an attribute of a record."""

    direction: Literal["input", "output", "attribute"]
    name: Identifier
    type: Expression | None
    """None only where the language lets it out: an output of a module with `forward`."""
    default: Expression | None
    where: Expression | None
    message: String | None
    """What is said where the condition does not hold, in place of the condition itself."""
    description: String | None


class Removal(Node, frozen=True, gc=False):
    """`del name`: fields of the base that are not taken over."""

    names: tuple[Identifier, ...]


class Demo(Node, frozen=True, gc=False):
    """`demo question="…", answer="…"`"""

    arguments: tuple[Argument, ...]


class Member(Node, frozen=True, gc=False):
    """A member of an enumeration."""

    name: Identifier
    value: Expression | None
    description: String | None


class Part(Node, frozen=True, gc=False):
    """`name = Constructor(…)` in a module's body."""

    name: Identifier
    value: Expression


class ImportedName(Node, frozen=True, gc=False):
    """`name` or `name as alias` of a `from … import`."""

    name: Identifier
    alias: Identifier | None


# --- declarations ---------------------------------------------------------------------------------------


class FileDocstring(Node, frozen=True, gc=False):
    """The string at the top of a file."""

    value: String


class FromImport(Node, frozen=True, gc=False):
    """`from ..package.module import a, b as c`; `level` counts the leading dots."""

    level: int
    module: tuple[Identifier, ...]
    names: tuple[ImportedName, ...]


class Import(Node, frozen=True, gc=False):
    """`import package.module as alias`"""

    module: tuple[Identifier, ...]
    alias: Identifier | None


class ValueDeclaration(Node, frozen=True, gc=False):
    """`KIND name = value`.

    The kinds: `lm`, `module`, `signature`, `dataset`, `optimizer`, `program`, `evaluate`, `tools`.
    """

    kind: str
    names: tuple[Identifier, ...]
    """One name, or several for `dataset train, dev = rows.split(…)`."""
    value: Expression


class TypeAliasDeclaration(Node, frozen=True, gc=False):
    """`type NAME = type`"""

    name: Identifier
    value: Expression


class TypeDeclaration(Node, frozen=True, gc=False):
    """`type NAME:` or `type NAME(base):` and the attributes of a record."""

    name: Identifier
    base: Expression | None
    """The record whose attributes are taken over."""
    docstring: String | None
    attributes: tuple[Field, ...]
    removals: tuple[Removal, ...]


class EnumDeclaration(Node, frozen=True, gc=False):
    """`enum NAME:` and its members."""

    name: Identifier
    docstring: String | None
    members: tuple[Member, ...]


class SignatureDeclaration(Node, frozen=True, gc=False):
    """`signature NAME:` or `signature NAME(base):` with fields and demos."""

    name: Identifier
    base: Expression | None
    """The signature whose fields and instructions are taken over."""
    docstring: String | None
    fields: tuple[Field, ...]
    removals: tuple[Removal, ...]
    demos: tuple[Demo, ...]


class ModuleDeclaration(Node, frozen=True, gc=False):
    """`module NAME(parameters):` with fields, parts, `forward:` and `fallback:`."""

    name: Identifier
    parameters: tuple[Parameter, ...]
    docstring: String | None
    fields: tuple[Field, ...]
    parts: tuple[Part, ...]
    forward: tuple[Statement, ...] | None
    fallback: tuple[Statement, ...] | None


class FunctionDeclaration(Node, frozen=True, gc=False):
    """`def NAME(parameters) -> returns:`"""

    name: Identifier
    parameters: tuple[Parameter, ...]
    returns: Expression | None
    docstring: String | None
    body: tuple[Statement, ...]


class TestDeclaration(Node, frozen=True, gc=False):
    """`test "title":`"""

    title: String
    body: tuple[Statement, ...]


class ConstantDeclaration(Node, frozen=True, gc=False):
    """`NAME = value` or `NAME: type = value`"""

    name: Identifier
    annotation: Expression | None
    value: Expression


class ConfigureDeclaration(Node, frozen=True, gc=False):
    """`configure(lm=…, …)`"""

    arguments: tuple[Argument, ...]


Declaration: TypeAlias = (
    FileDocstring
    | FromImport
    | Import
    | ValueDeclaration
    | TypeAliasDeclaration
    | TypeDeclaration
    | EnumDeclaration
    | SignatureDeclaration
    | ModuleDeclaration
    | FunctionDeclaration
    | TestDeclaration
    | ConstantDeclaration
    | ConfigureDeclaration
)
