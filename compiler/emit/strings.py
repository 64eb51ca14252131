"""Strings: texts, and the signatures that some of them write."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ...grammar import syntax
from ..trees import walk
from . import hints
from .code import Keywords, call, constant
from .scope import Scope


def string(scope: Scope, node: syntax.String, name: str | None = None) -> ast.expr:
    """A string; as a signature, one that names types of the file is made with them."""
    found = scope.here.item.signature_string(node)
    custom = _custom_types(scope, found.fields) if found is not None else []
    text = scope.here.at(node, constant(node.value))
    if not custom and name is None:
        return text
    keywords: Keywords = [] if name is None else [("signature_name", constant(name))]
    if custom:
        keys: list[ast.expr | None] = [constant(each.text) for each in custom]
        values = [hints.annotation(scope.here, each) for each in custom]
        keywords.append(("custom_types", ast.Dict(keys, values)))
    return scope.here.at(node, call(scope.here.names.helper("dspy", "make_signature"), [text], keywords))


def _custom_types(scope: Scope, fields: Sequence[syntax.Field]) -> list[syntax.Name]:
    found: dict[str, syntax.Name] = {}
    for field in fields:
        for each in walk(field.type) if field.type is not None else ():
            symbol = scope.symbol(each) if isinstance(each, syntax.Name) else None
            if (
                isinstance(each, syntax.Name)
                and symbol is not None
                and symbol.kind not in ("builtin", "runtime")
            ):
                found.setdefault(each.text, each)
    return list(found.values())
