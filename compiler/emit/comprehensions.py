"""Comprehensions: items that make calls run together, each as a call or as a small async function."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from msgspec.structs import replace

from ...grammar import syntax
from ..schedule import effects as scheduled
from ..schedule.names import names, targets
from . import awaitables, blocks, expressions
from .code import call, constant, function, load, store
from .scope import Scope


def comprehension(scope: Scope, node: syntax.Comprehension) -> ast.expr:
    """A comprehension as an expression that has its result."""
    if not scheduled.waits_in_items(scope, node):
        return _plain(scope, node)
    cut = _cut(scope, node)
    if cut is not None:
        together = ast.Await(scope.here.at(node, _split(scope, node, *cut)))
        lists = call(scope.here.names.helper("flow", "flatten"), [together])
        return _collected(scope, node, lists)
    return _collected(scope, node, ast.Await(scope.here.at(node, gathered(scope, node))))


def awaitable(scope: Scope, node: syntax.Comprehension) -> ast.expr | None:
    """What has to be started for a comprehension's list; None when more than that is to be done."""
    if node.kind not in ("list", "generator") or not scheduled.waits_in_items(scope, node):
        return None
    return gathered(scope, node) if _cut(scope, node) is None else None


def gathered(scope: Scope, node: syntax.Comprehension) -> ast.expr:
    """`flow.gather(item for …)`: all items together."""
    item = _direct(replace(_inside(scope, node.clauses), prelude=[]), node)
    if item is None:
        inner = _inside(scope, node.clauses)
        item = _item(scope, inner, node.clauses, [syntax.Return(node.span, _value(node), None)], node)
    return _gather(scope, node.clauses, item, scheduled.effects(scope, node.element))


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
    if isinstance(element, syntax.DictEntry) or scheduled.waits_within(scope, element):
        return None
    later = [part for clause in node.clauses[1:] for part in (clause.iterable, *clause.conditions)]
    if any(name in scope.pending for name in scope.reads(element, *later, *node.clauses[0].conditions)):
        return None
    made = awaitables.awaitable(scope, element)
    if scope.prelude:
        # A function for its own items would need the variables of these.
        scope.prelude.clear()
        return None
    return made


def _value(node: syntax.Comprehension) -> syntax.Expression:
    """What an item gives: of a dict, the pair of its key and its value."""
    if not isinstance(node.element, syntax.DictEntry):
        return node.element
    assert node.element.key is not None
    return syntax.Tuple(node.element.span, (node.element.key, node.element.value))


def _item(
    scope: Scope,
    inside: Scope,
    clauses: Sequence[syntax.ComprehensionClause],
    body: Sequence[syntax.Statement],
    node: syntax.Node,
) -> ast.expr:
    """Define a small async function for an item, and call it with the variables of the clauses."""
    name = scope.function.fresh("item")
    inner = inside.nested()
    lines = blocks.block(inner, body)
    inner.function.bind_closures(scope.here.names)
    decorators = [scope.here.names.helper("flow", "scope")] if inner.function.starts else []
    reads = {each.id for line in lines for each in ast.walk(line) if isinstance(each, ast.Name)}
    bound = [each for each in _bound(scope, clauses) if each in reads]
    anything = scope.here.names.standard("Any")
    arguments = ast.arguments([], [ast.arg(each, anything) for each in bound], None, [], [], None, [])
    defined = function(name, lines, arguments, returns=anything, decorators=decorators, asynchronous=True)
    scope.prelude.append(scope.here.at(node, defined))
    scope.function.closes(arguments, reads - set(bound))
    return call(load(name), [load(each) for each in bound])


def _bound(scope: Scope, clauses: Sequence[syntax.ComprehensionClause]) -> list[str]:
    found: dict[str, None] = {}
    for clause in clauses:
        for node in names(clause.target):
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
            if scheduled.waits(scope, test) or _pending(scope, test):
                return index, number
        following = node.clauses[index + 1 : index + 2]
        if any(scheduled.waits(scope, each.iterable) or _pending(scope, each.iterable) for each in following):
            return index, len(clause.conditions)
    return None


def _pending(scope: Scope, node: syntax.Expression) -> bool:
    return any(name in scope.pending for name in scope.reads(node))


def _split(scope: Scope, node: syntax.Comprehension, index: int, conditions: int) -> ast.expr:
    """Items that are lists: one for each turn of the clauses up to the one that makes calls."""
    outer, rest = node.clauses[: index + 1], node.clauses[index + 1 :]
    body: list[syntax.Statement] = []
    for test in outer[-1].conditions[conditions:]:
        nothing = syntax.Return(test.span, syntax.List(test.span, ()), None)
        branch = syntax.IfBranch(test.span, syntax.Unary(test.span, "not", test), (nothing,))
        body.append(syntax.If(test.span, (branch,), ()))
    body.append(syntax.Return(node.span, _items_inside(node, rest), None))
    effects = scheduled.effects(scope, *outer[-1].conditions[conditions:], *rest, node.element)
    item = _item(scope, _inside(scope, outer), outer, body, node)
    return _gather(scope, outer, item, effects, conditions)


def _items_inside(
    node: syntax.Comprehension, rest: tuple[syntax.ComprehensionClause, ...]
) -> syntax.Expression:
    """The list of what one turn of the outer clauses gives."""
    if not rest:
        return syntax.List(node.span, (_value(node),))
    if isinstance(node.element, syntax.DictEntry):
        return syntax.Comprehension(node.span, "list", _value(node), rest)
    return syntax.Comprehension(node.span, "list", node.element, rest)


def _collected(scope: Scope, node: syntax.Comprehension, items: ast.expr) -> ast.expr:
    """What the comprehension makes of its list of items, without Python names that may be shadowed."""
    if node.kind == "set":
        return ast.Set([ast.Starred(items, ast.Load())])
    if node.kind == "dict":
        key, value = scope.function.fresh("key"), scope.function.fresh("value")
        pair = ast.Tuple([store(key), store(value)], ast.Store())
        return ast.DictComp(load(key), load(value), [ast.comprehension(pair, items, [], 0)])
    return items
