"""Evaluations and optimizations that have nothing to work with."""

from __future__ import annotations

from collections.abc import Iterator

from ....base.diagnostic import Diagnostic
from ....grammar import syntax
from ... import types
from ...declared import may_be_example
from ...program import UNBOUND, Binding, Item, Program
from ...types.assignable import assignable
from ..rule import Findings, file_rule, insert, rule, written
from ..walking import remembered
from .written_rows import source_of


@rule("E402", "incomplete-evaluation", syntax.Call)
def incomplete_evaluation(program: Program, item: Item, node: syntax.Call) -> Findings:
    """An evaluation has no program or no metric, or an empty list where examples or programs are needed.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset dev = Dataset("dev.jsonl", inputs=["question"])
    evaluate accuracy = Evaluate(qa, devset=dev)
    #                   ^^^^^^^^ E402 the evaluation has no metric; write `metric=…`
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset dev = Dataset("dev.jsonl", inputs=["question"])
    evaluate accuracy = Evaluate(qa, devset=dev, metric=answer_exact_match)
    ```
    """
    binding = item.binding_of(node)
    if binding.parameters is None:
        return
    for name in ("devset", "trainset", "program"):
        argument = binding.argument(name)
        if argument is not None and isinstance(argument.value, syntax.List) and not argument.value.elements:
            yield incomplete_evaluation.at(argument.value, f"`{name}` is empty")
    declaration = item.declaration
    if (
        isinstance(declaration, syntax.ValueDeclaration)
        and declaration.kind == "evaluate"
        and declaration.value is node
        and _is_evaluation(item, node)
        and not any(each.star for each in node.arguments)
        and not binding.surplus
    ):
        if _lacks(binding, "program"):
            words = "the evaluation has no program; write `Evaluate(PROGRAM, …)`"
            yield incomplete_evaluation.at(node.function, words)
        if _lacks(binding, "metric"):
            words = "the evaluation has no metric; write `metric=…`"
            yield incomplete_evaluation.at(node.function, words)


def _is_evaluation(item: Item, node: syntax.Call) -> bool:
    kind = item.type_of(node)
    return isinstance(kind, types.Instance) and kind.definition.is_a("Evaluate")


def _lacks(binding: Binding, name: str) -> bool:
    """Whether a parameter is left out, or None."""
    argument = binding.argument(name)
    none = (
        argument is not None and isinstance(argument.value, syntax.Constant) and argument.value.value is None
    )
    return none or (argument is None and any(each.name == name for each in binding.parameters or ()))


@file_rule("E403", "unmarked-inputs", fix="sometimes")
def unmarked_inputs(program: Program) -> Findings:
    """The rows of a dataset do not say which of their fields are inputs, so a program cannot be run on them.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset dev = Dataset("dev.jsonl")
    evaluate accuracy = Evaluate(qa, devset=dev, metric=answer_exact_match)
    #                                       ^^^ E403 `dev` has no `inputs`; write `inputs=["question"]`
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset dev = Dataset("dev.jsonl", inputs=["question"])
    evaluate accuracy = Evaluate(qa, devset=dev, metric=answer_exact_match)
    ```
    """
    for item, calls in program.found(_given_rows):
        for node, runs in calls:
            found = [*_not_examples(item, node), *(_unmarked(program, item, node) if runs else ())]
            yield from (each.shifted(item.start) for each in found)


@remembered
def _given_rows(item: Item) -> tuple[tuple[syntax.Call, bool], ...]:
    """The calls of an item that are given a program, and maybe rows, and whether they run it on these."""
    if item.broken:
        return ()
    return tuple(
        (node, _runs(item, node))
        for node in item.nodes(syntax.Call)
        if any(isinstance(item.type_of(each.value), types.Module) for each in node.arguments)
    )


_ROWS = ("devset", "trainset", "valset")


def _not_examples(item: Item, node: syntax.Call) -> Iterator[Diagnostic]:
    """Lists of dicts and the like, where a list of examples is asked for."""
    binding = item.binding_of(node)
    for parameter in _ROWS:
        argument = binding.argument(parameter)
        kind = item.type_of(argument.value) if argument is not None else types.UNKNOWN
        if argument is None or not isinstance(kind, types.List) or may_be_example(kind.item):
            continue
        if _takes_others(binding, argument):
            continue
        if isinstance(kind.item, types.Builtin | types.Literals):
            continue  # of another type than the parameter's
        elements = argument.value.elements if isinstance(argument.value, syntax.List) else ()
        at = next((each for each in elements if isinstance(each, syntax.Dict)), argument.value)
        words = f"`{parameter}` holds examples; make a dataset of these rows: `Dataset(…, inputs=[…])`"
        yield unmarked_inputs.at(at, words)


def _takes_others(binding: Binding, argument: syntax.Argument) -> bool:
    """Whether a function of the program has a parameter of that name for something else than examples."""
    callee = binding.callee
    if not isinstance(callee, types.Function) or callee.origin not in ("declared", "python"):
        return False
    wanted = next((parameter.type for given, parameter in binding.matched if given is argument), None)
    match wanted:
        case types.Dataset():
            return False
        case types.List(item=item):
            return not may_be_example(item) or not types.known(item)
        case _:
            return True


def _unmarked(program: Program, item: Item, node: syntax.Call) -> Iterator[Diagnostic]:
    binding = item.binding_of(node)
    taken = [
        kind.interface
        for each in node.arguments
        if isinstance(kind := item.type_of(each.value), types.Module)
    ]
    if not taken:
        return
    names = ", ".join(f'"{each.name}"' for each in taken[0].inputs if each.required)
    form = f"`inputs=[{names}]`" if names else "`inputs=[…]`"
    for parameter in _ROWS:
        argument = binding.argument(parameter)
        if argument is None:
            continue
        if _is_unmarked(program, item, argument.value):
            words = f"`{written(item, argument.value)}` has no `inputs`; write {form}"
            yield unmarked_inputs.at(argument.value, words, "`Dataset(…, inputs=…)` names the input columns")
        for each in argument.value.elements if isinstance(argument.value, syntax.List) else ():
            if _is_bare_example(item, each):
                fix = (
                    insert("Write `.with_inputs(…)`", each.span.end, f".with_inputs({names})")
                    if names
                    else None
                )
                words = (
                    f"this example does not say which fields are inputs; write `.with_inputs({names or '…'})`"
                )
                yield unmarked_inputs.at(each, words, fix=fix)
                break


def _runs(item: Item, node: syntax.Call) -> bool:
    """Whether a program is run on the rows: by an evaluation, or by an optimizer that has a metric."""
    if isinstance(node.function, syntax.Attribute):
        owner = item.type_of(node.function.value)
        parameters = owner.definition.parameters if isinstance(owner, types.Instance) else None
        return any(each.name == "metric" for each in parameters or ())
    return _is_evaluation(item, node)


def _is_bare_example(item: Item, node: syntax.Expression) -> bool:
    if not isinstance(node, syntax.Call):
        return False
    kind = item.type_of(node.function)
    return isinstance(kind, types.Class) and kind.definition.name == "Example"


def _may_be_marked(item: Item, source: syntax.Expression) -> bool:
    """Whether what gives a dataset its rows may say itself which fields are inputs, as examples do."""
    kind = item.type_of(source)
    kind = kind.returns if isinstance(kind, types.Function) else kind
    match kind:
        case types.List(item=types.Dict() | types.Record()):
            return False
        case _:
            return not assignable(kind, types.STR) or not types.known(kind)


def _is_unmarked(program: Program, item: Item, node: syntax.Expression, seen: tuple[str, ...] = ()) -> bool:
    """Whether an expression is a dataset that was made without `inputs`, or a slice of one."""
    match node:
        case syntax.Name():
            symbol = item.symbol_of(node)
            own = program.symbols.get(node.text)
            owner = program.item(own.item) if own is not None else None
            if symbol is None or symbol is not own or owner is None or node.text in seen:
                return False
            value = (
                owner.declaration.value if isinstance(owner.declaration, syntax.ValueDeclaration) else None
            )
            return value is not None and _is_unmarked(program, owner, value, (*seen, node.text))
        case syntax.Subscript(value=value, index=syntax.Slice()):
            return _is_unmarked(program, item, value, seen)
        case syntax.Binary(left=left, operator="+"):
            return _is_unmarked(program, item, left, seen)
        case syntax.Call(function=syntax.Attribute(value=value, name=name)) if isinstance(
            item.type_of(value), types.Dataset
        ):
            is_known = item.symbol_of(name) is not None and name.text not in ("inputs", "map")
            return is_known and _is_unmarked(program, item, value, seen)
        case syntax.Call():
            source = source_of(item, node)
            binding = item.binding_of(node)
            return (
                source is not None
                and not _may_be_marked(item, source)
                and binding is not UNBOUND
                and binding.argument("inputs") is None
                and not binding.unknown
                and binding.argument("map") is None
                and not any(each.star for each in node.arguments)
            )
        case _:
            return False
