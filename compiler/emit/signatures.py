"""Signatures, and the fields that signatures, records and modules share."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from inspect import cleandoc

from ...grammar import syntax
from .. import types
from . import expressions, hints, where
from .code import Here, call, class_definition, constant, load, no_parameters, store
from .conversion import converted_default
from .scope import Function, Scope

_NUMBERS = frozenset({"int", "float", "Decimal"})


def signature(here: Here, node: syntax.SignatureDeclaration) -> ast.ClassDef:
    """A signature with a body, as a class."""
    keywords: list[tuple[str, ast.expr]] = []
    base: ast.expr | None = None
    if node.base is not None:
        base = here.at(
            node.base, expressions.expression(Scope(here, Function(set(), (node.base,))), node.base)
        )
        removed = [here.at(name, constant(name.text)) for each in node.removals for name in each.names]
        if removed:
            keywords.append(("without", ast.Tuple(list(removed), ast.Load())))
    if node.demos:
        keywords.append(("demos", ast.List([_demo(here, demo) for demo in node.demos], ast.Load())))
    doc = docstring(node.docstring)
    return here.at(node, signature_class(here, node.name.text, node.fields, doc, keywords, {}, base))


def signature_class(
    here: Here,
    name: str,
    fields: Sequence[syntax.Field],
    doc: list[ast.stmt],
    keywords: Sequence[tuple[str, ast.expr]],
    inferred: Mapping[str, types.Type],
    base: ast.expr | None = None,
) -> ast.ClassDef:
    """A class of fields; the types of those without one are inferred."""
    body: list[ast.stmt] = [*doc, *(_field(here, field, inferred) for field in fields)]
    bases = [base or here.names.helper("dspy", "Signature")]
    return class_definition(name, bases, body or [ast.Pass()], keywords)


def docstring(node: syntax.String | None) -> list[ast.stmt]:
    """A docstring as a statement."""
    return [] if node is None else [ast.Expr(constant(node.value))]


def _field(here: Here, field: syntax.Field, inferred: Mapping[str, types.Type]) -> ast.stmt:
    kind = (
        here.item.type_of(field.type)
        if field.type is not None
        else inferred.get(field.name.text, types.UNKNOWN)
    )
    found = where.conditions(here, field.name.text, field.where, numeric=is_number(kind))
    written = found.choices if found.choices is not None else written_type(here, field, kind)
    keywords = options(here, field, found, "desc")
    if found.others:
        keywords.append(("where", where.pairs(here, found.others)))
    if field.message is not None:
        keywords.append(("message", here.at(field.message, constant(cleandoc(field.message.value)))))
    maker = here.names.helper("dspy", "InputField" if field.direction == "input" else "OutputField")
    target = here.at(field.name, store(field.name.text))
    return here.at(field, ast.AnnAssign(target, written, call(maker, [], keywords), 1))


def written_type(here: Here, field: syntax.Field, kind: types.Type) -> ast.expr:
    """A field's annotation: as the text has it, or the inferred type."""
    return hints.annotation(here, field.type) if field.type is not None else hints.inferred(here, kind)


def options(
    here: Here, field: syntax.Field, found: where.Conditions, description: str
) -> list[tuple[str | None, ast.expr]]:
    """A field's description, default and limits as keyword arguments."""
    keywords: list[tuple[str | None, ast.expr]] = []
    if field.description is not None:
        text = here.at(field.description, constant(cleandoc(field.description.value)))
        keywords.append((description, text))
    converted = converted_default(here, field)
    if converted is not None:
        keywords.append(("default_factory", converted))
    elif field.default is not None:
        keywords.append(_default(here, field.default))
    return [*keywords, *found.limits.items()]


def is_number(kind: types.Type) -> bool:
    """Whether a type is that of numbers, or of numbers or None."""
    options = [each for each in types.options(kind) if not isinstance(each, types.Nothing)]
    return bool(options) and all(
        isinstance(each, types.Builtin) and each.name in _NUMBERS for each in options
    )


def _default(here: Here, node: syntax.Expression) -> tuple[str, ast.expr]:
    """A default; what is made anew for each use is made by a function."""
    value = expressions.expression(Scope(here, Function(set(), (node,))), node)
    if isinstance(value, ast.Constant | ast.Attribute | ast.Name | ast.UnaryOp):
        return "default", value
    empty = {ast.List: "list", ast.Dict: "dict", ast.Set: "set"}.get(type(value))
    if empty is not None and not any(
        True for _ in ast.iter_child_nodes(value) if not isinstance(_, ast.Load)
    ):
        return "default_factory", load(empty)
    return "default_factory", here.at(node, ast.Lambda(no_parameters(), value))


def _demo(here: Here, demo: syntax.Demo) -> ast.expr:
    scope = Scope(here, Function(set(), (demo,)))
    keys: list[ast.expr | None] = []
    values: list[ast.expr] = []
    for argument in demo.arguments:
        if argument.name is not None:
            keys.append(here.at(argument.name, constant(argument.name.text)))
            values.append(expressions.expression(scope, argument.value))
    return here.at(demo, ast.Dict(keys, values))
