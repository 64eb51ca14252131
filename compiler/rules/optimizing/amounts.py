"""How much an optimizer searches: parameters that exclude each other, or need each other."""

from __future__ import annotations

from ....grammar import syntax
from ... import catalog, types
from ...program import Binding, Item, Program
from ..rule import Findings, file_rule, rule
from ..walking import Construction
from ..words import listed
from .compiled import Compilation, compilations

_LENGTHS = ("auto", "max_full_evals", "max_metric_calls")


@rule("E445", "search-length", Construction)
def search_length(program: Program, item: Item, node: syntax.Call) -> Findings:
    """GEPA is not told how long to search, or is told twice; or nothing writes its instructions.

    Exactly one of `auto`, `max_full_evals` and `max_metric_calls` says how long. `reflection_lm`, or an
    `instruction_proposer`, writes the instructions.

    ```dspy
    optimizer evolve = GEPA(metric=answer_exact_match, reflection_lm=LM("openai/gpt-4o"))
    #                  ^^^^ E445 `GEPA` needs one of `auto`, `max_full_evals` and `max_metric_calls`
    ```

    ```dspy
    optimizer evolve = GEPA(metric=answer_exact_match, auto="light", reflection_lm=LM("openai/gpt-4o"))
    ```
    """
    settings = _settings_of(item, node, "GEPA")
    if settings is None:
        return
    given = [name for name in _LENGTHS if _is_given(settings, name)]
    if not given:
        yield search_length.at(node.function, f"`GEPA` needs one of {listed(_LENGTHS)}")
    elif len(given) > 1:
        second = settings.argument(given[1])
        assert second is not None
        yield search_length.at(
            second.value, f"`{given[1]}` excludes `{given[0]}`: both say how long to search"
        )
    if not any(_is_given(settings, name) for name in ("reflection_lm", "instruction_proposer")):
        yield search_length.at(
            node.function, "`GEPA` needs `reflection_lm=`, a model that writes instructions"
        )


@file_rule("E446", "search-amount")
def search_amount(program: Program) -> Findings:
    """MIPROv2 is told how much to search in two ways, or in none.

    `auto`, which is "light" unless given, sets the numbers of candidates and of trials. With `auto=None`,
    `num_candidates` and, in `compile`, `num_trials` set them.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset rows = Dataset("rows.csv", inputs=["question"])
    optimizer search = MIPROv2(answer_exact_match, num_candidates=8)
    #                                                             ^ E446 `num_candidates` needs `auto=None`
    program tuned = search.compile(qa, trainset=rows)
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset rows = Dataset("rows.csv", inputs=["question"])
    optimizer search = MIPROv2(metric=answer_exact_match, auto=None, num_candidates=8)
    program tuned = search.compile(qa, trainset=rows, num_trials=20)
    ```
    """
    for each in compilations(program):
        if each.optimizer == "MIPROv2" and not _unpacks(each.construction) and not _unpacks(each.call):
            yield from _amounts(each)


def _amounts(each: Compilation) -> Findings:
    candidates, trials = each.setting("num_candidates"), each.argument("num_trials")
    auto = each.setting("auto")
    if auto is not None and not isinstance(auto.value, (syntax.String, syntax.Constant)):
        return  # a value that is not known
    if auto is not None and _is_none(auto.value):
        if candidates is None:
            words = "without `auto`, `MIPROv2` needs `num_candidates=`"
            yield search_amount.at(each.construction.function, words).shifted(each.owner.start)
        if trials is None:
            words = "without `auto`, `compile` needs `num_trials=`"
            yield search_amount.at(each.call.function, words).shifted(each.item.start)
        return
    for name, argument, place in (
        ("num_candidates", candidates, each.owner),
        ("num_trials", trials, each.item),
    ):
        if argument is not None:
            yield search_amount.at(argument.value, f"`{name}` needs `auto=None`").shifted(place.start)


def _settings_of(item: Item, node: syntax.Call, name: str) -> Binding | None:
    kind = item.type_of(node.function)
    if not isinstance(kind, types.Class) or kind.definition is not catalog.definition(name):
        return None
    return None if _unpacks(node) else item.binding_of(node)


def _unpacks(call: syntax.Call) -> bool:
    return any(argument.star for argument in call.arguments)


def _is_given(settings: Binding, name: str) -> bool:
    argument = settings.argument(name)
    return argument is not None and not _is_none(argument.value)


def _is_none(node: syntax.Expression) -> bool:
    return isinstance(node, syntax.Constant) and node.value is None
