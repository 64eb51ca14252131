"""Modules that are constructed where no optimizer and no language model finds them, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ....base.diagnostic import Edit, Fix
from ....base.span import Span
from ....grammar import syntax
from ....grammar.words import VALUED
from ... import types
from ...program import Item, Program
from ...trees import walk
from ..bodies.edits import removal
from ..rule import BODIES, Body, Findings, insert, rule, written


@rule("E307", "misplaced-module", *BODIES, syntax.ValueDeclaration, fix="sometimes")
def misplaced_module(program: Program, item: Item, node: Body | syntax.ValueDeclaration) -> Findings:
    """A module is constructed in `forward:`, in a function or inside an evaluation.

    Declare parts above `forward:`, and other modules in a declaration of their own. There they are
    constructed only once, optimizers find them, and they get the file's language model. None of this is true
    of a module that is constructed on each run.

    ```dspy
    module Ask:
        input question: str
        output answer: str
        forward:
            respond = Predict("question -> answer")
    #                 ^^^^^^^ E307 optimizers cannot find `Predict(…)` in `forward:`; make it a part
            return answer=respond(question=question).answer
    ```

    ```dspy
    module Ask:
        input question: str
        output answer: str
        respond = Predict("question -> answer")
        forward:
            return answer=respond(question=question).answer
    ```
    """
    for call, where in _constructed(item, node):
        if _is_itself(item, node, call):
            continue  # that it calls itself is another finding
        name = f"`{written(item, call.function)}(…)`"
        match node:
            case syntax.ModuleDeclaration():
                words = f"optimizers cannot find {name} in `{where}`; make it a part"
            case syntax.FunctionDeclaration():
                words = f"optimizers cannot find {name} in a function; declare it: `module NAME = …`"
            case _:
                words = f"{name} in {where} has no model; declare it: `module NAME = …`"
        yield misplaced_module.at(call.function, words, fix=_as_part(item, node, call))


def _is_itself(item: Item, node: Body | syntax.ValueDeclaration, call: syntax.Call) -> bool:
    """Whether a module constructs itself."""
    symbol = item.symbol_of(call.function)
    return isinstance(node, syntax.ModuleDeclaration) and symbol is not None and symbol.node is node


def _as_part(item: Item, node: Body | syntax.ValueDeclaration, call: syntax.Call) -> Fix | None:
    """Move `NAME = Predict(…)` above `forward:`, where it depends on nothing in the body."""
    if not isinstance(node, syntax.ModuleDeclaration) or not node.forward:
        return None
    for statement in item.nodes(syntax.Assign):
        if statement.value is call and isinstance(statement.target, syntax.Name):
            names = [each for each in walk(call) if isinstance(each, syntax.Name)]
            inner = ("local", "input")
            if any((symbol := item.symbol_of(each)) is not None and symbol.kind in inner for each in names):
                return None
            head = item.text.rfind("forward", 0, node.forward[0].span.start)
            start = item.text.rfind("\n", 0, head) + 1
            margin = item.text[start:head]
            line = item.text[statement.span.start : statement.span.end]
            gone, left = removal(item, statement)
            edits = (Edit(Span(start, start), f"{margin}{line}\n"), Edit(gone, left))
            return Fix("Make it a part", edits, "unsafe") if not margin.strip() else None
    return None


def _constructed(item: Item, node: Body | syntax.ValueDeclaration) -> Iterator[tuple[syntax.Call, str]]:
    """The outermost constructions of modules where they do not belong, each with the name of the place."""
    match node:
        case syntax.ModuleDeclaration(forward=forward, fallback=fallback):
            yield from ((each, "forward:") for each in _calls(item, forward or ()))
            yield from ((each, "fallback:") for each in _calls(item, fallback or ()))
        case syntax.FunctionDeclaration(body=body):
            yield from ((each, "a function") for each in _calls(item, body))
        case syntax.TestDeclaration(body=body):
            # A module of this or another file has the model of that file.
            found = _calls(item, body)
            yield from ((each, "a test") for each in found if not _is_declared(item, each))
        case syntax.ValueDeclaration(kind="evaluate", value=value):
            # A metric has the model of the file that measures with it.
            measures = _metrics(value)
            found = _calls(item, (value,))
            yield from (
                (each, "an evaluation")
                for each in found
                if not (_is_declared(item, each) or any(each is metric for metric in measures))
            )
        case syntax.ValueDeclaration(kind="program", value=syntax.Call(arguments=arguments)):
            others = [
                each.value for each in arguments if each.name is not None and each.name.text != "student"
            ]
            yield from ((each, "a program") for each in _calls(item, others) if not _is_declared(item, each))


def _metrics(value: syntax.Expression) -> list[syntax.Expression]:
    """What an evaluation measures with."""
    if not isinstance(value, syntax.Call):
        return []
    return [each.value for each in value.arguments if each.name is not None and each.name.text == "metric"]


def _calls(item: Item, nodes: tuple[syntax.Node, ...] | list[syntax.Expression]) -> list[syntax.Call]:
    found: list[syntax.Call] = []
    for each in item.nodes(syntax.Call):
        if not _is_construction(item, each) or not any(_holds(node, each) for node in nodes):
            continue
        if not any(_holds(other, each) for other in found):
            found.append(each)
    return found


def _holds(node: syntax.Node, other: syntax.Node) -> bool:
    return node.span.start <= other.span.start < node.span.end


def _is_construction(item: Item, call: syntax.Call) -> bool:
    if item.binding_of(call).unknown:
        return False  # most likely a call of the module itself is meant
    match item.type_of(call.function):
        case types.ModuleClass():
            return True
        case types.Class(definition=definition):
            return definition.is_a("Module")
        case _:
            return False


def _is_declared(item: Item, call: syntax.Call) -> bool:
    return isinstance(item.type_of(call.function), types.ModuleClass)


@rule("E308", "not-constructed", syntax.Call, fix="sometimes")
def not_constructed(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A method is called on a class instead of on an object of the class.

    ```dspy
    configure(lm=LM("openai/gpt-4o"))
    module qa = Predict("question -> answer")
    dataset rows = Dataset("rows.csv", inputs=["question"])
    program tuned = LabeledFewShot.compile(qa, trainset=rows)
    #               ^^^^^^^^^^^^^^ E308 `LabeledFewShot` is a class; write `LabeledFewShot(…).compile(…)`
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o"))
    module qa = Predict("question -> answer")
    dataset rows = Dataset("rows.csv", inputs=["question"])
    program tuned = LabeledFewShot(k=8).compile(qa, trainset=rows)
    ```
    """
    function = node.function
    if not isinstance(function, syntax.Attribute):
        return
    symbol = item.symbol_of(function.value)
    if symbol is not None and symbol.kind in _DECLARED:
        return  # that the declaration holds a class is another finding
    owner = item.type_of(function.value)
    match owner:
        case types.ModuleClass():
            is_method = True
        case types.Class(definition=definition):
            is_method = function.name.text in definition.members and any(map(definition.is_a, _CONSTRUCTED))
        case _:
            is_method = False
    if is_method:
        text, name = written(item, function.value), function.name.text
        words = f"`{text}` is a class; write `{text}(…).{name}(…)`"
        required = any(each.required for each in _parameters(owner) if each.kind in ("", "keyword-only"))
        fix = None if required else insert(f"Write `{text}()`", function.value.span.end, "()")
        yield not_constructed.at(function.value, words, fix=fix)


def _parameters(owner: types.Type) -> Sequence[types.Parameter]:
    match owner:
        case types.ModuleClass(parameters=parameters):
            return parameters
        case types.Class(definition=definition):
            return definition.parameters or ()
        case _:
            return ()


_DECLARED = VALUED | {"part", "constant"}
_CONSTRUCTED = ("Module", "BaseLM", "Optimizer", "Evaluate", "Dataset")
"""Classes of the runtime whose methods need an object."""
