"""Declarations to lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from .. import syntax
from .expressions import BIT_OR, argument, arguments, expression, expressions, parameter
from .statements import INDENT, block
from .strings import string


def declaration(node: syntax.Declaration) -> Iterator[str]:
    """The lines of a declaration; the lines of a docstring are one."""
    match node:
        case syntax.FileDocstring(value=value):
            yield string(value, is_docstring=True)
        case syntax.FromImport() | syntax.Import():
            yield _import(node)
        case syntax.ValueDeclaration(kind=kind, names=names, value=value):
            yield f"{kind} {', '.join(name.text for name in names)} = {expression(value)}"
        case syntax.TypeAliasDeclaration(name=name, value=value):
            yield f"type {name.text} = {expression(value)}"
        case syntax.ConstantDeclaration(name=name, annotation=annotation, value=value):
            shown = "" if annotation is None else f": {expression(annotation, BIT_OR)}"
            yield f"{name.text}{shown} = {expressions(value)}"
        case syntax.ConfigureDeclaration(arguments=given):
            yield f"configure({arguments(given)})"
        case syntax.TypeDeclaration() | syntax.EnumDeclaration() | syntax.SignatureDeclaration():
            yield from _with_members(node)
        case syntax.ModuleDeclaration():
            yield from _module(node)
        case syntax.FunctionDeclaration():
            yield from _function(node)
        case syntax.TestDeclaration(title=title, body=body):
            yield f"test {string(title)}:"
            yield from block(body)
        case _:
            assert_never(node)


def _import(node: syntax.FromImport | syntax.Import) -> str:
    module = ".".join(name.text for name in node.module)
    if isinstance(node, syntax.Import):
        return f"import {module}" + ("" if node.alias is None else f" as {node.alias.text}")
    listed = [
        name.name.text + ("" if name.alias is None else f" as {name.alias.text}") for name in node.names
    ]
    return f"from {'.' * node.level}{module} import {', '.join(listed)}"


def _with_members(
    node: syntax.TypeDeclaration | syntax.EnumDeclaration | syntax.SignatureDeclaration,
) -> Iterator[str]:
    match node:
        case syntax.TypeDeclaration(attributes=attributes):
            word, lines = "type", [*_removals(node), *(field(each) for each in attributes)]
        case syntax.EnumDeclaration(members=members):
            word, lines = "enum", [_member(each) for each in members]
        case _:
            lines = [*_removals(node), *(field(each) for each in node.fields)]
            lines += [f"demo {', '.join(argument(each) for each in demo.arguments)}" for demo in node.demos]
            word = "signature"
    base = None if isinstance(node, syntax.EnumDeclaration) else node.base
    yield f"{word} {node.name.text}{'' if base is None else f'({expression(base)})'}:"
    yield from _docstring(node.docstring)
    yield from (INDENT + line for line in lines)


def _removals(node: syntax.TypeDeclaration | syntax.SignatureDeclaration) -> list[str]:
    return [f"del {', '.join(name.text for name in each.names)}" for each in node.removals]


def _module(node: syntax.ModuleDeclaration) -> Iterator[str]:
    listed = ", ".join(parameter(each) for each in node.parameters)
    yield f"module {node.name.text}{f'({listed})' if listed else ''}:"
    yield from _docstring(node.docstring)
    yield from (INDENT + field(each) for each in node.fields)
    if node.fields and node.parts:
        yield ""
    yield from (f"{INDENT}{part.name.text} = {expression(part.value)}" for part in node.parts)
    for word, body in (("forward", node.forward), ("fallback", node.fallback)):
        if body is not None:
            yield f"{INDENT}{word}:"
            yield from (INDENT + line for line in block(body))


def _function(node: syntax.FunctionDeclaration) -> Iterator[str]:
    listed = ", ".join(parameter(each) for each in node.parameters)
    returns = "" if node.returns is None else f" -> {expression(node.returns, BIT_OR)}"
    yield f"def {node.name.text}({listed}){returns}:"
    yield from _docstring(node.docstring)
    yield from block(node.body)


def _docstring(node: syntax.String | None) -> Iterator[str]:
    if node is not None:
        yield INDENT + string(node, is_docstring=True)


def field(node: syntax.Field) -> str:
    """A field of a signature or module, or an attribute of a record."""
    written = node.name.text if node.direction == "attribute" else f"{node.direction} {node.name.text}"
    written += "" if node.type is None else f": {expression(node.type, BIT_OR)}"
    written += "" if node.default is None else f" = {expression(node.default)}"
    written += "" if node.where is None else f" where {expression(node.where)}"
    written += "" if node.message is None else f", {string(node.message)}"
    return written + ("" if node.description is None else f" {string(node.description)}")


def _member(node: syntax.Member) -> str:
    written = node.name.text + ("" if node.value is None else f" = {expression(node.value)}")
    return written + ("" if node.description is None else f" {string(node.description)}")
