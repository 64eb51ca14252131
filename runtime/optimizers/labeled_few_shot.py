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
from ..signature.inputs import as_demo
from .base import Optimizer, shown_by
from .plan import Planned, Span


@parameters
class LabeledFewShot(Optimizer):
    """Gives every predictor labelled examples as demos, with their values in the types of the fields.

    The simplest optimizer: no call is made. The student keeps its demos, and more are added. An example
    helps a predictor only if it has at least one of its inputs and one of its outputs; others are skipped.
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
    """The examples that a predictor's prompt can show: those with an input and an output of its."""
    inputs, outputs = signature.input_fields, signature.output_fields
    return [
        example
        for example in examples
        if any(name in example for name in inputs) and any(name in example for name in outputs)
    ]
