"""Metrics and rewards: functions of the shape that is asked for, which read fields that are there."""

from __future__ import annotations

from collections.abc import Iterator

from ....grammar import syntax
from ... import types
from ...program import Item, Program, Symbol
from ...relations import assignable
from ...resolve.interfaces import interface_of
from ...types import Type
from ..calls.arguments import calls
from ..rule import Finding, declared_at, label, rule
from ..words import described, listed, meant_or_has

_SHAPES = {"metric": ("example", "pred"), "reward": ("args", "pred")}
_METRIC_EXTRAS = frozenset({"trace", "pred_name", "pred_trace"})
"""What a metric may take besides, by these names."""


@rule("E223", "function-shape")
def function_shape(program: Program, item: Item) -> Iterator[Finding]:
    """A function is handed to a place that calls it with other arguments, or needs another result.

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
    for role, argument in _callbacks(item):
        kind = item.type_of(argument.value)
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
            yield Finding(argument.value, words, labels=labels)
        elif not _is_number(kind.returns, role):
            wants = "a bool, a number or a `Score`" if role == "metric" else "a number"
            words = f"a {role} returns {wants}, but {shown} returns {described(kind.returns)}"
            yield Finding(argument.value, words, labels=labels)


def _callbacks(item: Item) -> Iterator[tuple[str, syntax.Argument]]:
    """The arguments that stand where a function of some role is expected."""
    for call in calls(item):
        for argument, parameter in call.binding.matched:
            for each in types.options(parameter.type):
                if isinstance(each, types.Callback) and each.role:
                    yield each.role, argument


def _takes_two(function: types.Function, role: str) -> bool:
    positional = [each for each in function.parameters if each.kind in ("", "positional-only")]
    if any(each.kind == "*" for each in function.parameters):
        return True
    extras = _METRIC_EXTRAS if role == "metric" else frozenset()
    further = [*positional[2:], *(each for each in function.parameters if each.kind == "keyword-only")]
    return len(positional) >= 2 and all(not each.required or each.name in extras for each in further)


def _is_number(returns: Type, role: str) -> bool:
    if assignable(returns, types.FLOAT) or assignable(returns, types.BOOL):
        return True
    name = getattr(returns, "definition", returns)
    return role == "metric" and getattr(name, "name", "") == "Score"


@rule("E224", "metric-field")
def metric_field(program: Program, item: Item) -> Iterator[Finding]:
    """A metric or reward reads a field that the program it is used for does not have.

    This finds fields of parameters without a type; with one, `unknown-field` finds them.

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
    declaration = item.declaration
    if not isinstance(declaration, syntax.FunctionDeclaration):
        return
    parameters = [
        each.name for each in declaration.parameters[:2] if each.name is not None and each.annotation is None
    ]
    if not parameters:
        return
    told: set[int] = set()
    symbol = program.symbols.get(declaration.name.text)
    for role, interface, place in _uses(program, symbol):
        for index, each in enumerate(declaration.parameters[:2]):
            if (
                each.name is None
                or each.annotation is not None
                or interface.open
                or (role == "metric" and index == 0)
            ):
                continue
            fields = interface.outputs if index == 1 else interface.inputs
            names = [field.name for field in fields]
            for read in _reads(item, each.name.text):
                if read.text not in names and not _is_method(program, read.text) and id(read) not in told:
                    told.add(id(read))
                    message = f"`{each.name.text}` has no field `{read.text}`{meant_or_has(read.text, names)}"
                    yield Finding(
                        read,
                        message,
                        labels=label(program, place, f"used as a {role} for {listed([interface.name])}"),
                    )


def _uses(program: Program, function: Symbol | None) -> Iterator[tuple[str, types.Interface, types.Place]]:
    """Where a function is used as a metric or reward: the role, the fields it judges, and the place."""
    for item in program.items:
        for call in calls(item):
            for argument, parameter in call.binding.matched:
                roles = [
                    each.role for each in types.options(parameter.type) if isinstance(each, types.Callback)
                ]
                if roles and item.symbol_of(argument.value) is function:
                    place = types.Place(program.path, item.at(argument))
                    for interface in _judged(program, item, call.binding.matched):
                        yield roles[0], interface, place


def _judged(
    program: Program, item: Item, matched: tuple[tuple[syntax.Argument, types.Parameter], ...]
) -> Iterator[types.Interface]:
    """The fields of the modules beside the function, or of those that the optimizer compiles."""
    for argument, _ in matched:
        if isinstance(item.type_of(argument.value), types.Module):
            yield interface_of(item.type_of(argument.value))
    declaration = item.declaration
    if not isinstance(declaration, syntax.ValueDeclaration) or declaration.kind != "optimizer":
        return
    optimizer = program.symbols.get(declaration.names[0].text)
    for other in program.items:
        for node in other.nodes(syntax.Call):
            function = node.function
            if (
                isinstance(function, syntax.Attribute)
                and other.symbol_of(function.value) is optimizer
                and node.arguments
            ):
                kind = other.type_of(node.arguments[0].value)
                if isinstance(kind, types.Module):
                    yield kind.interface


def _reads(item: Item, parameter: str) -> Iterator[syntax.Identifier]:
    for node in item.nodes(syntax.Attribute):
        if isinstance(node.value, syntax.Name) and node.value.text == parameter:
            symbol = item.symbol_of(node.value)
            if symbol is not None and symbol.kind == "parameter":
                yield node.name


def _is_method(program: Program, name: str) -> bool:
    return name in program.members(types.Fields(types.Interface("")))
