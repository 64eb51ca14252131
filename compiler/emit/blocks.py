"""Blocks of statements: what needs a call's result waits for it, what does not runs beside it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from ...grammar import syntax
from ..schedule import dependence, effects
from ..schedule.dependence import Compound, Unit
from ..schedule.names import free_names
from ..schedule.retries import Region, asserts, regions
from ..schedule.view import reads
from ..trees import walk
from . import awaitables, expressions, statements
from .code import assign, call, constant, function, load, store
from .conversion import converted, is_converted
from .scope import Handle, Scope


def block(scope: Scope, body: Sequence[syntax.Statement]) -> list[ast.stmt]:
    """The Python statements of a block; never none."""
    if not scope.asynchronous:
        return [made for each in body for made in simple(scope, each)] or [ast.Pass()]
    asserted = scope.retried and any(asserts(each) for each in body)
    found = dependence.units(scope, body, single=asserted)
    again = regions(scope, found) if asserted else []
    return _run(scope, found, again) or [ast.Pass()]


def inner_block(scope: Scope, body: Sequence[syntax.Statement]) -> list[ast.stmt]:
    """A block inside another: what it starts has ended with it."""
    inside = replace(scope, pending=dict(scope.pending), prelude=[])
    made = block(inside, body)
    if not isinstance(body[-1] if body else None, syntax.Return | syntax.Break | syntax.Continue):
        made += finish(inside, scope.pending)
    return made


def finish(scope: Scope, before: dict[str, Handle]) -> list[ast.stmt]:
    """Wait for all that is in flight now and was not before, so that its variables have plain values."""
    waiting_for = [handle for name, handle in scope.pending.items() if before.get(name) is not handle]
    return [_resolve(scope, handle) for handle in dict.fromkeys(waiting_for)]


def simple(scope: Scope, statement: syntax.Statement) -> list[ast.stmt]:
    """A statement with the small functions that it needs before it."""
    made = statements.statement(scope, statement)
    before = list(scope.prelude)
    scope.prelude.clear()
    return [*before, *made]


# --- units ----------------------------------------------------------------------------------------------


def _run(scope: Scope, found: list[Unit], again: list[Region]) -> list[ast.stmt]:
    """Units in their order; a region that is tried again takes the place of its units."""
    inside = {id(unit): region for region in again for unit in region.units}
    made: list[ast.stmt] = []
    begun: set[int] = set()
    for index, unit in enumerate(found):
        for region in again:
            if region.ready == index and id(region) not in begun:
                begun.add(id(region))
                made += _region(scope, found, index, region)
        mine = inside.get(id(unit))
        if mine is None:
            made += _unit(scope, found, index)
        elif unit is found[mine.last]:
            if id(mine) not in begun:
                begun.add(id(mine))
                made += _region(scope, found, index, mine)
            made += _finish_region(scope, mine)
    return made


def _unit(scope: Scope, found: Sequence[Unit], index: int) -> list[ast.stmt]:
    unit = found[index]
    made: list[ast.stmt] = []
    if _runs_beside(scope, unit, found[index:]):
        step = None if unit.barrier else _step(scope, unit)
        if step is not None:
            return step
        # The statement itself has to be waited for; the calls that it begins with need not go through here.
        for first in dependence.first_calls(scope, unit.statement) if unit.calls else ():
            made += _step(scope, first) or []
    return [*made, *_resolve_shared(scope, unit), *_inline(scope, unit)]


def _runs_beside(scope: Scope, unit: Unit, following: Sequence[Unit]) -> bool:
    """Whether a unit has to wait for something while other calls run: ones before it, or ones behind it."""
    if not (unit.calls or unit.reads & scope.pending.keys()):
        return False
    if not unit.barrier and dependence.independent_call_after(following, 0):
        return True
    # Calls begin in the order of the text: this one must not overtake a step that was only just started.
    own = [name for name, handle in scope.pending.items() if handle not in scope.function.inherited]
    return unit.calls and any(name not in unit.reads for name in own)


def _inline(scope: Scope, unit: Unit) -> list[ast.stmt]:
    made: list[ast.stmt] = []
    if isinstance(unit.statement, syntax.Try):
        made += _before_try(scope, unit.statement)
    if isinstance(unit.statement, Compound):
        # What the block may give another value must have a plain one on every way.
        handles = [scope.pending[name] for name in sorted(unit.writes & scope.pending.keys())]
        made += [_resolve(scope, handle) for handle in dict.fromkeys(handles)]
    made += _working_out(scope, unit, lambda: simple(scope, unit.statement))
    _change(scope, unit.writes)
    return made


def _before_try(scope: Scope, node: syntax.Try) -> list[ast.stmt]:
    """Wait for what the block reads, because an error of that is none of the block's.

    Where the block may leave a loop, for all that is in flight, which is waited for before a loop is left.
    """
    read = reads(scope, *node.body)
    leaves = any(isinstance(each, syntax.Break | syntax.Continue) for each in walk(node))
    names = sorted(name for name in scope.pending if leaves or name in read)
    return [_resolve(scope, handle) for handle in dict.fromkeys(scope.pending[name] for name in names)]


def _working_out(scope: Scope, unit: Unit, make: Callable[[], list[ast.stmt]]) -> list[ast.stmt]:
    """Write down a unit that was taken out: here its expression is the call, not the variable."""
    if unit.taken_out is None:
        return make()
    name = scope.replaced.pop(id(unit.taken_out))
    try:
        return make()
    finally:
        scope.replaced[id(unit.taken_out)] = name


# --- steps ----------------------------------------------------------------------------------------------


def _step(scope: Scope, unit: Unit) -> list[ast.stmt] | None:
    """Start a unit and go on; None when it cannot be told what its variables are afterwards."""
    match unit.statement:
        case syntax.Assign(target=syntax.Name(text=text), value=value):
            return _started(scope, unit, value, (scope.local(text),))
        case syntax.AnnotatedAssign(target=syntax.Identifier(text=text), annotation=annotation, value=value):
            if not is_converted(scope.here, annotation, value):
                return _started(scope, unit, value, (scope.local(text),))
            return _function_step(
                scope, unit, (scope.local(text),), lambda inner: _converted(inner, annotation, value, text)
            )
        case syntax.ExpressionStatement(value=value):
            return _started(scope, unit, value, ())
        case (
            syntax.Assign()
            | syntax.AugmentedAssign()
            | syntax.If()
            | syntax.For()
            | syntax.Match()
            | syntax.Try()
        ):
            names = _results(scope, [unit], unit)
            if names is None:
                return None
            return _function_step(scope, unit, names, lambda inner: _block_with_result(inner, unit, names))
        case _:
            return None


def _results(scope: Scope, found: Sequence[Unit], whole: Unit) -> tuple[str, ...] | None:
    """The variables that are read elsewhere after these units; None when one of them may have no value."""
    inside = {id(node) for unit in found for node in free_names(unit.statement)}
    names = scope.function.names
    needed = {name for name in whole.writes if names.get(name, frozenset()) - inside or _made_up(scope, name)}
    surely = {scope.local(name) for unit in found for name in dependence.surely_written(unit.statement)}
    return tuple(sorted(needed)) if needed <= surely | scope.function.assigned else None


def _made_up(scope: Scope, name: str) -> bool:
    """Whether a variable is none of the text's: a value that was taken out of a statement."""
    return name in scope.replaced.values()


def _started(scope: Scope, unit: Unit, value: syntax.Expression, names: tuple[str, ...]) -> list[ast.stmt]:
    if not unit.reads & scope.pending.keys() and not effects.waits_within(scope, value):
        made = _working_out(scope, unit, lambda: _direct(scope, unit, value, names))
        if made:
            return made

    def body(inner: Scope) -> list[ast.stmt]:
        result = statements.result(inner, value)
        return [*inner.prelude, ast.Return(result) if names else ast.Expr(result)]

    return _function_step(scope, unit, names, body)


def _converted(
    inner: Scope, annotation: syntax.Expression, value: syntax.Expression, name: str
) -> list[ast.stmt]:
    result = converted(inner.here, annotation, value, statements.result(inner, value), name)
    return [*inner.prelude, ast.Return(result)]


def _direct(scope: Scope, unit: Unit, value: syntax.Expression, names: tuple[str, ...]) -> list[ast.stmt]:
    """`name = flow.start(part.acall(…))`"""
    work = awaitables.awaitable(scope, value)
    if work is None:
        return []
    before = list(scope.prelude)
    scope.prelude.clear()
    name = names[0] if names else scope.function.fresh(dependence.name_for(value))
    if unit.reads & scope.function.rebound and any(
        isinstance(each, ast.GeneratorExp) for each in ast.walk(work)
    ):
        # Its items are made while other statements run, which may give a variable another value.
        return []
    effects = [] if _says_effects(work) or unit.effects == 0 else [("effects", constant(unit.effects))]
    started = call(scope.here.names.helper("flow", "start"), [work], effects)
    made = scope.here.at(unit.statement, assign(store(name), started))
    scope.function.starts = True
    _change(scope, {name})
    scope.pending[name] = Handle(name)
    return [*before, made]


def _says_effects(work: ast.expr) -> bool:
    """`flow.call(…)` says by itself that it is one call with effects."""
    return isinstance(work, ast.Call) and isinstance(work.func, ast.Attribute) and work.func.attr == "call"


def _function_step(
    scope: Scope, unit: Unit, names: tuple[str, ...], body: Callable[[Scope], list[ast.stmt]]
) -> list[ast.stmt]:
    """`@flow.start` on an async function of no arguments."""
    inner = scope.nested()
    shared = _resolve_shared(inner, unit)
    name = (
        names[0]
        if len(names) == 1
        else scope.function.fresh("_and_".join(names) or dependence.name_of(unit.statement))
    )
    lines = [*shared, *_working_out(scope, unit, lambda: body(inner))]
    inner.function.bind_closures(scope.here.names)
    flow = scope.here.names.helper
    start: ast.expr = flow("flow", "start")
    if unit.effects != 0:
        start = call(start, [], [("effects", constant(unit.effects))])
    decorators = [start, *([flow("flow", "scope")] if inner.function.starts else [])]
    anything = scope.here.names.standard("Any")
    defined = function(name, lines, returns=anything, decorators=decorators, asynchronous=True)
    # A variable that the function changes begins with the value that it has here.
    known = scope.function.assigned - {name for name, handle in scope.pending.items() if handle.targets}
    for text in sorted(set(names) & unit.reads & known):
        defined.args.kwonlyargs.append(ast.arg(text, anything))
        defined.args.kw_defaults.append(load(text))
    scope.here.at(unit.statement, defined)
    scope.function.closes(defined.args, unit.reads - set(names))
    scope.function.starts = True
    _change(scope, {name, *names})
    handle = Handle(name, names if len(names) > 1 else ())
    scope.pending |= dict.fromkeys(names or (name,), handle)
    return [defined]


def _block_with_result(inner: Scope, unit: Unit, names: tuple[str, ...]) -> list[ast.stmt]:
    """The statements of a unit as a function's, which returns the variables that they give a value."""
    handles = [inner.pending[name] for name in sorted(set(names) & unit.reads & inner.pending.keys())]
    before = [_resolve(inner, handle) for handle in dict.fromkeys(handles)]
    if isinstance(unit.statement, syntax.Try):
        before += _before_try(inner, unit.statement)
    return [*before, *simple(inner, unit.statement), *_returning(inner, names)]


def _returning(scope: Scope, names: tuple[str, ...]) -> list[ast.stmt]:
    values = [expressions.variable(scope, name) for name in names]
    if not values:
        return []
    return [ast.Return(values[0] if len(values) == 1 else ast.Tuple(values, ast.Load()))]


# --- variables whose values are in flight ---------------------------------------------------------------


def _resolve_shared(scope: Scope, unit: Unit) -> list[ast.stmt]:
    """Wait for a step that has several variables, of which this unit reads one."""
    shared = [
        scope.pending[name]
        for name in sorted(unit.reads & scope.pending.keys())
        if scope.pending[name].targets
    ]
    return [_resolve(scope, handle) for handle in dict.fromkeys(shared)]


def _resolve(scope: Scope, handle: Handle) -> ast.stmt:
    """`name = await name`, or `a, b = await both` for those of the variables that have no later value."""
    value = ast.Await(load(handle.name))
    if not handle.targets:
        _change(scope, (handle.name,))
        return assign(store(handle.name), value)
    current = [name for name in handle.targets if scope.pending.get(name) is handle]
    targets: list[ast.expr] = [store(name if name in current else "_") for name in handle.targets]
    _change(scope, tuple(current))
    return assign(ast.Tuple(targets, ast.Store()), value)


def _change(scope: Scope, names: set[str] | frozenset[str] | tuple[str, ...]) -> None:
    """These variables have other values from here on."""
    moment = scope.function.tick()
    for name in names:
        scope.function.changes.append((name, moment))
        scope.pending.pop(name, None)


# --- regions that are tried again ---------------------------------------------------------------------


def _region(scope: Scope, found: Sequence[Unit], index: int, region: Region) -> list[ast.stmt]:
    """`for attempt in flow.attempts(self):` around the units; what follows runs beside it where it can."""
    unit = _as_unit(region)
    made = _resolve_shared(scope, unit)
    others = [unit, *(each for each in found[index:] if each not in region.units)]
    names = _results(scope, region.units, unit)
    if names is not None and not unit.barrier and dependence.independent_call_after(others, 0):
        return made + _function_step(
            scope, unit, names, lambda inner: [*_attempts(inner, region), *_returning(inner, names)]
        )
    made += _attempts(scope, region)
    _change(scope, unit.writes)
    return made


def _as_unit(region: Region) -> Unit:
    own: set[str] = set()
    reads: set[str] = set()
    for unit in region.units:
        reads |= unit.reads - own
        own |= unit.writes
    return Unit(
        region.units[-1].statement,
        frozenset(reads),
        frozenset(own),
        calls=True,
        barrier=any(unit.barrier and not isinstance(unit.statement, syntax.Assert) for unit in region.units),
        effects=0 if all(unit.effects == 0 for unit in region.units) else None,
    )


def _attempts(scope: Scope, region: Region) -> list[ast.stmt]:
    assert scope.receiver is not None
    name = scope.function.fresh("attempt")
    inside = replace(scope, pending=dict(scope.pending), prelude=[], attempt=name, tried=region.tried)
    lines: list[ast.stmt] = []
    for index, unit in enumerate(region.units):
        if asserts(unit.statement):
            lines += finish(inside, scope.pending)
        lines += _unit(inside, region.units, index)
    lines += finish(inside, scope.pending)
    attempts = call(scope.here.names.helper("flow", "attempts"), [load(scope.receiver)])
    body: list[ast.stmt] = [ast.With([ast.withitem(load(name), None)], lines)]
    first = region.units[0].statement
    return [scope.here.at(first, ast.For(store(name), attempts, body, []))]


def _finish_region(scope: Scope, region: Region) -> list[ast.stmt]:
    """At the place of its last `assert`, a region that was started is waited for."""
    own = {name for unit in region.units for name in unit.writes}
    handles = [scope.pending[name] for name in sorted(own & scope.pending.keys())]
    return [_resolve(scope, handle) for handle in dict.fromkeys(handles)]
