"""Declarations, and what they are made of."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .expressions import Argument, Expression, Parameter, String
from .node import Identifier, Node
from .statements import Statement


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
