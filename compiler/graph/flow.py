"""A program to its graph: which calls wait for which, by the same facts that decide what runs together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from ...grammar import syntax
from .. import types
from ..program import Program, Symbol
from ..query.describe import describe_bound
from ..schedule import effects, turns
from ..schedule.bounds import most_calls
from ..schedule.calls import is_part_call, waiting_kind
from ..schedule.count import ONE, ZERO
from ..schedule.dependence import Compound, Unit, units
from ..schedule.here import Here
from ..schedule.names import names, targets
from ..schedule.retries import regions
from ..schedule.view import reads
from ..trees import walk
from .drawing import Block, Drawing, number_of
from .model import Graph, StepKind


def draw(program: Program, symbol: Symbol) -> Graph | None:
    """The graph of a module, program or module class of a file; None for anything else."""
    if not isinstance(symbol.type, types.Module | types.ModuleClass):
        return None
    bound = most_calls(program, symbol)
    calls = "" if bound is None else describe_bound(bound)
    found = _body_of(Here(program, program.items[0]), symbol)
    drawing = Drawing()
    if found is None:
        _draw_call(drawing, symbol, _constructed(program, symbol))
    else:
        here, node = found
        _draw_body(drawing, here, node)
    return Graph(symbol.name, calls, tuple(drawing.steps), tuple(drawing.edges))


def _body_of(here: Here, symbol: Symbol) -> tuple[Here, syntax.ModuleDeclaration] | None:
    """The module with a body that a name leads to: through `M()` and `OPTIMIZER.compile(m, …)`."""
    for _ in range(20):
        there = here.at(symbol.place)
        declaration = there.item.declaration if there is not None else None
        if there is None:
            return None
        if isinstance(declaration, syntax.ModuleDeclaration):
            return (there, declaration) if declaration.forward is not None else None
        value = getattr(declaration, "value", None)
        if not isinstance(value, syntax.Call):
            return None
        is_compiled = isinstance(value.function, syntax.Attribute) and value.function.name.text == "compile"
        name = value.arguments[0].value if is_compiled and value.arguments else value.function
        following = there.symbol(name) if isinstance(name, syntax.Name) else None
        if following is None:
            return None
        here, symbol = there, following
    return None


def _constructed(program: Program, symbol: Symbol) -> str:
    """How a module without a body is made, as the program writes it."""
    there = Here(program, program.items[0]).at(symbol.place)
    value = getattr(there.item.declaration, "value", None) if there is not None else None
    return _text(there, value) if there is not None and value is not None else ""


# --- bodies ---------------------------------------------------------------------------------------------


def _draw_call(drawing: Drawing, symbol: Symbol, made: str) -> None:
    """A module without a body: its inputs, one call, its outputs."""
    kind = symbol.type
    interface = kind.interface if isinstance(kind, types.Module) else types.Interface(symbol.name)
    inputs = drawing.add("inputs", _listed([each.name for each in interface.inputs]) or "inputs")
    call = drawing.add("call", symbol.name, [made])
    outputs = drawing.add("outputs", _listed([each.name for each in interface.outputs]) or "outputs")
    drawing.connect([inputs], call)
    drawing.connect([call], outputs)


def _draw_body(drawing: Drawing, here: Here, node: syntax.ModuleDeclaration) -> None:
    given = [each.name.text for each in node.fields if each.direction == "input"]
    made = [each.name.text for each in node.fields if each.direction == "output"]
    inputs = drawing.add("inputs", _listed(given) or "no inputs")
    outputs = drawing.add("outputs", _listed(made) or "no outputs")
    parent = drawing.add("forward", "forward") if node.fallback is not None else None
    inside = replace(
        here,
        body=node.forward or (),
        defaults=turns.configured(here.program),
        is_retried=True,
        is_module=True,
        parameters=frozenset(id(each.name) for each in node.parameters),
        replaced={},
    )
    values = {name: frozenset((inputs,)) for name in given}
    _draw_block(drawing, Block(inside, values, parent, outputs), node.forward or ())
    if node.fallback is not None and parent is not None:
        other = drawing.add("fallback", "fallback, if forward fails")
        drawing.connect([parent], other, "failure")
        below = Block(replace(inside, body=node.fallback, replaced={}), dict(values), other, outputs)
        _draw_block(drawing, below, node.fallback)
        if not any(each.target == outputs and other in drawing.around(each.source) for each in drawing.edges):
            drawing.connect([other], outputs)
        if not any(each.source == inputs and parent in drawing.around(each.target) for each in drawing.edges):
            drawing.connect([inputs], parent)
    if not any(each.target == outputs for each in drawing.edges):
        drawing.connect([parent or inputs], outputs)


def _draw_block(drawing: Drawing, block: Block, statements: Sequence[syntax.Statement]) -> None:
    found = units(block.here, statements, single=True)
    for unit in found:
        if drawing.is_full():
            return
        _draw_unit(drawing, block, unit)
    _draw_retries(drawing, block, found)


def _draw_unit(drawing: Drawing, block: Block, unit: Unit) -> None:
    """Add the steps of a statement, and note where the variables that it sets come from."""
    statement = unit.statement
    needed = block.sources(unit.reads)
    match statement:
        case syntax.Return() as node:
            _draw_return(drawing, block, node)
            return
        case syntax.Assert() as node:
            made = _draw_assert(drawing, block, node)
        case _ if not unit.calls and not (isinstance(statement, Compound) and unit.barrier):
            made = needed
        case syntax.If() | syntax.For() | syntax.Match() | syntax.Try() as node:
            made = _draw_compound(drawing, block, unit, node)
            block.barriers = made if unit.barrier and made else block.barriers
            return
        case _:
            made = _draw_calls(drawing, block, unit, unit.taken_out or _value(statement), needed)
    for name in unit.writes:
        block.values[name] = made
    if unit.barrier:
        block.barriers = made or block.barriers


def _value(statement: syntax.Statement) -> syntax.Node:
    return getattr(statement, "value", statement)


def _draw_return(drawing: Drawing, block: Block, node: syntax.Return) -> None:
    values = [each.value for each in node.outputs or ()] if node.value is None else [node.value]
    needed = _draw_inside(drawing, block, values)
    if block.is_last and needed:
        drawing.connect(needed, block.outputs)
        return
    step = drawing.add("return", _text(block.here, node), (), block.parent)
    drawing.connect(needed, step)
    drawing.connect([step], block.outputs)


def _draw_assert(drawing: Drawing, block: Block, node: syntax.Assert) -> frozenset[str]:
    needed = _draw_inside(drawing, block, [node.test])
    word = "suggest" if node.suggest else "assert"
    step = drawing.add("assert", f"{word} {_text(block.here, node.test)}", (), block.parent)
    drawing.connect(needed, step)
    _wait(drawing, block, step)
    return frozenset((step,))


def _draw_inside(drawing: Drawing, block: Block, values: Iterable[syntax.Expression]) -> frozenset[str]:
    """Draw the calls that expressions make on the way to their values; the steps that these come from."""
    values = list(values)
    for root in [root for value in values for root in effects.roots(block.here, value)]:
        if id(root) not in block.here.replaced:
            first = len(drawing.steps)
            _draw_block(drawing, block, [syntax.ExpressionStatement(root.span, root)])
            made = [step.id for step in drawing.steps[first:] if step.parent == block.parent]
            name = block.here.fresh("value")
            block.here.replaced[id(root)] = name
            block.values[name] = frozenset(made[-1:])
    return block.sources(reads(block.here, *values))


def _wait(drawing: Drawing, block: Block, step: str) -> None:
    """Note that a step waits for what may end the block before it, where no value says so already."""
    for barrier in block.barriers:
        if not drawing.reaches(barrier, step):
            drawing.connect([barrier], step, "order")


def _draw_retries(drawing: Drawing, block: Block, found: Sequence[Unit]) -> None:
    """Say at the asserts, and by edges, which calls are made again when they fail."""
    if not block.here.is_retried:
        return
    times = turns.retries(block.here.defaults)
    for region in regions(block.here, found):
        tried = [drawing.by_call[call] for call in region.tried if call in drawing.by_call]
        asserts = [
            step
            for step in drawing.steps
            if step.kind == "assert" and step.parent == block.parent
            if any(drawing.reaches(call, step.id) for call in tried)
        ]
        for step in asserts:
            called = [_called(drawing.steps[number_of(each)].title) for each in dict.fromkeys(tried)]
            again = f"if not: {_listed(called)} again, at most {times} {'time' if times == ONE else 'times'}"
            index = number_of(step.id)
            drawing.steps[index] = replace(step, details=(again,))
            for each in tried:
                drawing.connect([step.id], each, "again", "again")


def _called(title: str) -> str:
    return title.rpartition(" = ")[2].partition("(")[0]


# --- statements with blocks -----------------------------------------------------------------------------


def _draw_compound(drawing: Drawing, block: Block, unit: Unit, node: Compound) -> frozenset[str]:
    """The steps of a statement with blocks, one for each block, and where its variables come from then."""
    results = {name: block.values.get(name, frozenset()) for name in unit.writes & unit.reads}
    made: list[str] = []
    for kind, title, body, condition in _ways(block.here, node):
        inside = replace(block, values=dict(block.values))
        if any(effects.waits(block.here, each) or _ends(each) for each in body):
            needed = _draw_inside(drawing, block, condition)
            step = drawing.add(kind, title, (), block.parent)
            drawing.connect(needed, step)
            _wait(drawing, block, step)
            if isinstance(node, syntax.Try) and made:
                drawing.connect(made[:1], step, "failure")
            made.append(step)
            inside = block.inside(step)
            inside.values |= {name: frozenset((step,)) for name in _own(node)}
        _draw_block(drawing, inside, body)
        for name in unit.writes:
            results[name] = results.get(name, frozenset()) | inside.values.get(name, frozenset())
    for name in unit.writes:
        block.values[name] = results.get(name) or frozenset(made)
    return frozenset(made)


def _ends(statement: syntax.Statement) -> bool:
    return any(isinstance(each, syntax.Return | syntax.Assert) for each in walk(statement))


def _own(node: Compound) -> frozenset[str]:
    """The variables that a `for` gives its block."""
    return targets(node.target) if isinstance(node, syntax.For) else frozenset()


_Way = tuple[StepKind, str, tuple[syntax.Statement, ...], tuple[syntax.Expression, ...]]


def _ways(here: Here, node: Compound) -> Iterable[_Way]:
    """The blocks of a statement: what each is, when it runs, and what decides that."""
    match node:
        case syntax.If(branches=branches, otherwise=otherwise):
            for index, branch in enumerate(branches):
                word = "elif" if index else "if"
                yield "branch", f"{word} {_text(here, branch.test)}", branch.body, (branch.test,)
            yield "branch", "else", otherwise, (branches[0].test,)
        case syntax.For(target=target, iterable=iterable, body=body):
            title = f"for {_text(here, target)} in {_text(here, iterable)}, one after the other"
            yield "loop", title, body, (iterable,)
        case syntax.Match(subject=subject, cases=cases):
            for case in cases:
                title = f"{_text(here, subject)} is {_text(here, case.pattern)}"
                yield "branch", title, case.body, (subject,)
        case syntax.Try(body=body, clauses=clauses):
            yield "try", "try", body, ()
            for clause in clauses:
                yield "branch", f"except {_text(here, clause.kind)}", clause.body, ()


# --- calls ----------------------------------------------------------------------------------------------


def _draw_calls(
    drawing: Drawing, block: Block, unit: Unit, value: syntax.Node, needed: frozenset[str]
) -> frozenset[str]:
    """The step of a call, or of a comprehension that makes calls, from which the unit's variables come."""
    root = next(iter(effects.roots(block.here, value)), value)
    written = sorted(name for name in unit.writes if " " not in name)
    if isinstance(root, syntax.Comprehension):
        return _draw_comprehension(drawing, block, root, needed)
    call = root if isinstance(root, syntax.Call) else next(iter(_calls(block.here, root)), None)
    if call is None:
        return needed
    text = _text(block.here, call)
    title = f"{', '.join(written)} = {text}" if written and unit.taken_out is None else text
    step = drawing.add("call", title, _details(block.here, call), block.parent)
    drawing.by_call[id(call)] = step
    drawing.connect(needed, step)
    _wait(drawing, block, step)
    return frozenset((step,))


def _calls(here: Here, node: syntax.Node) -> Iterable[syntax.Call]:
    return (
        each for each in walk(node) if isinstance(each, syntax.Call) and waiting_kind(here, each) is not None
    )


def _details(here: Here, call: syntax.Call) -> Iterable[str]:
    """What a call calls, and how many calls of models it makes."""
    function = call.function
    while isinstance(function, syntax.Subscript | syntax.Attribute):
        function = function.value
    symbol = here.symbol(function) if isinstance(function, syntax.Name) else None
    if symbol is None:
        return
    value = here.value_of(symbol) if symbol.kind in {"part", "module", "program"} else None
    if value is not None:
        yield _text(*value)
    elif waiting_kind(here, call) is not None and not is_part_call(here, call):
        kind = here.call_kind(call).target
        yield {"python": "Python", "lm": "language model", "function": "function"}.get(kind, "")
    bound = most_calls(here.program, symbol) if is_part_call(here, call) else None
    if bound is not None and bound.without_retries not in (ONE, ZERO):
        yield f"at most {bound.without_retries} calls"


def _draw_comprehension(
    drawing: Drawing, block: Block, node: syntax.Comprehension, needed: frozenset[str]
) -> frozenset[str]:
    clauses = [
        f"{_text(block.here, each.target)} in {_text(block.here, each.iterable)}" for each in node.clauses
    ]
    step = drawing.add("each", f"for each {', '.join(clauses)}, at the same time", (), block.parent)
    drawing.connect(needed, step)
    _wait(drawing, block, step)
    inside = block.inside(step)
    for clause in node.clauses:
        inside.values |= {name.text: frozenset((step,)) for name in names(clause.target)}
    tests = [test for clause in node.clauses for test in clause.conditions]
    _draw_inside(drawing, inside, tests)
    inside.barriers = frozenset(each.id for each in drawing.steps if each.parent == step)
    entry = node.element
    values = [entry.key, entry.value] if isinstance(entry, syntax.DictEntry) else [entry]
    _draw_inside(drawing, inside, [each for each in values if each is not None])
    return frozenset((step,))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _text(here: Here, node: syntax.Node) -> str:
    """What is written, on one line and not too long."""
    text = here.item.text[node.span.start : node.span.end]
    return _shortened(re.sub(r",?\s*([)\]}])", r"\1", re.sub(r"([(\[{])\s+", r"\1", " ".join(text.split()))))


def _shortened(text: str) -> str:
    return text if len(text) <= 48 else f"{text[:47]}…"
