"""Learning from the rows' own labels: `teacher="labels"`, for which no model is called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypeAlias, TypeGuard

from ..errors import OptimizerError, did_you_mean, list_names
from ..example import Example
from ..execution.progress import report
from ..modules.base import Module
from ..prediction import Prediction
from ..signature.fields import Field
from ..signature.inputs import typed_demo
from ..types.annotations import allows_none
from ..values.cells import EmptyCell
from ..values.inputs import Misfit
from .base import verify_structure
from .rollouts import Call

Labels: TypeAlias = Literal["labels"]
"""Instead of a teacher: the rows say what each predictor should have answered."""


def is_labels(teacher: object) -> TypeGuard[Labels]:
    """Whether the rows' labels are to be learned from.

    Raises:
        OptimizerError: the teacher is another string.
    """
    if not isinstance(teacher, str):
        return False
    if teacher != "labels":
        raise OptimizerError(
            f'`teacher` must be a program or "labels", not {teacher!r}{did_you_mean(teacher, ["labels"])}'
        )
    return True


def verify_teacher(student: Module, teacher: Module | Labels | None, examples: Sequence[Example]) -> None:
    """Complain about a teacher that a student cannot learn from.

    Raises:
        OptimizerError: its structure differs, or the labels do not teach every predictor.
    """
    if is_labels(teacher):
        verify_labels(student, examples)
    else:
        assert not isinstance(teacher, str)
        verify_structure(student, student.deepcopy() if teacher is None else teacher)


def verify_labels(program: Module, examples: Sequence[Example]) -> None:
    """Complain about a predictor that no row can teach, and about a row that cannot teach any.

    Raises:
        OptimizerError: it has a field that is no column, no row has all of its fields, or a value is not one
            of its field's type.
    """
    _verify_columns(program, examples)
    for number, example in enumerate(examples, 1):
        for _ in _calls(program, example, number):
            pass


def _verify_columns(program: Module, examples: Sequence[Example]) -> None:
    columns = {name for example in examples for name in example.keys()}  # noqa: SIM118 not all names are shown
    predictors = program.named_predictors()
    if not predictors:
        raise OptimizerError(f"{type(program).__name__} has no predictor that could learn from labels")
    for name, predictor in predictors:
        wanted = _fields(predictor.signature)
        if lacking := [each.name for each in wanted if each.name not in columns]:
            shown = f"`{name}`" if len(predictors) > 1 else "the program"
            noun = "the field" if len(lacking) == 1 else "the fields"
            raise OptimizerError(
                f"{shown} cannot learn from the labels: the rows have no column for {noun} "
                f"{list_names(lacking)}; they have {list_names(sorted(columns))}"
            )
        if not any(all(_is_given(example, each) for each in wanted) for example in examples):
            names = list_names([each.name for each in wanted])
            raise OptimizerError(f"`{name}` cannot learn from the labels: no row has all of {names}")


def runs_by_labels(program: Module, examples: Sequence[Example]) -> list[list[Call]]:
    """What each predictor should have answered to each row: its run, as if the program had made it.

    Args:
        program: the student.
        examples: the rows; one that lacks a field of a predictor gives that predictor no run.

    Raises:
        OptimizerError: a predictor that no row can teach, or a value that is not one of its field's type.
    """
    _verify_columns(program, examples)
    runs = [list(_calls(program, example, number)) for number, example in enumerate(examples, 1)]
    report("bootstrap", len(runs), len(runs), "from the labels")
    return runs


def _calls(program: Module, example: Example, number: int) -> Iterator[Call]:
    for name, predictor in program.named_predictors():
        signature = predictor.signature
        if not all(_is_given(example, each) for each in _fields(signature)):
            continue
        known = {each: _value(example[each]) for each in signature.fields if each in example}
        try:
            typed = typed_demo(signature, known)
        except Misfit as misfit:
            misfit.path = misfit.path.removeprefix(".")
            where = example.origin or f"example {number}"
            raise OptimizerError(f"{where} cannot be used for learning: {misfit.describe('')}") from None
        inputs = {each: typed[each] for each in signature.input_fields if each in typed}
        yield Call(name, inputs, Prediction({each: typed[each] for each in signature.output_fields}))


def _fields(signature: Any) -> list[Field]:
    """The fields that a row must have: all outputs, and the inputs that have no default."""
    inputs = [field for field in signature.input_fields.values() if field.is_required()]
    return [*inputs, *signature.output_fields.values()]


def _is_given(example: Example, field: Field) -> bool:
    """Whether a row says what a field is: None and an empty cell only do for a field that may be None."""
    if field.name not in example:
        return False
    return _value(example[field.name]) is not None or allows_none(field.annotation)


def _value(value: Any) -> Any:
    return None if isinstance(value, EmptyCell) else value
