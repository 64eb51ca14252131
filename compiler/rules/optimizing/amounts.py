"""How long `GEPA` searches, and by which model: parameters that exclude or need each other."""

from __future__ import annotations

from ....grammar import syntax
from ... import catalog, types
from ...program import UNBOUND, Binding, Item, Program
from ..rule import Findings, rule
from ..walking import Construction
from ..words import listed

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


def _settings_of(item: Item, node: syntax.Call, name: str) -> Binding | None:
    kind = item.type_of(node.function)
    if not isinstance(kind, types.Class) or kind.definition is not catalog.definition(name):
        return None
    binding = item.binding_of(node)
    return None if _unpacks(node) or binding is UNBOUND else binding


def _unpacks(call: syntax.Call) -> bool:
    return any(argument.star for argument in call.arguments)


def _is_given(settings: Binding, name: str) -> bool:
    argument = settings.argument(name)
    return argument is not None and not _is_none(argument.value)


def _is_none(node: syntax.Expression) -> bool:
    return isinstance(node, syntax.Constant) and node.value is None
