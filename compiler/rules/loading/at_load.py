"""Calls that would be made when a file is loaded, which sends nothing and reads no data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias, get_args

from ....base.diagnostic import Fix
from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...trees import children
from ..calls.arguments import is_module_called
from ..edits import without_argument
from ..rule import Findings, insert, replace, rule, written
from .effects import EVALUATES, PRINTS, READS, READS_ENVIRONMENT, Effect, effect_of

_Evaluated: TypeAlias = (
    syntax.ConstantDeclaration
    | syntax.ValueDeclaration
    | syntax.ConfigureDeclaration
    | syntax.Part
    | syntax.Demo
    | syntax.Member
    | syntax.Field
)
"""What has an expression that is worked out when the file is loaded, or a condition."""


@rule("E305", "call-at-load", *get_args(_Evaluated), fix="sometimes")
def call_at_load(program: Program, item: Item, node: _Evaluated) -> Findings:
    """A declaration would call a model, run a Python function or read data when the file is loaded.

    Declarations are evaluated once, when the file is loaded, including by `dspyc prompt` and the editor. To
    make sure that loading never sends anything, they can use only literals, containers, records, other
    constants and pure functions. Put calls in a `def`, in `forward:` or in a `test`, and the result of an
    optimizer in a `program`. Mark a Python function without effects as pure with the decorator `dspyc.pure`,
    or in the project's settings.

    ```dspy
    module classify = Predict("text -> label")

    label = classify(text="I lost my card").label
    #       ^^^^^^^^ E305 `classify(…)` calls a model, but a constant is evaluated when the file is loaded
    ```

    ```dspy
    module classify = Predict("text -> label")

    def label() -> str:
        return classify(text="I lost my card").label
    ```
    """
    makes_objects = isinstance(node, syntax.Part | syntax.ValueDeclaration)
    for root in _roots(item, node):
        for place, effect, gives_rows in _effects(program, item, root):
            if effect.kind == "class" and makes_objects:
                continue
            if effect.kind != "model" and isinstance(node, syntax.Field):
                continue
            key = _key(item, place) if effect is READS_ENVIRONMENT else None
            if key is not None:
                call, argument = key
                words = "a program cannot read the environment; a model finds its own key there"
                gone = without_argument(item, call.arguments, argument)
                advice = "leave out `api_key` and set, for example, `OPENAI_API_KEY`"
                yield call_at_load.at(argument, words, advice, gone)
                continue
            if isinstance(place, syntax.Call) and is_module_called(item, place):
                name = written(item, place.function)
                gone = replace("Remove the brackets", Span(place.function.span.end, place.span.end), "")
                words = f"`{name}()` calls the module; pass the module itself: `{name}`"
                yield call_at_load.at(place, words, None, gone)
                continue
            where = _ROWS if gives_rows else _place_of(node)
            words = f"{_subject(item, place)} {effect.words}, but {where}"
            fix = _fix(item, node, place)
            yield call_at_load.at(_head(place), words, _advice(item, node, place, effect), fix)


def _key(item: Item, place: syntax.Node) -> tuple[syntax.Call, syntax.Argument] | None:
    """The argument `api_key` that a node is part of, with its call."""
    for call in item.nodes(syntax.Call):
        for argument in call.arguments:
            is_key = argument.name is not None and argument.name.text == "api_key"
            if is_key and argument.span.contains(place.span.start):
                return call, argument
    return None


_ROWS = "the rows of a dataset are read without a model"


def _place_of(node: _Evaluated) -> str:
    match node:
        case syntax.ConstantDeclaration():
            return "a constant is evaluated when the file is loaded"
        case syntax.ValueDeclaration(kind=kind):
            article = "an" if kind[0] in "aeiou" else "a"
            return f"{article} `{kind}` is evaluated when the file is loaded"
        case syntax.ConfigureDeclaration():
            return "`configure` is evaluated when the file is loaded"
        case syntax.Part():
            return "a part is constructed when the file is loaded"
        case syntax.Demo():
            return "a demo holds constants"
        case syntax.Member():
            return "a member of an enumeration is a constant"
        case syntax.Field():
            return "a condition is checked without a model"


def _roots(item: Item, node: _Evaluated) -> Iterable[syntax.Expression]:
    if isinstance(node, syntax.Field):
        return () if node.where is None else (node.where,)
    return _evaluated(item, node)


def _evaluated(item: Item, node: _Evaluated) -> Iterator[syntax.Expression]:
    match node:
        case syntax.Part(value=value) | syntax.ValueDeclaration(value=value) if isinstance(
            item.type_of(value), types.Prediction
        ):
            pass  # that it is no module is another finding
        case syntax.ConstantDeclaration(value=value) | syntax.Part(value=value):
            yield value
        case syntax.ValueDeclaration(
            kind="program", value=syntax.Call(function=syntax.Attribute(value=owner), arguments=arguments)
        ):
            yield owner
            yield from (each.value for each in arguments)
        case syntax.ValueDeclaration(value=value):
            yield value
        case syntax.ConfigureDeclaration(arguments=arguments) | syntax.Demo(arguments=arguments):
            yield from (each.value for each in arguments)
        case syntax.Member(value=value) if value is not None:
            yield value


def _effects(program: Program, item: Item, node: syntax.Node) -> Iterator[tuple[syntax.Node, Effect, bool]]:
    """The outermost nodes beneath one that do something when it is evaluated, in the order of the text, and
    whether that gives a dataset its rows, which is done later.
    """
    waiting = [(node, False)]
    while waiting:
        each, later = waiting.pop()
        effect = effect_of(program, item, each)
        if effect is not None and not (later and effect.kind != "model"):
            yield each, effect, later
        elif not isinstance(each, syntax.Lambda) and id(each) not in item.annotations:
            beneath: Iterable[syntax.Node] = children(each)
            if isinstance(each, syntax.Call) and not _is_constructed(item, each):
                # A function that is handed to another one is called by it, at once.
                beneath = (inside for part in beneath for inside in _without_lambda(part))
            source = _source_of_rows(item, each)
            waiting += reversed([(inside, later or inside is source) for inside in beneath])


def _source_of_rows(item: Item, node: syntax.Node) -> syntax.Argument | None:
    """What gives a declared dataset its rows, which it only does when they are needed."""
    if not isinstance(node, syntax.Call) or not isinstance(item.declaration, syntax.ValueDeclaration):
        return None
    is_dataset = isinstance(item.type_of(node), types.Dataset)
    return item.binding_of(node).argument("source") if is_dataset else None


def _without_lambda(node: syntax.Node) -> Iterator[syntax.Node]:
    value = node.value if isinstance(node, syntax.Argument) else node
    return iter((value.body,)) if isinstance(value, syntax.Lambda) else iter((node,))


def _is_constructed(item: Item, call: syntax.Call) -> bool:
    """Whether a call makes an object, which keeps the functions that it is given for later."""
    return isinstance(item.type_of(call.function), types.Class | types.ModuleClass)


def _compiles(item: Item, call: syntax.Call) -> bool:
    function = call.function
    return isinstance(function, syntax.Attribute) and isinstance(item.type_of(function.value), types.Instance)


def _head(node: syntax.Node) -> syntax.Node:
    return node.function if isinstance(node, syntax.Call) else node


def _subject(item: Item, node: syntax.Node) -> str:
    if isinstance(node, syntax.Call):
        return f"`{written(item, node.function)}(…)`"
    return f"`{written(item, node)}`"


def _advice(item: Item, node: _Evaluated, place: syntax.Node, effect: Effect) -> str | None:
    if isinstance(node, syntax.Field):
        return "call the model in `forward:`, and check the condition with `assert`"
    if _is_compile(item, place):
        name = _name_of(node) if getattr(node, "value", None) is place else ""
        return f"write `program {name or 'NAME'} = {written(item, _head(place))}(…)`"
    if effect is EVALUATES:
        symbol = item.symbol_of(_head(place))
        if symbol is not None and symbol.kind == "evaluate":
            return "run it with `dspyc eval`"
        return f"write `evaluate {_name_of(node) or 'NAME'} = Evaluate(…)`, and run it with `dspyc eval`"
    if effect is READS_ENVIRONMENT:
        return "read it in a Python function, and call that where it is needed"
    if effect.kind == "data":
        return "read the rows in a `def`, or write the step as a parameter of the dataset"
    name = _name_of(node)
    function = f"`def {name}() -> …:`" if name and isinstance(node, syntax.ConstantDeclaration) else "a `def`"
    declare = (
        "; a function without effects can be marked with `dspyc.pure`"
        if effect.kind == "python" and effect not in (PRINTS, READS)
        else ""
    )
    return f"write {function} that returns it, and call that where it is needed{declare}"


def _fix(item: Item, node: _Evaluated, place: syntax.Node) -> Fix | None:
    """The word `program`, where that is all that lacks."""
    match node:
        case syntax.ConstantDeclaration(annotation=None, value=value) if value is place and _is_compile(
            item, place
        ):
            return insert("Write `program`", node.span.start, "program ")
        case syntax.ValueDeclaration(kind=kind, value=value) if value is place and _is_compile(item, place):
            start = node.span.start
            return replace("Write `program`", Span(start, start + len(kind)), "program")
        case _:
            return None


def _is_compile(item: Item, node: syntax.Node) -> bool:
    return (
        isinstance(node, syntax.Call)
        and isinstance(item.type_of(node), types.Module)
        and _compiles(item, node)
    )


def _name_of(node: _Evaluated) -> str | None:
    match node:
        case syntax.ConstantDeclaration(name=name) | syntax.ValueDeclaration(names=(name,)):
            return name.text
        case _:
            return None
