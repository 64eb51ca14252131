"""Teachers that are built differently from their students, and modules of several models."""

from __future__ import annotations

from collections.abc import Sequence

from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program
from ..rule import Findings, file_rule, rule, written
from ..walking import Construction
from ..words import listed
from .compiled import compilations
from .structure import FILE_MODEL, UNKNOWN_MODEL, Predictor, Structure, structure_of, student_of


@file_rule("E413", "different-structure")
def different_structure(program: Program) -> Findings:
    """A teacher and its student have different predictors, or predictors with different fields.

    What a predictor of the teacher did becomes an example for the student's predictor of the same name. Their
    instructions, demos and models may differ.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    module slow = ChainOfThought("question -> answer")
    dataset rows = Dataset("rows.csv", inputs=["question"])
    optimizer few = BootstrapFewShot(metric=answer_exact_match)
    program tuned = few.compile(qa, teacher=slow, trainset=rows)
    #                                       ^^^^ E413 `slow` has the predictor `predict`, but `qa` has `self`
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = ChainOfThought("question -> answer")
    module slow = ChainOfThought("question -> answer")
    dataset rows = Dataset("rows.csv", inputs=["question"])
    optimizer few = BootstrapFewShot(metric=answer_exact_match)
    program tuned = few.compile(qa, teacher=slow, trainset=rows)
    ```
    """
    for each in compilations(program):
        teacher, student = each.argument("teacher"), student_of(each.item, each.call)
        if teacher is None or student is None:
            continue
        value = teacher.value
        guides = value.elements if isinstance(value, syntax.List | syntax.Tuple) else (value,)
        theirs = structure_of(program, each.item, student)
        for guide in guides if theirs is not None else ():
            found = structure_of(program, each.item, guide)
            if found is None or theirs is None or _is_misplaced(each.item, guide):
                continue
            names = written(each.item, guide), written(each.item, student)
            words = _difference(found, theirs, names)
            if words is not None:
                yield different_structure.at(guide, words).shifted(each.item.start)


def _is_misplaced(item: Item, node: syntax.Expression) -> bool:
    """Whether a module is constructed in place, which is a finding of its own."""
    return isinstance(node, syntax.Call) and isinstance(item.type_of(node.function), types.Class)


def _difference(teacher: Structure, student: Structure, names: tuple[str, str]) -> str | None:
    """How a teacher differs from its student, as a sentence."""
    one, other = names
    theirs, own = {each.name: each for each in teacher}, {each.name: each for each in student}
    if len(theirs) == len(own) == 1 and theirs.keys() != own.keys():
        return f"`{one}` has the predictor {listed(list(theirs))}, but `{other}` has {listed(list(own))}"
    missing = [name for name in own if name not in theirs]
    if missing:
        return f"`{one}` has no predictor {listed(missing, 'or')}, but `{other}` does"
    surplus = [name for name in theirs if name not in own]
    if surplus:
        return f"`{one}` has the predictor{'s' * (len(surplus) > 1)} {listed(surplus)}, which `{other}` lacks"
    for name in own:
        if not _same_fields(theirs[name], own[name]):
            fields = _fields(theirs[name]), _fields(own[name])
            if len(own) == 1:
                return f"`{one}` has the fields {fields[0]}, but `{other}` has {fields[1]}"
            return f"`{name}` has the fields {fields[0]} in `{one}`, but {fields[1]} in `{other}`"
    return None


def _same_fields(one: Predictor, other: Predictor) -> bool:
    if one.inputs is None or other.inputs is None:
        return True
    return (one.inputs, one.outputs) == (other.inputs, other.outputs)


def _fields(one: Predictor) -> str:
    return f"`{', '.join(one.inputs or ())} -> {', '.join(one.outputs or ())}`"


@rule("W306", "several-models", Construction, severity="warning")
def several_models(program: Program, item: Item, node: syntax.Call) -> Findings:
    """`Refine` runs a module whose predictors use several models.

    It asks one model for advice, and raises the temperature of all of them to get different answers. DSPy
    refuses such a module. Give the module one model, or refine its parts one by one.

    ```dspy
    lm fast = LM("openai/gpt-4o-mini")
    lm strong = LM("openai/gpt-4o")

    module Both:
        input question: str
        output answer: str
        first = Predict("question -> draft", lm=fast)
        second = Predict("draft -> answer", lm=strong)
        forward:
            return answer=second(draft=first(question=question).draft).answer

    def brief(args, pred) -> float:
        return 1.0 if len(pred.answer) < 20 else 0.0

    module better = Refine(Both(), N=3, reward_fn=brief, threshold=1.0)
    #                      ^^^^^^ W306 `Both()` uses `fast` and `strong`; `Refine` needs a single model
    ```

    ```dspy
    lm fast = LM("openai/gpt-4o-mini")

    module Both:
        input question: str
        output answer: str
        first = Predict("question -> draft", lm=fast)
        second = Predict("draft -> answer", lm=fast)
        forward:
            return answer=second(draft=first(question=question).draft).answer

    def brief(args, pred) -> float:
        return 1.0 if len(pred.answer) < 20 else 0.0

    module better = Refine(Both(), N=3, reward_fn=brief, threshold=1.0)
    ```
    """
    kind = item.type_of(node.function)
    if not isinstance(kind, types.Class) or kind.definition is not catalog.definition("Refine"):
        return
    argument = item.binding_of(node).argument("module")
    found = structure_of(program, item, argument.value) if argument is not None else None
    used = list(dict.fromkeys(each.model for each in found or ()))
    if argument is None or len(used) < 2 or UNKNOWN_MODEL in used:
        return
    names = _named(used)
    words = f"`{written(item, argument)}` uses {names}; `Refine` needs a single model"
    yield several_models.at(argument, words)


def _named(used: Sequence[str]) -> str:
    others = listed([each for each in used if each != FILE_MODEL])
    return f"the file's model and {others}" if FILE_MODEL in used else others
