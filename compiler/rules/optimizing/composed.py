"""Optimizers that are made of others, and programs that are made of programs."""

from __future__ import annotations

from collections.abc import Iterable

from ....base.text import did_you_mean
from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program
from ..models.written import constant
from ..rule import Findings, file_rule, rule, written
from ..walking import Construction
from ..words import listed
from .compiled import Compilation, compilations

_DEFAULT_STEPS = ("p", "w")


@file_rule("E438", "unknown-step")
def unknown_step(program: Program) -> Findings:
    """The strategy of `BetterTogether` names an optimizer that it was not given.

    A strategy is the names of optimizers in the order in which they run. Without optimizers of its own,
    `BetterTogether` has `p` and `w`.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset rows = Dataset("rows.csv", inputs=["question"])
    optimizer few = BootstrapFewShot(metric=answer_exact_match)
    optimizer search = BootstrapRS(metric=answer_exact_match)
    optimizer both = BetterTogether(answer_exact_match, few=few, rs=search)
    program t = both.compile(qa, trainset=rows, strategy="w")
    #                                                    ^^^ E438 `both` has no `w`; it has `few` and `rs`
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset rows = Dataset("rows.csv", inputs=["question"])
    optimizer few = BootstrapFewShot(metric=answer_exact_match)
    optimizer search = BootstrapRS(metric=answer_exact_match)
    optimizer both = BetterTogether(metric=answer_exact_match, few=few, search=search)
    program tuned = both.compile(qa, trainset=rows, strategy="few -> search")
    ```
    """
    for each in compilations(program):
        if each.optimizer != "BetterTogether" or any(one.star for one in each.construction.arguments):
            continue
        named = [name.text for name in _names(each.construction) if name.text not in ("metric", "callbacks")]
        known = named or list(_DEFAULT_STEPS)
        argument = each.argument("strategy")
        if argument is None:
            missing = [step for step in _DEFAULT_STEPS if step not in known]
            if missing:
                words = f'the strategy is "p -> w -> p" unless given, and {_lacks(each, missing[0], known)}'
                yield unknown_step.at(each.call, words).shifted(each.item.start)
            continue
        strategy = constant(argument.value)
        if not isinstance(strategy, str):
            continue
        for step in strategy.split("->"):
            if step.strip() not in known:
                words = _lacks(each, step.strip(), known)
                yield unknown_step.at(argument.value, words).shifted(each.item.start)
                break


def _names(call: syntax.Call) -> Iterable[syntax.Identifier]:
    return [argument.name for argument in call.arguments if argument.name is not None]


def _lacks(each: Compilation, step: str, known: list[str]) -> str:
    function = each.call.function
    owner = written(each.item, function.value) if isinstance(function, syntax.Attribute) else "it"
    if not step:
        return f"a step of the strategy has no name; the optimizers are {listed(known)}"
    return f"`{owner}` has no `{step}`" + (did_you_mean(step, known) or f"; it has {listed(known)}")


@rule("E439", "not-an-optimizer", Construction)
def not_an_optimizer(program: Program, item: Item, node: syntax.Call) -> Findings:
    """`BetterTogether` is given something else than an optimizer to run.

    ```dspy
    optimizer both = BetterTogether(answer_exact_match, w="finetune")
    #                                                     ^^^^^^^^^^ E439 `w` must be an optimizer
    ```

    ```dspy
    optimizer few = LabeledFewShot(k=4)
    optimizer both = BetterTogether(metric=answer_exact_match, p=few, w=BootstrapFinetune())
    ```
    """
    kind = item.type_of(node.function)
    if not isinstance(kind, types.Class) or kind.definition is not catalog.definition("BetterTogether"):
        return
    for argument in node.arguments:
        if argument.star or argument.name is None or argument.name.text in ("metric", "callbacks"):
            continue
        given = item.type_of(argument.value)
        if isinstance(given, types.Instance):
            definition = given.definition
            if catalog.definition(definition.name) is not definition or definition.is_a("Optimizer"):
                continue  # a class of Python may be anything
        elif isinstance(given, types.Unknown | types.Anything | types.Union):
            continue
        yield not_an_optimizer.at(argument.value, f"`{argument.name.text}` must be an optimizer")
