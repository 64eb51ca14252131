"""`LabeledFewShot`: labelled examples as demos."""

from __future__ import annotations

import random
from typing import Annotated, Any

from annotated_types import Ge

from ..example import Example
from ..interface import Examples
from ..modules.base import Module
from ..parameters import parameters
from .base import Optimizer, fresh_copy


@parameters
class LabeledFewShot(Optimizer):
    """Gives every predictor labelled examples as demos, as they are.

    The simplest optimizer: no call is made. An example helps a predictor only if it has at least one of its
    inputs and one of its outputs; others are passed over.
    """

    k: Annotated[int, Ge(0)] = 16
    """How many demos each predictor gets, at most."""

    def compile(self, student: Module, *, trainset: Examples, sample: bool = True) -> Module:
        """Return a copy of the student with demos.

        Args:
            student: the program; it stays as it is.
            trainset: the labelled examples; with none the program stays without demos.
            sample: draw them (with the same seed each time), instead of taking the first.
        """
        program = fresh_copy(student)
        rng = random.Random(0)
        examples = list(trainset)
        for predictor in program.predictors():
            fitting = fitting_demos(predictor.signature, examples)
            count = min(self.k, len(fitting))
            predictor.demos = rng.sample(fitting, count) if sample else fitting[:count]
        return program


def fitting_demos(signature: Any, examples: list[Example]) -> list[Example]:
    """The examples that a predictor's prompt can show: those with an input and an output of its."""
    inputs, outputs = signature.input_fields, signature.output_fields
    return [
        example
        for example in examples
        if any(name in example for name in inputs) and any(name in example for name in outputs)
    ]
