"""Records, enumerations and aliases."""

from __future__ import annotations

import ast
from inspect import cleandoc

from ...grammar import syntax
from .. import types
from ..trees import walk
from . import expressions, hints, where
from .code import Here, assign, attribute, call, class_definition, constant, load, store
from .scope import Function, Scope
from .signatures import docstring, is_number, options, written_type


def alias(here: Here, node: syntax.TypeAliasDeclaration) -> ast.stmt:
    """`type NAME = type`"""
    kind = here.names.standard("TypeAlias")
    target = here.at(node.name, store(node.name.text))
    return here.at(node, ast.AnnAssign(target, kind, hints.annotation(here, node.value), 1))


def record(here: Here, node: syntax.TypeDeclaration) -> list[ast.stmt]:
    """A record as a pydantic model, after other names for the types that its own attributes hide."""
    hidden = _hidden_types(here, node)
    before: list[ast.stmt] = [assign(store(other), value) for other, value in hidden.values()]
    body: list[ast.stmt] = docstring(node.docstring)
    base = _base(here, node)
    if node.base is not None and node.docstring is None:
        body.append(assign(store("__doc__"), attribute(hints.annotation(here, node.base), "__doc__")))
    for field in node.attributes:
        kind = here.item.type_of(field.type) if field.type is not None else None
        found = where.conditions(
            here, field.name.text, field.where, numeric=kind is not None and is_number(kind)
        )
        written = (
            found.choices
            if found.choices is not None
            else written_type(here, field, here.item.type_of(field))
        )
        written = _Renamed({name: other for name, (other, _) in hidden.items()}).visit(written)
        keywords = options(here, field, found, "description")
        value = _default(here, field, found, keywords)
        target = here.at(field.name, store(field.name.text))
        body.append(here.at(field, ast.AnnAssign(target, written, value, 1)))
    again = _inherited(here, node)
    body += again
    made: ast.stmt = class_definition(node.name.text, [base], body or [ast.Pass()])
    if again or not SHADOWS.isdisjoint(field.name.text for field in node.attributes):
        made = ast.With([ast.withitem(call(here.names.helper("attributes", "shadowing")), None)], [made])
    return [here.at(node, each) for each in (*before, made)]


def enumeration(here: Here, node: syntax.EnumDeclaration, *, is_stub: bool = False) -> ast.stmt:
    """An enumeration: of strings where all its values are; a bare member's value is its name."""
    scope = Scope(here, Function(set()))
    body: list[ast.stmt] = docstring(node.docstring)
    values: list[ast.expr] = []
    for member in node.members:
        value = (
            constant(member.name.text)
            if member.value is None
            else expressions.expression(scope, member.value)
        )
        values.append(value)
        body.append(here.at(member, assign(store(member.name.text), value)))
    strings = all(isinstance(value, ast.Constant) and isinstance(value.value, str) for value in values)
    base = here.names.helper("enum", "StrEnum" if strings else "Enum")
    decorators = [] if is_stub else _described(here, node)
    return here.at(
        node, class_definition(node.name.text, [base], body or [ast.Pass()], decorators=decorators)
    )


def _described(here: Here, node: syntax.EnumDeclaration) -> list[ast.expr]:
    """The decorator that says what the members mean."""
    texts = [
        (each.name.text, here.at(each.description, constant(cleandoc(each.description.value))))
        for each in node.members
        if each.description is not None
    ]
    return [call(here.names.helper("attributes", "described"), [], texts)] if texts else []


def _base(here: Here, node: syntax.TypeDeclaration) -> ast.expr:
    """The class that a record's class derives from."""
    if node.base is None:
        return here.names.helper("pydantic", "BaseModel")
    base = here.at(node.base, hints.annotation(here, node.base))
    removed = [here.at(name, constant(name.text)) for each in node.removals for name in each.names]
    if not removed:
        return base
    return here.at(node.base, call(here.names.helper("attributes", "without"), [base, *removed]))


def _default(
    here: Here, field: syntax.Field, found: where.Conditions, keywords: list[tuple[str | None, ast.expr]]
) -> ast.expr | None:
    """What stands behind the `=` of an attribute: its default, or all that is known of it."""
    if found.others or field.message is not None or "pattern" in found.limits:
        if found.others:
            keywords.append(("where", where.pairs(here, found.others)))
        if field.message is not None:
            keywords.append(("message", here.at(field.message, constant(cleandoc(field.message.value)))))
        return call(here.names.helper("attributes", "attribute"), [], keywords)
    if len(keywords) == 1 and keywords[0][0] == "default":
        return keywords[0][1]
    if not keywords and field.name.text not in _OF_CLASSES:
        return None
    return call(here.names.helper("pydantic", "Field"), [], keywords)


def _inherited(here: Here, node: syntax.TypeDeclaration) -> list[ast.stmt]:
    """Attributes of the base that pydantic would take a method of its classes for, once more as they are."""
    symbol = here.program.symbols.get(node.name.text)
    record = symbol.type.type if symbol is not None and isinstance(symbol.type, types.TypeForm) else None
    if node.base is None or not isinstance(record, types.Record):
        return []
    own = {field.name.text for field in node.attributes}
    lines: list[ast.stmt] = []
    for name in (each.name for each in record.interface.fields):
        if name in _OF_CLASSES and name not in own:
            known = attribute(hints.annotation(here, node.base), INHERITED)
            field = ast.Subscript(known, constant(name), ast.Load())
            lines.append(ast.AnnAssign(store(name), attribute(field, "annotation"), field, 1))
    return lines


INHERITED = "model_fields"
"""Where a model keeps what is known of its attributes."""

SHADOWS = frozenset(
    [
        "construct", "copy", "dict", "from_orm", "json", "mro", "parse_file", "parse_obj", "parse_raw",
        "register", "schema", "schema_json", "update_forward_refs", "validate",
    ]
)  # fmt: skip
"""Attributes of every pydantic model that a record's own may have the name of; pydantic warns of each."""

_OF_CLASSES = frozenset({"mro", "register"})
"""Methods of pydantic's classes, which an attribute without a value of its own would have for its default."""


def _hidden_types(here: Here, node: syntax.TypeDeclaration) -> dict[str, tuple[str, ast.expr]]:
    """Types whose name an attribute has: in the class's body, the attribute would be found in its place."""
    own = {field.name.text for field in node.attributes}
    found: dict[str, tuple[str, ast.expr]] = {}
    for field in node.attributes:
        for each in walk(field.type) if field.type is not None else ():
            if isinstance(each, syntax.Name) and each.text in own and each.text not in found:
                value = hints.annotation(here, each)
                found[each.text] = (here.names.fresh(f"{each.text}_type"), value)
    return found


class _Renamed(ast.NodeTransformer):
    """An annotation with other names for some types."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Replace a name."""
        if node.id in self.names:
            return ast.copy_location(load(self.names[node.id]), node)
        return node
