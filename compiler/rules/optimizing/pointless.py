"""Optimizers and repeated modules whose settings leave them nothing to do."""

from __future__ import annotations

from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program
from ..models.written import constant
from ..rule import Findings, file_rule, replace, rule, written
from ..walking import Construction
from .compiled import Compilation, compilations
from .structure import student_of

_DEMO_MAKERS = frozenset(
    {"BootstrapFewShot", "BootstrapFewShotWithRandomSearch", "BootstrapRS", "LabeledFewShot"}
)


@file_rule("W307", "bootstrapped-twice", severity="warning")
def bootstrapped_twice(program: Program) -> Findings:
    """A program that has demos from a train set gets demos from the same rows again.

    Rows that are already demos are not tried again, so hardly anything is gained, and every prompt gets
    longer. Compile the module itself, or choose an optimizer that learns something else.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset rows = Dataset("rows.csv", inputs=["question"])
    optimizer few = BootstrapFewShot(metric=answer_exact_match)
    program first = few.compile(qa, trainset=rows)
    program second = few.compile(first, trainset=rows)
    #                            ^^^^^ W307 `first` already has demos from these rows; compile `qa` instead
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset rows = Dataset("rows.csv", inputs=["question"])
    optimizer few = BootstrapFewShot(metric=answer_exact_match)
    program first = few.compile(qa, trainset=rows)
    ```
    """
    found = {each.name: each for each in compilations(program) if each.optimizer in _DEMO_MAKERS}
    for each in found.values():
        if each.optimizer not in ("BootstrapFewShot", "LabeledFewShot"):
            continue  # a search also tries the program as it is
        student = student_of(each.item, each.call)
        before = found.get(student.text) if isinstance(student, syntax.Name) else None
        if student is None or before is None or before is each or not _learns_from_same_rows(each, before):
            continue
        own = student_of(before.item, before.call)
        shown = f"; compile `{written(before.item, own)}` instead" if own is not None else ""
        words = f"`{written(each.item, student)}` already has demos from these rows{shown}"
        yield bootstrapped_twice.at(student, words).shifted(each.item.start)


def _learns_from_same_rows(one: Compilation, other: Compilation) -> bool:
    first, second = one.argument("trainset"), other.argument("trainset")
    if first is None or second is None:
        return False
    return written(one.item, first.value) == written(other.item, second.value)


@rule("W308", "learns-nothing", Construction, severity="warning")
def learns_nothing(program: Program, item: Item, node: syntax.Call) -> Findings:
    """An optimizer that makes demos is not allowed to make any.

    ```dspy
    optimizer few = LabeledFewShot(k=0)
    #                              ^^^ W308 with `k=0`, no demos are made, and the program stays as it is
    ```

    ```dspy
    optimizer few = LabeledFewShot(k=8)
    ```
    """
    kind = item.type_of(node)
    name = kind.definition.name if isinstance(kind, types.Instance) else ""
    if name not in _DEMO_MAKERS or catalog.definition(name) is None:
        return
    limits = ("k",) if name == "LabeledFewShot" else ("max_bootstrapped_demos", "max_labeled_demos")
    given = [item.binding_of(node).argument(each) for each in limits]
    written_limits = [each for each in given if each is not None and constant(each.value) == 0]
    if len(written_limits) < len(limits):
        return
    shown = " and ".join(f"`{each}=0`" for each in limits)
    words = f"with {shown}, no demos are made, and the program stays as it is"
    yield learns_nothing.at(written_limits[0], words)


@rule("W309", "nothing-to-choose", Construction, fix="always", severity="warning")
def nothing_to_choose(program: Program, item: Item, node: syntax.Call) -> Findings:
    """`BestOfN` or `Refine` tries only once, so there is nothing to choose from.

    ```dspy
    def brief(args, pred) -> float:
        return 1.0 if len(pred.answer) < 20 else 0.0

    module qa = Predict("question -> answer")
    module best = BestOfN(qa, N=1, reward_fn=brief, threshold=1.0)
    #                         ^^^ W309 with `N=1`, `qa` runs once, whatever its reward
    ```

    ```dspy
    def brief(args, pred) -> float:
        return 1.0 if len(pred.answer) < 20 else 0.0

    module qa = Predict("question -> answer")
    module best = BestOfN(qa, N=3, reward_fn=brief, threshold=1.0)
    ```
    """
    if not _is_repeating(item, node):
        return
    binding = item.binding_of(node)
    argument = binding.argument("N")
    module = binding.argument("module")
    if argument is None or module is None or constant(argument.value) != 1:
        return
    name = written(item, module.value)
    words = f"with `N=1`, `{name}` runs once, whatever its reward"
    yield nothing_to_choose.at(argument, words, fix=replace("Write `3`", argument.value, "3"))


@rule("W310", "unreachable-threshold", Construction, fix="always", severity="warning")
def unreachable_threshold(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A reward is true or false, which count as 1 and 0, and the threshold is higher than that.

    So every attempt is made, however good the first one is.

    ```dspy
    def brief(args, pred) -> bool:
        return len(pred.answer) < 20

    module qa = Predict("question -> answer")
    module best = BestOfN(qa, N=3, reward_fn=brief, threshold=2.0)
    #                                               ^^^^^^^^^^^^^ W310 `brief` returns a bool, at most 1
    ```

    ```dspy
    def brief(args, pred) -> bool:
        return len(pred.answer) < 20

    module qa = Predict("question -> answer")
    module best = BestOfN(qa, N=3, reward_fn=brief, threshold=1.0)
    ```
    """
    if not _is_repeating(item, node):
        return
    binding = item.binding_of(node)
    argument = binding.argument("threshold")
    reward = binding.argument("reward_fn")
    if argument is None or reward is None:
        return
    kind, threshold = item.type_of(reward.value), constant(argument.value)
    is_bool = isinstance(kind, types.Function) and kind.returns == types.BOOL
    if is_bool and isinstance(threshold, int | float) and threshold > 1:
        words = f"`{written(item, reward.value)}` returns a bool, at most 1"
        fix = replace("Write `1.0`", argument.value, "1.0")
        yield unreachable_threshold.at(argument, words, fix=fix)


def _is_repeating(item: Item, node: syntax.Call) -> bool:
    kind = item.type_of(node.function)
    if not isinstance(kind, types.Class):
        return False
    return kind.definition in (catalog.definition("BestOfN"), catalog.definition("Refine"))
