"""Comprehensions: the items of one that makes calls run together, each as a call or as a small async function."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from ...grammar import syntax
from . import expressions, waiting
from .code import call, constant, function, load, store
from .scope import Scope, targets


def comprehension(scope: Scope, node: syntax.Comprehension) -> ast.expr:
    """A comprehension as an expression that has its result."""
    if not waiting.waits_in_items(scope, node):
        return _plain(scope, node)
    cut = _cut(scope, node)
    if cut is not None:
        together = ast.Await(scope.here.at(node, _split(scope, node, *cut)))
        lists = call(scope.here.names.helper("flow", "flatten"), [together])
        return _collected(scope, node, lists)
    return _collected(scope, node, ast.Await(scope.here.at(node, gathered(scope, node))))


def awaitable(scope: Scope, node: syntax.Comprehension) -> ast.expr | None:
    """What has to be started for a comprehension's list; None when more than that is to be done."""
    if node.kind not in ("list", "generator") or not waiting.waits_in_items(scope, node):
        return None
    return gathered(scope, node) if _cut(scope, node) is None else None


def gathered(scope: Scope, node: syntax.Comprehension) -> ast.expr:
    """`flow.gather(item for …)`: all items together."""
    inner = _inside(scope, node.clauses).nested()
    item = _direct(inner, node)
    if item is None:
        body: list[ast.stmt] = [ast.Return(_value(inner, node.element))]
        item = _item(scope, inner, node.clauses, body, node)
    return _gather(scope, node.clauses, item, waiting.effects(scope, node.element))


# --- plain comprehensions -------------------------------------------------------------------------------


def _plain(scope: Scope, node: syntax.Comprehension) -> ast.expr:
    inner = _inside(scope, node.clauses)
    clauses = _clauses(scope, node.clauses)
    if isinstance(node.element, syntax.DictEntry):
        assert node.element.key is not None
        key = expressions.expression(inner, node.element.key)
        return ast.DictComp(key, expressions.expression(inner, node.element.value), clauses)
    element = expressions.expression(inner, node.element)
    if node.kind == "set":
        return ast.SetComp(element, clauses)
    if node.kind == "generator" and not _awaits(element, clauses):
        return ast.GeneratorExp(element, clauses)
    return ast.ListComp(element, clauses)


def _awaits(element: ast.expr, clauses: list[ast.comprehension]) -> bool:
    """Whether a generator expression would have to wait: then it is a list, which has its items at once."""
    inner: list[ast.AST] = [element, *clauses[1:], *clauses[0].ifs]
    return any(isinstance(each, ast.Await) for part in inner for each in ast.walk(part))


def _clauses(
    scope: Scope, clauses: Sequence[syntax.ComprehensionClause], conditions: int | None = None
) -> list[ast.comprehension]:
    """The `for` and `if` clauses; of the last one only so many conditions."""
    made: list[ast.comprehension] = []
    inner = scope
    for index, clause in enumerate(clauses):
        iterable = expressions.expression(inner, clause.iterable)
        inner = _inside(inner, [clause])
        last = index == len(clauses) - 1
        tests = clause.conditions if conditions is None or not last else clause.conditions[:conditions]
        made.append(
            ast.comprehension(
                target=expressions.target(inner, clause.target),
                iter=iterable,
                ifs=[expressions.expression(inner, test) for test in tests],
                is_async=0,
            )
        )
    return made


def _inside(scope: Scope, clauses: Sequence[syntax.ComprehensionClause]) -> Scope:
    """The scope in which the variables of these clauses have values."""
    own = {scope.local(text) for clause in clauses for text in targets(clause.target)}
    return replace(scope, pending={name: handle for name, handle in scope.pending.items() if name not in own})


# --- items that make calls ------------------------------------------------------------------------------


def _direct(scope: Scope, node: syntax.Comprehension) -> ast.expr | None:
    """The item where it is one call that needs nothing awaited: `part.acall(…)`, `flow.call(…)`."""
    element = node.element
    if isinstance(element, syntax.DictEntry) or waiting.waits_within(scope, element):
        return None
    later = [part for clause in node.clauses[1:] for part in (clause.iterable, *clause.conditions)]
    if any(name in scope.pending for name in scope.reads(element, *later, *node.clauses[0].conditions)):
        return None
    return waiting.awaitable(scope, element)


def _value(scope: Scope, element: syntax.Expression | syntax.DictEntry) -> ast.expr:
    if not isinstance(element, syntax.DictEntry):
        return expressions.expression(scope, element)
    assert element.key is not None
    pair = [expressions.expression(scope, element.key), expressions.expression(scope, element.value)]
    return ast.Tuple(pair, ast.Load())


def _item(
    scope: Scope,
    inner: Scope,
    clauses: Sequence[syntax.ComprehensionClause],
    body: list[ast.stmt],
    node: syntax.Node,
) -> ast.expr:
    """Define a small async function for an item, and call it with the variables of the clauses."""
    reads = {each.id for part in body for each in ast.walk(part) if isinstance(each, ast.Name)}
    bound = [name for name in _bound(scope, clauses) if name in reads]
    name = scope.function.fresh("item")
    arguments = ast.arguments([], [ast.arg(each) for each in bound], None, [], [], None, [])
    defined = function(name, [*inner.prelude, *body], arguments, asynchronous=True)
    inner.prelude.clear()
    scope.prelude.append(scope.here.at(node, defined))
    scope.function.closes(arguments, reads - set(bound))
    return call(load(name), [load(each) for each in bound])


def _bound(scope: Scope, clauses: Sequence[syntax.ComprehensionClause]) -> list[str]:
    found: dict[str, None] = {}
    for clause in clauses:
        for node in waiting.names(clause.target):
            found[scope.local(node.text)] = None
    return list(found)


def _gather(
    scope: Scope,
    clauses: Sequence[syntax.ComprehensionClause],
    item: ast.expr,
    effects: int | None,
    conditions: int | None = None,
) -> ast.expr:
    items = ast.GeneratorExp(item, _clauses(scope, clauses, conditions))
    return call(
        scope.here.names.helper("flow", "gather"),
        [items],
        [("effects", constant(effects))] if effects != 0 and not _counts_itself(item) else [],
    )


def _counts_itself(item: ast.expr) -> bool:
    """`flow.call(…)` says by itself that it is one call with effects."""
    return isinstance(item, ast.Call) and isinstance(item.func, ast.Attribute) and item.func.attr == "call"


def _cut(scope: Scope, node: syntax.Comprehension) -> tuple[int, int] | None:
    """Where the clauses begin to make calls: a clause, and how many of its conditions come before."""
    for index, clause in enumerate(node.clauses):
        for number, test in enumerate(clause.conditions):
            if waiting.waits(scope, test) or _pending(scope, test):
                return index, number
        following = node.clauses[index + 1 : index + 2]
        if any(waiting.waits(scope, each.iterable) or _pending(scope, each.iterable) for each in following):
            return index, len(clause.conditions)
    return None


def _pending(scope: Scope, node: syntax.Expression) -> bool:
    return any(name in scope.pending for name in scope.reads(node))


def _split(scope: Scope, node: syntax.Comprehension, index: int, conditions: int) -> ast.expr:
    """Items that are lists: one for each turn of the clauses up to the one that makes calls."""
    outer, rest = node.clauses[: index + 1], node.clauses[index + 1 :]
    inner = _inside(scope, outer).nested()
    body: list[ast.stmt] = []
    for test in outer[-1].conditions[conditions:]:
        left_out = expressions.negated(expressions.expression(inner, test))
        body.append(scope.here.at(test, ast.If(left_out, [ast.Return(ast.List([], ast.Load()))], [])))
    if rest:
        kind = "dict" if isinstance(node.element, syntax.DictEntry) else "list"
        nested = syntax.Comprehension(node.span, "list" if kind == "list" else "dict", node.element, rest)
        value = comprehension(inner, nested)
        if kind == "dict":
            value = call(ast.Attribute(value, "items", ast.Load()))
    else:
        value = ast.List([_value(inner, node.element)], ast.Load())
    body.append(ast.Return(value))
    effects = waiting.effects(scope, *outer[-1].conditions[conditions:], *rest, node.element)
    item = _item(scope, inner, outer, body, node)
    return _gather(scope, outer, item, effects, conditions)


def _collected(scope: Scope, node: syntax.Comprehension, items: ast.expr) -> ast.expr:
    """The list of items as what the comprehension makes of them; written without names that may be shadowed."""
    if node.kind == "set":
        return ast.Set([ast.Starred(items, ast.Load())])
    if node.kind == "dict":
        key, value = scope.function.fresh("key"), scope.function.fresh("value")
        pair = ast.Tuple([store(key), store(value)], ast.Store())
        return ast.DictComp(load(key), load(value), [ast.comprehension(pair, items, [], 0)])
    return items
