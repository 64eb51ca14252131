"""`LabeledFewShot`: labelled examples as demos."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Annotated, Any

from ..errors import OptimizerError
from ..example import Example, listed_examples
from ..interface import Examples
from ..limits import Ge
from ..modules.base import Module
from ..parameters import parameters
from ..signature.inputs import as_demo, needs_types, typed_demo
from ..values.cells import EmptyCell
from ..values.inputs import Misfit
from .base import Optimizer, shown_by
from .plan import Planned, Span
from .teaching import tell_once


@parameters
class LabeledFewShot(Optimizer):
    """Gives every predictor labelled examples as demos, with their values in the types of the fields.

    The simplest optimizer: no call is made. The student keeps its demos, and more are added. An example
    helps a predictor only if it has at least one of its inputs and one of its outputs, and values of the
    fields' types; others are skipped.
    """

    k: Annotated[int, Ge(0)] = 16
    """The number of demos up to which each predictor is filled."""

    def compile(self, student: Module, *, trainset: Examples, sample: bool = True) -> Module:
        """Return a copy of the student with demos.

        Args:
            student: the program; it is not changed.
            trainset: the labelled examples; if there are none, no demos are added.
            sample: draw them at random (with the same seed each time), instead of taking the first.

        Raises:
            OptimizerError: `trainset` holds something else than examples.
        """
        program = student.deepcopy()
        rng = random.Random(0)
        examples = listed_examples("trainset", trainset, OptimizerError)
        for predictor in program.predictors():
            predictor.demos = filled_up(predictor, examples, self.k, rng if sample else None)
        return program

    def plan(self, student: Module, **arguments: Any) -> Sequence[Planned]:
        """What `compile` will ask of models; see `Optimizer.plan`."""
        return [Planned("program", Span(0, 0), student, demos=self.k)]


def filled_up(
    predictor: Any, examples: Sequence[Example], count: int, rng: random.Random | None
) -> list[Any]:
    """A predictor's demos and, up to so many together, examples that it does not show yet.

    Args:
        predictor: the predictor.
        examples: labelled examples.
        count: how many demos to fill up to.
        rng: what draws the examples; the first ones are taken when None.
    """
    demos = list(predictor.demos or ())
    is_shown = shown_by(demos, predictor.signature)
    fitting = [example for example in fitting_demos(predictor.signature, examples) if not is_shown(example)]
    wanted = max(0, min(count - len(demos), len(fitting)))
    chosen = fitting[:wanted] if rng is None else rng.sample(fitting, wanted)
    return demos + [as_demo(predictor.signature, example) for example in chosen]


def fitting_demos(signature: Any, examples: Sequence[Example]) -> list[Example]:
    """The examples that a predictor's prompt can show: those with an input and an output of its, and no value
    that a field of its refuses, such as a label that is none of its choices.
    """
    inputs, outputs = signature.input_fields, signature.output_fields
    labelled = [
        example
        for example in examples
        if any(name in example for name in inputs)
        and any(name in example and not isinstance(example[name], EmptyCell) for name in outputs)
    ]
    if not needs_types(signature):
        return labelled
    complaints = [_complaint(signature, example) for example in labelled]
    if wrong := [each for each in complaints if each is not None]:
        verb = "is" if len(wrong) == 1 else "are"
        tell_once(
            signature,
            f"{len(wrong)} of {len(examples)} rows {verb} not shown as demos, the first because {wrong[0]}",
        )
    return [example for example, wrong in zip(labelled, complaints, strict=True) if wrong is None]


def _complaint(signature: Any, example: Example) -> str | None:
    """Why a row cannot be a demo of a predictor: the value that is not one of its field's type."""
    try:
        typed_demo(signature, example)
    except Misfit as misfit:
        misfit.path = misfit.path.removeprefix(".")
        return misfit.describe("")
    return None
