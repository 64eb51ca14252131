"""Searches that are told twice how long to search, or not at all."""

from __future__ import annotations

from ....base.diagnostic import Diagnostic
from ....grammar import syntax
from ...program import Program
from ..edits import without_argument
from ..models.written import constant
from ..rule import Findings, file_rule
from .compiled import Compilation, compilations


@file_rule("E440", "search-size", fix="sometimes")
def search_size(program: Program) -> Findings:
    """`MIPROv2` is told twice how much to search, or not at all.

    `auto="light"`, which holds unless something else is given, decides about the number of candidates and of
    trials. With `auto=None` both are needed: `num_candidates=` of the optimizer, `num_trials=` of `compile`.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset rows = Dataset("rows.csv", inputs=["question"])
    optimizer search = MIPROv2(metric=answer_exact_match)
    program t = search.compile(qa, trainset=rows, num_trials=20)
    #                                             ^^^^^^^^^^^^^ E440 `auto="light"` decides about `num_trials`
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset rows = Dataset("rows.csv", inputs=["question"])
    optimizer search = MIPROv2(metric=answer_exact_match, auto=None, num_candidates=8)
    program t = search.compile(qa, trainset=rows, num_trials=20)
    ```
    """
    told: set[int] = set()
    for each in compilations(program):
        calls = (each.construction, each.call)
        if each.optimizer != "MIPROv2" or any(one.star for call in calls for one in call.arguments):
            continue
        auto = _given(each.construction, "auto")
        chosen = "light" if auto is None else constant(auto.value)
        if chosen is None:
            found = _lacking(each)
        elif isinstance(chosen, str):
            found = _given_twice(each, chosen)
        else:
            continue
        for owner, place, one in found:
            if id(place) not in told:
                told.add(id(place))
                yield one.shifted(owner)


def _given_twice(each: Compilation, auto: str) -> list[tuple[int, syntax.Node, Diagnostic]]:
    """What is given although `auto` decides about it."""
    found: list[tuple[int, syntax.Node, Diagnostic]] = []
    for item, call, name in (
        (each.owner, each.construction, "num_candidates"),
        (each.item, each.call, "num_trials"),
    ):
        given = _given(call, name)
        if given is not None and constant(given.value) is not None:
            words = f'`auto="{auto}"` decides about `{name}`'
            help_ = "write `auto=None` in `MIPROv2(…)` to set `num_candidates` and `num_trials` yourself"
            fix = without_argument(item, call.arguments, given)
            found.append((item.start, given, search_size.at(given, words, help_, fix)))
    return found[:1]


def _lacking(each: Compilation) -> list[tuple[int, syntax.Node, Diagnostic]]:
    """What is not given although nothing else decides about it."""
    if _given(each.construction, "num_candidates") is None:
        place = each.construction.function
        words = "without `auto`, `MIPROv2` needs `num_candidates=`, and `compile` needs `num_trials=`"
        return [(each.owner.start, place, search_size.at(place, words))]
    if _given(each.call, "num_trials") is None:
        place = each.call.function
        return [
            (each.item.start, place, search_size.at(place, "without `auto`, `compile` needs `num_trials=`"))
        ]
    return []


def _given(call: syntax.Call, name: str) -> syntax.Argument | None:
    return next((each for each in call.arguments if each.name is not None and each.name.text == name), None)
