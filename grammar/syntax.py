"""The abstract syntax: one frozen dataclass for each thing a `.dspy` file can say.

Spans count code points from the start of the *item* (the top-level declaration or import) that a node
belongs to, never from the start of the file: an item's text alone decides its nodes, so they are shared
between edits. `Item.start` places them; see `grammar.parse`.

A place where something is missing holds a `Missing` node, a missing name is an `Identifier` with an empty
text, so no attribute is ever absent because of a mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import EllipsisType
from typing import Literal, TypeAlias

from .source import Span


@dataclass(frozen=True, slots=True)
class Node:
    """What every node has: where it stands in its item."""

    span: Span


@dataclass(frozen=True, slots=True)
class Identifier(Node):
    """A name that is declared or that labels something: `question` in `input question: str`."""

    text: str


# --- expressions (types are expressions too) ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Missing(Node):
    """An expression that should stand here and does not; the parser has reported it."""


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A name that is used."""

    text: str


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A number, `True`, `False`, `None` or `...`."""

    value: int | float | bool | EllipsisType | None


@dataclass(frozen=True, slots=True)
class String(Node):
    """A string literal without interpolation."""

    value: str
    raw: str
    """The token as written, with prefix and quotes."""


@dataclass(frozen=True, slots=True)
class Interpolation(Node):
    """One `{value!conversion:format}` of an f-string."""

    value: Expression
    conversion: Literal["", "s", "r", "a"]
    format: tuple[str | Interpolation, ...]
    debug: str = ""
    """The text `x = ` of a `{x = }`, which is printed too."""


@dataclass(frozen=True, slots=True)
class FString(Node):
    """An f-string; literal parts are unescaped text."""

    parts: tuple[str | Interpolation, ...]
    raw: str


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    """`value.name`"""

    value: Expression
    name: Identifier


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """An argument of a call: `x`, `name=x`, `*x` or `**x`."""

    name: Identifier | None
    value: Expression
    star: Literal["", "*", "**"] = ""


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`function(arguments)`"""

    function: Expression
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Subscript(Node):
    """`value[index]`; several indexes are a `Tuple`."""

    value: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Slice(Node):
    """`lower:upper:step`, only as an index."""

    lower: Expression | None
    upper: Expression | None
    step: Expression | None


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`-x`, `+x`, `~x`, `not x`"""

    operator: Literal["-", "+", "~", "not"]
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """An arithmetic or bitwise operation, `|` of types among them."""

    left: Expression
    operator: str
    right: Expression


@dataclass(frozen=True, slots=True)
class Boolean(Node):
    """`a and b and c`, or the same with `or`."""

    operator: Literal["and", "or"]
    values: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`left op1 right1 op2 right2 …`; operators as Python writes them (`not in` with one space)."""

    left: Expression
    operators: tuple[str, ...]
    rights: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`body if test else otherwise`"""

    body: Expression
    test: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Lambda(Node):
    """`lambda parameters: body`, only as an argument."""

    parameters: tuple[Parameter, ...]
    body: Expression


@dataclass(frozen=True, slots=True)
class Starred(Node):
    """`*value` in a tuple, list or set, or among targets."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Tuple(Node):
    """`a, b` with or without brackets."""

    elements: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class List(Node):
    """`[a, b]`"""

    elements: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Set(Node):
    """`{a, b}`"""

    elements: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class DictEntry(Node):
    """`key: value`, or `**value` where `key` is None."""

    key: Expression | None
    value: Expression


@dataclass(frozen=True, slots=True)
class Dict(Node):
    """`{key: value, **more}`"""

    entries: tuple[DictEntry, ...]


@dataclass(frozen=True, slots=True)
class ComprehensionClause(Node):
    """`for target in iterable if condition …`"""

    target: Expression
    iterable: Expression
    conditions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Comprehension(Node):
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


@dataclass(frozen=True, slots=True)
class Assign(Node):
    """`target = value`; a target is a `Name`, a `Tuple`/`List` of targets or a `Starred` one."""

    target: Expression
    value: Expression


@dataclass(frozen=True, slots=True)
class AnnotatedAssign(Node):
    """`name: annotation = value`"""

    target: Identifier
    annotation: Expression
    value: Expression


@dataclass(frozen=True, slots=True)
class AugmentedAssign(Node):
    """`target += value`; `operator` is without the `=`."""

    target: Expression
    operator: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Return(Node):
    """`return`, `return value`, or `return a=x, **found`: then `outputs` is not None and `value` is."""

    value: Expression | None
    outputs: tuple[Argument, ...] | None


@dataclass(frozen=True, slots=True)
class Assert(Node):
    """`assert test, message` or `suggest test, message`"""

    test: Expression
    message: Expression | None
    suggest: bool


@dataclass(frozen=True, slots=True)
class IfBranch(Node):
    """`if test:` or `elif test:` and its block."""

    test: Expression
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if`, its `elif`s, and its `else` (empty without one)."""

    branches: tuple[IfBranch, ...]
    otherwise: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class For(Node):
    """`for target in iterable:` and its block."""

    target: Expression
    iterable: Expression
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Case(Node):
    """`case pattern if guard:` and its block."""

    pattern: Pattern
    guard: Expression | None
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Match(Node):
    """`match subject:` and its cases."""

    subject: Expression
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Break(Node):
    """`break`"""


@dataclass(frozen=True, slots=True)
class Continue(Node):
    """`continue`"""


@dataclass(frozen=True, slots=True)
class Pass(Node):
    """`pass`"""


@dataclass(frozen=True, slots=True)
class ExpressionStatement(Node):
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
    | Break
    | Continue
    | Pass
    | ExpressionStatement
)


# --- patterns of `case` ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ValuePattern(Node):
    """A constant, a string, a negative number or a dotted name."""

    value: Expression


@dataclass(frozen=True, slots=True)
class CapturePattern(Node):
    """A name that binds what it matches; `_` binds nothing."""

    name: Identifier


@dataclass(frozen=True, slots=True)
class StarPattern(Node):
    """`*rest` in a sequence pattern."""

    name: Identifier


@dataclass(frozen=True, slots=True)
class SequencePattern(Node):
    """`[a, b, *rest]`, `(a, b)` or `a, b`"""

    elements: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class MappingPattern(Node):
    """`{"key": pattern}`; `rest` is the name behind `**`."""

    entries: tuple[tuple[Expression, Pattern], ...]
    rest: Identifier | None = None


@dataclass(frozen=True, slots=True)
class ClassPattern(Node):
    """`Entity(name=n, kind="person")`"""

    name: Expression
    positional: tuple[Pattern, ...]
    keywords: tuple[tuple[Identifier, Pattern], ...]


@dataclass(frozen=True, slots=True)
class OrPattern(Node):
    """`a | b`"""

    options: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class AsPattern(Node):
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


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A parameter of a function, a lambda or a module; the bare star has the kind `*` and no name."""

    name: Identifier | None
    annotation: Expression | None
    default: Expression | None
    kind: Literal["", "*"] = ""


@dataclass(frozen=True, slots=True)
class Field(Node):
    """A field of a signature or module (`input`, `output`) or an attribute of a record."""

    direction: Literal["input", "output", "attribute"]
    name: Identifier
    type: Expression | None
    """None only where the language lets it out: an output of a module with `forward`."""
    default: Expression | None
    where: Expression | None
    description: String | None


@dataclass(frozen=True, slots=True)
class Demo(Node):
    """`demo question="…", answer="…"`"""

    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Member(Node):
    """A member of an enumeration."""

    name: Identifier
    value: Expression | None
    description: String | None


@dataclass(frozen=True, slots=True)
class Part(Node):
    """`name = Constructor(…)` in a module's body."""

    name: Identifier
    value: Expression


@dataclass(frozen=True, slots=True)
class ImportedName(Node):
    """`name` or `name as alias` of a `from … import`."""

    name: Identifier
    alias: Identifier | None


# --- declarations ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileDocstring(Node):
    """The string at the top of a file."""

    value: String


@dataclass(frozen=True, slots=True)
class FromImport(Node):
    """`from ..package.module import a, b as c`; `level` counts the leading dots."""

    level: int
    module: tuple[Identifier, ...]
    names: tuple[ImportedName, ...]


@dataclass(frozen=True, slots=True)
class Import(Node):
    """`import package.module as alias`"""

    module: tuple[Identifier, ...]
    alias: Identifier | None


@dataclass(frozen=True, slots=True)
class ValueDeclaration(Node):
    """`KIND name = value`.

    The kinds: `lm`, `module`, `signature`, `dataset`, `optimizer`, `program`, `evaluate`, `tools`.
    """

    kind: str
    names: tuple[Identifier, ...]
    """One name, or several for `dataset train, dev = rows.split(…)`."""
    value: Expression


@dataclass(frozen=True, slots=True)
class TypeAliasDeclaration(Node):
    """`type NAME = type`"""

    name: Identifier
    value: Expression


@dataclass(frozen=True, slots=True)
class TypeDeclaration(Node):
    """`type NAME:` and the attributes of a record."""

    name: Identifier
    docstring: String | None
    attributes: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class EnumDeclaration(Node):
    """`enum NAME:` and its members."""

    name: Identifier
    docstring: String | None
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class SignatureDeclaration(Node):
    """`signature NAME:` with fields and demos."""

    name: Identifier
    docstring: String | None
    fields: tuple[Field, ...]
    demos: tuple[Demo, ...]


@dataclass(frozen=True, slots=True)
class ModuleDeclaration(Node):
    """`module NAME(parameters):` with fields, parts, `forward:` and `fallback:`."""

    name: Identifier
    parameters: tuple[Parameter, ...]
    docstring: String | None
    fields: tuple[Field, ...]
    parts: tuple[Part, ...]
    forward: tuple[Statement, ...] | None
    fallback: tuple[Statement, ...] | None


@dataclass(frozen=True, slots=True)
class FunctionDeclaration(Node):
    """`def NAME(parameters) -> returns:`"""

    name: Identifier
    parameters: tuple[Parameter, ...]
    returns: Expression | None
    docstring: String | None
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class TestDeclaration(Node):
    """`test "title":`"""

    title: String
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class ConstantDeclaration(Node):
    """`NAME = value` or `NAME: type = value`"""

    name: Identifier
    annotation: Expression | None
    value: Expression


@dataclass(frozen=True, slots=True)
class ConfigureDeclaration(Node):
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
