"""What is in a syntax tree: all its nodes, and the names that a declaration gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..grammar import syntax
from ..grammar.trees import parts_with_nodes
from ..grammar.trees import walk as walk


def by_class(nodes: Sequence[syntax.Node]) -> Mapping[type, Sequence[Any]]:
    """Nodes by their classes, in the order in which they come."""
    found: dict[type, list[Any]] = {}
    for node in nodes:
        kind = node.__class__
        if kind in found:
            found[kind].append(node)
        else:
            found[kind] = [node]
    return found


def children(node: syntax.Node) -> Sequence[syntax.Node]:
    """The nodes right beneath a node."""
    names = parts_with_nodes(type(node))
    if not names:
        return ()
    found: list[syntax.Node] = []
    for name in names:
        value = getattr(node, name)
        if value.__class__ is tuple:
            _collect(value, found)
        elif isinstance(value, syntax.Node):
            found.append(value)
    return found


def _collect(values: tuple[Any, ...], found: list[syntax.Node]) -> None:
    for value in values:
        if isinstance(value, syntax.Node):
            found.append(value)
        elif value.__class__ is tuple:
            _collect(value, found)


def declared_names(declaration: syntax.Declaration | None) -> tuple[syntax.Identifier, ...]:
    """The names that a declaration or import gives to the file."""
    match declaration:
        case syntax.ValueDeclaration(names=names):
            return names
        case syntax.FromImport(names=imported):
            return tuple(each.alias or each.name for each in imported)
        case syntax.Import(module=module, alias=alias):
            return (alias or module[0],) if alias or module else ()
        case (
            syntax.TypeAliasDeclaration(name=name)
            | syntax.TypeDeclaration(name=name)
            | syntax.EnumDeclaration(name=name)
            | syntax.SignatureDeclaration(name=name)
            | syntax.ModuleDeclaration(name=name)
            | syntax.FunctionDeclaration(name=name)
            | syntax.ConstantDeclaration(name=name)
        ):
            return (name,)
        case _:
            return ()


def kind_of(declaration: syntax.Declaration | None) -> str:
    """What a declaration makes, in the words of the language; empty for what makes nothing to be used."""
    match declaration:
        case syntax.ValueDeclaration(kind=kind):
            return kind
        case syntax.TypeAliasDeclaration():
            return "alias"
        case syntax.TypeDeclaration():
            return "type"
        case syntax.EnumDeclaration():
            return "enum"
        case syntax.SignatureDeclaration():
            return "signature"
        case syntax.ModuleDeclaration():
            return "module class"
        case syntax.FunctionDeclaration():
            return "function"
        case syntax.ConstantDeclaration():
            return "constant"
        case _:
            return ""


def member_named(declaration: syntax.Declaration, name: str) -> syntax.Identifier | None:
    """What a declaration declares under a name; with a dot before it, what stands inside of it."""
    if not name.startswith("."):
        return next((each for each in declared_names(declaration) if each.text == name), None)
    word, _, text = name[1:].rpartition(" ")
    match declaration:
        case (
            syntax.TypeDeclaration(attributes=fields)
            | syntax.SignatureDeclaration(fields=fields)
            | syntax.ModuleDeclaration(fields=fields)
        ):
            return next(
                (each.name for each in fields if each.direction == word and each.name.text == text), None
            )
        case syntax.EnumDeclaration(members=members):
            return next((each.name for each in members if each.name.text == text), None)
        case _:
            return None


def lacks_forward(declaration: syntax.Declaration | None) -> bool:
    """Whether a module has inputs or outputs, but does not say how they are worked out."""
    return (
        isinstance(declaration, syntax.ModuleDeclaration)
        and declaration.forward is None
        and bool(declaration.fields)
    )
