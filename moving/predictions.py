"""Predictions that get another field before they are returned, as new predictions with all fields.

pred = self.respond(context=context, question=question)
pred.context = context
return pred
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from .fields import Fields
from .names import Imports


def with_attributes(
    forward: ast.FunctionDef | ast.AsyncFunctionDef, parts: Mapping[str, Fields], imports: Imports
) -> None:
    """Let a `forward` return `Prediction(**pred, context=context)`, where it is known what `pred` has."""
    stored = [each.id for each in ast.walk(forward) if isinstance(each, ast.Name) and _is_stored(each)]
    own = forward.args.args[0].arg if forward.args.args else ""
    for block in list(_blocks(forward)):
        last = block[-1]
        name = last.value.id if isinstance(last, ast.Return) and isinstance(last.value, ast.Name) else ""
        fields = _fields_of(forward, name, own, parts)
        if stored.count(name) != 1 or fields is None:
            continue
        given = _given_before(block, name)
        if not given or given.keys() & fields.outputs.keys() or _is_held(forward, name, fields):
            continue
        keywords = [ast.keyword(None, ast.Name(name, ast.Load()))]
        keywords += [ast.keyword(key, value) for key, value in given.items()]
        returned = ast.Return(ast.Call(_prediction(imports), [], keywords))
        block[-len(given) - 1 :] = [ast.copy_location(returned, last)]
        ast.fix_missing_locations(forward)


def _is_held(forward: ast.AST, name: str, fields: Fields) -> bool:
    """Whether something else has a prediction, too, or looks at all of it, and sees what it is given."""
    apart = set()
    for node in ast.walk(forward):
        match node:
            case ast.Attribute(value=ast.Name() as place, attr=attribute, ctx=context) if (
                attribute in fields.outputs or isinstance(context, ast.Store)
            ):
                apart.add(place)
            case ast.Return(value=ast.Name() as place):
                apart.add(place)
    return any(
        isinstance(each, ast.Name) and each.id == name and not _is_stored(each) and each not in apart
        for each in ast.walk(forward)
    )


def _is_stored(node: ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _prediction(imports: Imports) -> ast.expr:
    alone = next((name for name, meant in imports.names.items() if meant == "Prediction"), None)
    if alone is not None:
        return ast.Name(alone, ast.Load())
    module = next(iter(imports.modules), "dspy")
    return ast.Attribute(ast.Name(module, ast.Load()), "Prediction", ast.Load())


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for each in ast.walk(node):
        for _, value in ast.iter_fields(each):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield value


def _fields_of(
    forward: ast.FunctionDef | ast.AsyncFunctionDef, name: str, own: str, parts: Mapping[str, Fields]
) -> Fields | None:
    """What a variable has that is the result of a part."""
    for node in ast.walk(forward):
        match node:
            case ast.Assign(targets=[ast.Name(id=bound)], value=value) if bound == name:
                value = value.value if isinstance(value, ast.Await) else value
                called = value.func if isinstance(value, ast.Call) else value
                if isinstance(called, ast.Attribute) and called.attr == "acall":
                    called = called.value
                match called:
                    case ast.Attribute(value=ast.Name(id=object_), attr=part) if object_ == own:
                        return parts.get(part)
    return None


def _given_before(block: Sequence[ast.stmt], name: str) -> dict[str, ast.expr]:
    """The attributes that a variable is given by the statements right before the last one, in their order.

    Nothing if one is given twice, or made of the variable: the order would matter.
    """
    found: list[tuple[str, ast.expr]] = []
    for each in reversed(block[:-1]):
        match each:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id=set_), attr=attribute)], value=value
            ) if set_ == name:
                found.insert(0, (attribute, value))
            case _:
                break
    read = {each.attr for _, value in found for each in ast.walk(value) if isinstance(each, ast.Attribute)}
    names = [attribute for attribute, _ in found]
    return dict(found) if len(set(names)) == len(names) and not read & set(names) else {}
