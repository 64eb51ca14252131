"""Metrics and rewards: functions of the shape that is asked for, which read fields that are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace as replaced

from ....grammar import syntax
from ... import types
from ...program import Binding, Item, Program, Symbol
from ...resolve.interfaces import interface_of
from ...types import Type
from ...types.assignable import assignable
from ..calls.arguments import CALLS, Call, called, calls
from ..data.steps import steps
from ..rule import Findings, declared_at, file_rule, label, replace, rule
from ..walking import remembered
from ..words import described, listed, meant_or_has, near
from .swapped import are_swapped

_SHAPES = {"metric": ("example", "pred"), "reward": ("args", "pred")}
_METRIC_EXTRAS = frozenset({"trace", "pred_name", "pred_trace"})
"""What a metric may take besides, by these names."""


@rule("E223", "function-shape", *CALLS)
def function_shape(program: Program, item: Item, node: Call) -> Findings:
    """A function that is handed over takes the wrong arguments, or a metric or reward returns the wrong type.

    A metric takes `(example, pred)` and, if it names them, `trace`, `pred_name` and `pred_trace`; it returns
    a bool, a number or a `Score`. A reward takes `(args, pred)` and returns a number.

    ```dspy
    module qa = Predict("question -> answer")

    def brief(pred: qa) -> float:
        return 1.0 if len(pred.answer) < 20 else 0.0

    module short = Refine(qa, 3, brief, 1.0)
    #                            ^^^^^ E223 a reward takes `(args, pred)`, but `brief` takes `(pred)`
    ```

    ```dspy
    module qa = Predict("question -> answer")

    def brief(args: qa, pred: qa) -> float:
        return 1.0 if len(pred.answer) < 20 else 0.0

    module short = Refine(qa, 3, brief, 1.0)
    ```
    """
    yield from _called_with_others(item, node)
    for role, argument in _callbacks(item, node):
        kind = item.type_of(argument.value)
        if role in _SHAPES and _is_object(kind):
            wants = ", ".join(_SHAPES[role])
            words = f"a {role} is a function `({wants})`, not {described(kind)}"
            is_class = isinstance(kind, types.Class) and kind.definition.is_a("Module")
            text = item.text[argument.value.span.start : argument.value.span.end]
            advice = f"construct it: `{text}(…)`" if is_class else "write a `def` that calls it"
            yield function_shape.at(argument.value, words, advice)
        if not isinstance(kind, types.Function) or role not in _SHAPES or kind.untyped:
            continue
        name = (
            item.text[argument.value.span.start : argument.value.span.end]
            if kind.name != "lambda"
            else "this"
        )
        shown = f"`{name}`" if name != "this" else name
        symbol = item.symbol_of(argument.value)
        labels = declared_at(program, symbol) if symbol is not None else ()
        if not _takes_two(kind, role):
            takes = ", ".join(each.name for each in kind.parameters)
            wants = ", ".join(_SHAPES[role])
            words = f"a {role} takes `({wants})`, but {shown} takes `({takes})`"
            yield function_shape.at(argument.value, words, labels=labels)
        elif not _is_number(kind.returns, role):
            wants = "a bool, a number or a `Score`" if role == "metric" else "a number"
            words = f"a {role} returns {wants}, but {shown} returns {described(kind.returns)}"
            yield function_shape.at(argument.value, words, labels=labels)


def _called_with_others(item: Item, node: Call) -> Findings:
    """`sorted(words, key=lambda a, b: …)`: a function that is called with another number of values, by a
    built-in function or by an optimizer. What a dataset calls is `wrong_row_function`'s.
    """
    for call in called(item, node):
        callee = call.binding.callee
        match callee:
            case types.Class(definition=definition):
                is_known = definition.is_a("Optimizer")
            case types.Function(origin=origin):
                is_known = origin == "builtin"
            case _:
                is_known = False
        for argument, parameter in call.binding.matched if is_known else ():
            kind = item.type_of(argument.value)
            if not isinstance(kind, types.Function) or kind.untyped:
                continue
            if kind.name != "lambda" and kind.origin != "declared":
                continue
            wanted = [
                len(each.parameters)
                for each in types.options(parameter.type)
                if isinstance(each, types.Callback) and not each.role and each.parameters is not None
            ]
            needed = sum(each.required and each.kind not in ("*", "**") for each in kind.parameters)
            taken = sum(each.kind not in ("keyword-only", "**") for each in kind.parameters)
            if any(each.kind == "*" for each in kind.parameters):
                continue
            if wanted and not any(needed <= count <= taken for count in wanted):
                count = "one value" if wanted[0] == 1 else f"{wanted[0]} values"
                takes = ", ".join(each.name for each in kind.parameters)
                name = f"`{kind.name}`" if kind.name != "lambda" else "this"
                words = f"`{parameter.name}` of `{call.name}` is called with {count}"
                yield function_shape.at(argument.value, f"{words}, but {name} takes `({takes})`")


def _is_object(kind: Type) -> bool:
    """Whether what stands for a function is a class, or a module whose inputs are not a function's."""
    match kind:
        case types.Module(interface=interface):
            names = {each.name for each in interface.inputs}
            return not interface.open and not names & {name for each in _SHAPES.values() for name in each}
        case types.ModuleClass():
            return True
        case types.Class(definition=definition):
            return definition.is_a("Module") or (definition.complete and "__call__" not in definition.members)
        case _:
            return False


def _callbacks(item: Item, node: Call) -> Iterator[tuple[str, syntax.Argument]]:
    """The arguments that stand where a function of some role is expected."""
    for call in called(item, node):
        for argument, parameter in call.binding.matched:
            for each in types.options(parameter.type):
                if isinstance(each, types.Callback) and each.role:
                    yield each.role, argument


def _takes_two(function: types.Function, role: str) -> bool:
    positional = [each for each in function.parameters if each.kind in ("", "positional-only")]
    if any(each.kind == "*" for each in function.parameters):
        return True
    extras = _METRIC_EXTRAS if role == "metric" else frozenset()
    if any(each.name in extras for each in positional[:2]):
        return False
    further = [*positional[2:], *(each for each in function.parameters if each.kind == "keyword-only")]
    return len(positional) >= 2 and all(not each.required or each.name in extras for each in further)


def _is_number(returns: Type, role: str) -> bool:
    return all(_is_number_or_score(each, role) for each in types.options(returns))


def _is_number_or_score(kind: Type, role: str) -> bool:
    if assignable(kind, types.FLOAT) or assignable(kind, types.BOOL):
        return True
    name = getattr(kind, "definition", kind)
    return role == "metric" and getattr(name, "name", "") == "Score"


@file_rule("E224", "metric-field", fix="sometimes")
def metric_field(program: Program) -> Findings:
    """A metric or reward reads a field that is missing from the program it is used for, or from its rows.

    The same applies to a filter of rows. What the type of a parameter lacks is covered by `unknown-field`;
    this rule covers what the type has, and the rows or the program of an evaluation lack.

    ```dspy
    module qa = Predict("question -> answer")

    def is_short(args, pred):
        return len(pred.text) < 20
    #                   ^^^^ E224 `pred` has no field `text`; it has `answer`

    module short = Refine(qa, N=3, reward_fn=is_short, threshold=1.0)
    ```

    ```dspy
    module qa = Predict("question -> answer")

    def is_short(args, pred):
        return len(pred.answer) < 20

    module short = Refine(qa, N=3, reward_fn=is_short, threshold=1.0)
    ```
    """
    judging = [item for item, _ in program.found(_judging_parameters) if not item.broken]
    uses = list(_uses(program)) if judging else []
    for item in judging:
        declaration = item.declaration
        assert isinstance(declaration, syntax.FunctionDeclaration)
        function = program.symbols.get(declaration.name.text)
        told: set[int] = set()
        for use in uses:
            if use.function is function:
                for each in _missing_fields(program, item, use, told):
                    yield each.shifted(item.start)
    yield from _of_lambdas(program)


@remembered
def _judging_parameters(item: Item) -> list[tuple[int, str]]:
    """The first two parameters of a function that have no type or some fields, with their indexes."""
    declaration = item.declaration
    if not isinstance(declaration, syntax.FunctionDeclaration):
        return []
    return [
        (index, each.name.text)
        for index, each in enumerate(declaration.parameters[:2])
        if each.name is not None
        and (each.annotation is None or isinstance(item.type_of(each.annotation), types.Fields))
    ]


def _of_lambdas(program: Program) -> Findings:
    """The same for `metric=lambda example, pred: …`, where it stands."""
    for item, given in program.found(handing_over):
        for _, binding, argument, role in given:
            function = argument.value
            if not isinstance(function, syntax.Lambda) or role not in _SHAPES or len(function.parameters) < 2:
                continue
            names = [(i, each.name.text) for i, each in enumerate(function.parameters[:2]) if each.name]
            own = [item.symbol_of(each.name) for each in function.parameters[:2] if each.name]
            told: set[int] = set()
            for interface, rows in judged(program, item, binding.matched):
                use = _Use(None, role, interface, types.Place(program.path, item.at(argument)), rows)
                for found in _not_there(program, item, use, told, names, own):
                    yield replaced(found, labels=()).shifted(item.start)


def _missing_fields(program: Program, item: Item, use: _Use, told: set[int]) -> Findings:
    parameters = _judging_parameters(item)
    if use.role == "reward" and len(parameters) < 2 and _takes_one(item):
        return  # its shape is another finding
    yield from _not_there(program, item, use, told, parameters)


def _not_there(
    program: Program,
    item: Item,
    use: _Use,
    told: set[int],
    parameters: Sequence[tuple[int, str]],
    own: Sequence[Symbol | None] = (),
) -> Findings:
    """The reads of fields that are missing; `own` are the symbols of a lambda's parameters."""
    if are_swapped([name for _, name in parameters], use.role):
        return
    for index, parameter in parameters:
        fields = _given(use, index)
        if fields is None:
            continue
        names = [each.name for each in fields]
        for name, read in _reads(item, parameter, own):
            if name not in names and not _is_method(program, name) and id(read) not in told:
                told.add(id(read))
                message = f"`{parameter}` has no field `{name}`{meant_or_has(name, names)}"
                close = near(name, names)
                right = close if isinstance(read, syntax.Identifier) else f'"{close}"'
                fix = replace(f"Change to `{close}`", read, right) if close and right else None
                labels = label(program, use.place, use.words)
                yield metric_field.at(read, message, fix=fix, labels=labels)


def _given(use: _Use, index: int) -> tuple[types.Field, ...] | None:
    """The fields that a parameter has, by its index; None where these cannot be known."""
    if index == 0 and use.role != "reward":
        if use.rows.open or use.judged.open:
            return None
        # A row has the inputs with a default, too.
        return (*use.rows.fields, *(each for each in use.judged.inputs if not each.required))
    if use.judged.open:
        return None
    return use.judged.outputs if index == 1 else use.judged.inputs


def _takes_one(item: Item) -> bool:
    declaration = item.declaration
    return isinstance(declaration, syntax.FunctionDeclaration) and len(declaration.parameters) < 2


class _Use(Struct, frozen=True):
    """A place where a function is used as a metric or reward, and the fields that it judges there."""

    function: Symbol | None
    role: str
    judged: types.Interface
    place: types.Place
    rows: types.Interface = types.OPEN
    """The columns of the rows that it gets."""

    @property
    def words(self) -> str:
        """What it is used for."""
        if not self.role:
            return "used for the rows of a dataset here"
        return f"used as a {self.role} for {listed([self.judged.name])}"


@remembered
def handing_over(item: Item) -> tuple[tuple[Call, Binding, syntax.Argument, str], ...]:
    """The calls of an item that are given a metric or reward: the call, the argument and its role.

    What is kept with the item does not hold the item, so that an edit frees both.
    """
    return tuple(
        (call.node, call.binding, argument, each.role)
        for call in calls(item)
        for argument, parameter in call.binding.matched
        for each in types.options(parameter.type)
        if isinstance(each, types.Callback)
    )


def _uses(program: Program) -> Iterator[_Use]:
    for item, handed in program.found(handing_over):
        for call, binding, argument, role in handed:
            place = types.Place(program.path, item.at(argument))
            function = item.symbol_of(argument.value)
            if isinstance(call, syntax.Call) and isinstance(item.type_of(call), types.Dataset):
                for _, given, columns in steps(item, call):
                    if given is argument.value:
                        yield _Use(function, role, _NO_FIELDS, place, columns)
                continue
            for interface, rows in judged(program, item, binding.matched):
                yield _Use(function, role, interface, place, rows)


_NO_FIELDS = types.Interface("")


def judged(
    program: Program, item: Item, matched: tuple[tuple[syntax.Argument, types.Parameter], ...]
) -> Iterator[tuple[types.Interface, types.Interface]]:
    """The fields of the modules beside the function, or of those that the optimizer compiles, and the columns
    of the rows that these run on.
    """
    kinds = [item.type_of(argument.value) for argument, _ in matched]
    for kind in kinds:
        if isinstance(kind, types.Module):
            yield from ((interface_of(kind), rows) for rows in _columns(kinds))
    declaration = item.declaration
    if not isinstance(declaration, syntax.ValueDeclaration) or declaration.kind != "optimizer":
        return
    optimizer = program.symbols.get(declaration.names[0].text)
    for _, compiled in program.found(_compiled):
        for owner, kind, columns in compiled:
            if owner is optimizer:
                yield from ((kind.interface, rows) for rows in columns)


@remembered
def _compiled(item: Item) -> tuple[tuple[Symbol | None, types.Module, Sequence[types.Interface]], ...]:
    """The methods of an item that are called with a module first: whose they are, the module, and the columns
    of the rows that they are given.
    """
    found: list[tuple[Symbol | None, types.Module, Sequence[types.Interface]]] = []
    for node in item.nodes(syntax.Call):
        if isinstance(node.function, syntax.Attribute) and node.arguments:
            kinds = [item.type_of(each.value) for each in node.arguments]
            if isinstance(kinds[0], types.Module):
                found.append((item.symbol_of(node.function.value), kinds[0], _columns(kinds)))
    return tuple(found)


def _columns(kinds: Sequence[Type]) -> Sequence[types.Interface]:
    """The columns of each of the datasets among some arguments; open ones where there is none."""
    return [each.columns for each in kinds if isinstance(each, types.Dataset)] or [types.OPEN]


def _reads(
    item: Item, parameter: str, own: Sequence[Symbol | None]
) -> Iterator[tuple[str, syntax.Identifier | syntax.String]]:
    """The fields that are read of a parameter, not of another name of the same text inside of it.

    What its type lacks is another finding. Where the function asks whether a field is there, or catches
    that it is not, some of its uses may lack it.
    """
    asked = set(_asked_for(item, parameter))
    reads: list[tuple[syntax.Expression, syntax.Identifier | syntax.String]]
    reads = [(each.value, each.name) for each in item.nodes(syntax.Attribute)]
    reads += [
        (each.value, each.index)
        for each in item.nodes(syntax.Subscript)
        if isinstance(each.index, syntax.String)
    ]
    for holder, read in reads:
        if not isinstance(holder, syntax.Name) or holder.text != parameter:
            continue
        name = read.text if isinstance(read, syntax.Identifier) else read.value
        symbol, kind = item.symbol_of(holder), item.type_of(holder)
        if isinstance(kind, types.Fields) and kind.interface.field(name) is None:
            continue
        if name in asked or _is_caught(item, read):
            continue
        if symbol is not None and (symbol in own if own else symbol.kind == "parameter"):
            yield name, read


def _asked_for(item: Item, parameter: str) -> Iterator[str]:
    """The fields of a parameter of which a function asks whether they are there: `"hint" in example`."""
    for test in item.nodes(syntax.Comparison):
        for operator, (left, right) in zip(test.operators, pairwise((test.left, *test.rights)), strict=True):
            if operator in ("in", "not in") and isinstance(left, syntax.String) and _is_of(right, parameter):
                yield left.value
    for call in item.nodes(syntax.Call):
        is_get = isinstance(call.function, syntax.Attribute) and call.function.name.text == "get"
        if is_get and call.arguments and _is_of(call, parameter):
            name = call.arguments[0].value
            if isinstance(name, syntax.String):
                yield name.value


def _is_of(node: syntax.Expression, parameter: str) -> bool:
    """`example`, `example.keys()`"""
    if isinstance(node, syntax.Call) and isinstance(node.function, syntax.Attribute):
        node = node.function.value
    return isinstance(node, syntax.Name) and node.text == parameter


_OF_MISSING = frozenset({"AttributeError", "Exception", "KeyError", "LookupError"})
"""What a read of a field that is missing raises, and the classes above."""


def _is_caught(item: Item, read: syntax.Node) -> bool:
    return any(
        node.body[0].span.start <= read.span.start < node.body[-1].span.end
        and any(
            isinstance(each, syntax.Name) and each.text in _OF_MISSING
            for clause in node.clauses
            for each in (clause.kind.elements if isinstance(clause.kind, syntax.Tuple) else (clause.kind,))
        )
        for node in item.nodes(syntax.Try)
    )


def _is_method(program: Program, name: str) -> bool:
    return name in program.members(types.Fields(types.Interface("")))
