"""Arguments of optimizers that are refused or have no effect, because of what else is given."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from ....grammar import syntax
from ... import catalog, types
from ...catalog.typed_settings import OF_REQUESTS
from ...program import UNBOUND, Binding, Item, Program
from ..edits import without_argument
from ..models.written import constant
from ..references import names_used
from ..rule import Findings, file_rule, replace, rule
from ..walking import Construction
from ..words import near
from .compiled import Compilation, compilations

_MISSPELLED = 0.8
"""How alike two names are that are taken for one; as in the runtime."""


@rule("E441", "teacher-setting", Construction, fix="sometimes")
def teacher_setting(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A setting in `teacher_settings` is misspelt.

    They are settings of `configure`, such as `lm`, and settings of requests, such as `temperature`.

    ```dspy
    optimizer few = BootstrapFewShot(
        teacher_settings={"temprature": 1}
    #                     ^^^^^^^^^^^^ E441 there is no setting `temprature`; did you mean `temperature`?
    )
    ```

    ```dspy
    optimizer few = BootstrapFewShot(teacher_settings={"temperature": 1})
    ```
    """
    for key in _unknown_keys(item, node):
        if close := near(key.value, _known(), cutoff=_MISSPELLED):
            words = f"there is no setting `{key.value}`; did you mean `{close}`?"
            yield teacher_setting.at(key, words, fix=replace(f'Change to "{close}"', key, f'"{close}"'))


@rule("E442", "threshold-without-metric", Construction, fix="always")
def threshold_without_metric(program: Program, item: Item, node: syntax.Call) -> Findings:
    """`metric_threshold` is given and `metric` is not, so there is no score to compare it with.

    ```dspy
    optimizer few = BootstrapFewShot(metric_threshold=0.5)
    #                                ^^^^^^^^^^^^^^^^^^^^ E442 without a `metric` there is no score to compare
    ```

    ```dspy
    optimizer few = BootstrapFewShot(metric=answer_exact_match, metric_threshold=0.5)
    ```
    """
    settings = _settings_of(item, node)
    threshold = None if settings is None else settings.argument("metric_threshold")
    if settings is None or threshold is None or constant(threshold.value) is None:
        return
    metric = settings.argument("metric")
    if metric is None or constant(metric.value) is None:
        words = "without a `metric` there is no score to compare"
        fix = without_argument(item, node.arguments, threshold)
        yield threshold_without_metric.at(threshold, words, fix=fix)


@rule("W319", "unread-setting", Construction, severity="warning")
def unread_setting(program: Program, item: Item, node: syntax.Call) -> Findings:
    """Nothing reads a setting in `teacher_settings`, unless a Python file that the program uses does.

    ```dspy
    optimizer few = BootstrapFewShot(
        teacher_settings={"style": "short"}
    #                     ^^^^^^^ W319 there is no setting `style`, so it has no effect
    )
    ```

    ```dspy
    optimizer few = BootstrapFewShot(teacher_settings={"max_tokens": 50})
    ```
    """
    for key in _unknown_keys(item, node):
        if not near(key.value, _known(), cutoff=_MISSPELLED):
            yield unread_setting.at(key, f"there is no setting `{key.value}`, so it has no effect")


def _unknown_keys(item: Item, node: syntax.Call) -> Iterator[syntax.String]:
    settings = _settings_of(item, node)
    given = None if settings is None else settings.argument("teacher_settings")
    if given is None or not isinstance(given.value, syntax.Dict):
        return
    known = _known()
    for entry in given.value.entries:
        if isinstance(entry.key, syntax.String) and entry.key.value not in known:
            yield entry.key


def _known() -> tuple[str, ...]:
    return (*sorted(OF_REQUESTS), *(each.name for each in catalog.configuration() or ()))


def _settings_of(item: Item, node: syntax.Call) -> Binding | None:
    """What an optimizer of the runtime is constructed with."""
    kind = item.type_of(node.function)
    if not isinstance(kind, types.Class) or not kind.definition.is_a("Optimizer"):
        return None
    if catalog.definition(kind.definition.name) is not kind.definition:
        return None
    binding = item.binding_of(node)
    return None if binding is UNBOUND or any(each.star for each in node.arguments) else binding


# --- what another argument overrides --------------------------------------------------------------------


class _Overridden(Struct, frozen=True):
    """An argument that has no effect where another one has a value."""

    optimizers: frozenset[str]
    name: str
    by: str
    value: object
    """The value of that other argument; `...` for any but None."""
    why: str


_BOOTSTRAPPING = frozenset(
    {
        "BootstrapFewShot", "BootstrapFewShotWithOptuna", "BootstrapFewShotWithRandomSearch", "BootstrapRS",
        "InferRules", "KNNFewShot", "MIPROv2",
    }
)  # fmt: skip
_OVERRIDDEN = (
    *(
        _Overridden(_BOOTSTRAPPING, name, "teacher", "labels", "no teacher runs")
        for name in ("max_rounds", "metric_threshold")
    ),
    # `InferRules` writes its rules with them, too.
    _Overridden(_BOOTSTRAPPING - {"InferRules"}, "teacher_settings", "teacher", "labels", "no teacher runs"),
    *(
        _Overridden(frozenset({"MIPROv2"}), name, "minibatch", False, "each choice is measured on all rows")
        for name in ("minibatch_full_eval_steps", "minibatch_size")
    ),
    _Overridden(
        frozenset({"MIPROv2"}), "view_data_batch_size", "data_aware_proposer", False, "no rows are looked at"
    ),
    _Overridden(frozenset({"GEPA"}), "max_merge_invocations", "use_merge", False, "nothing is merged"),
    _Overridden(frozenset({"GEPA"}), "perfect_score", "skip_perfect_score", False, "no score ends a round"),
    _Overridden(frozenset({"BetterTogether"}), "valset_ratio", "valset", ..., "no rows are split off"),
)


@file_rule("W320", "overridden-argument", fix="always", severity="warning")
def overridden_argument(program: Program) -> Findings:
    """An argument of an optimizer, or of its `compile`, has no effect because of another one.

    Of an optimizer that other files import, only the compilations of its own file are seen.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset rows = Dataset("rows.csv", inputs=["question"])
    optimizer few = BootstrapFewShot(
        max_rounds=3
    #   ^^^^^^^^^^^^ W320 `max_rounds` has no effect with `teacher="labels"`: no teacher runs
    )
    program taught = few.compile(qa, trainset=rows, teacher="labels")
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset rows = Dataset("rows.csv", inputs=["question"])
    optimizer few = BootstrapFewShot()
    program taught = few.compile(qa, trainset=rows, teacher="labels")
    ```
    """
    made: dict[int, list[Compilation]] = {}
    for each in compilations(program):
        made.setdefault(id(each.construction), []).append(each)
    for several in made.values():
        compiles_only = _compiles_only(program, several)
        for row in _OVERRIDDEN:
            yield from _overridden(row, several, compiles_only)


def _compiles_only(program: Program, several: list[Compilation]) -> bool:
    """Whether an optimizer is used for these compilations and, in this file, nothing else: it is no step of
    another optimizer, say.
    """
    owner = several[0].owner
    known = {owner.start, *(each.item.start for each in several)}
    names = {each.text for each in owner.names}
    return all(each.start in known or names.isdisjoint(names_used(each)) for each in program.items)


def _overridden(row: _Overridden, several: list[Compilation], compiles_only: bool) -> Findings:
    """The findings for one row about one optimizer and all that it compiles."""
    first = several[0]
    if first.optimizer not in row.optimizers:
        return
    given = first.setting(row.name)
    if given is not None:
        # The optimizer's own: it matters unless each of its compilations overrides it.
        if compiles_only and all(_is_overriding(row, each) for each in several):
            fix = without_argument(first.owner, first.construction.arguments, given)
            yield overridden_argument.at(given, _words(row), fix=fix).shifted(first.owner.start)
        return
    for each in several:
        given = each.argument(row.name)
        if given is not None and _is_overriding(row, each):
            fix = without_argument(each.item, each.call.arguments, given)
            yield overridden_argument.at(given, _words(row), fix=fix).shifted(each.item.start)


def _is_overriding(row: _Overridden, each: Compilation) -> bool:
    other = each.argument(row.by) or each.setting(row.by)
    if other is None:
        return False
    if row.value is ...:
        kind = each.item.type_of(other.value)
        return types.known(kind) and types.NONE not in types.options(kind)
    return constant(other.value) == row.value


def _words(row: _Overridden) -> str:
    if row.value is ...:
        shown = ""
    else:
        shown = f'="{row.value}"' if isinstance(row.value, str) else f"={row.value}"
    return f"`{row.name}` has no effect with `{row.by}{shown}`: {row.why}"
