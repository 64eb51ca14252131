"""What a module class says about its own calls, and the shapes of functions that parameters take.

The compiler's catalog reads these off the classes, so that no module's name stands in the compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from ..base.frozen import frozen_record
from .example import Example
from .prediction import Prediction, Score

_NONE: Mapping[str, Any] = MappingProxyType({})


@frozen_record
class Interface:
    """The inputs and outputs of a module class's calls, and how many model calls they make, depending on its
    parameters.

    `ChainOfThought` has `Interface(of="signature", outputs={"reasoning": str}, calls="answer")`: its calls
    take the inputs of the signature given as the parameter `signature`, return `reasoning` and then the
    signature's outputs, and ask a model for one answer.
    """

    of: str
    """The parameter that holds the signature or module whose fields the calls have; empty for a class whose
    calls always have the same.
    """
    inputs: Mapping[str, Any] = _NONE
    """Further inputs, all optional."""
    outputs: Mapping[str, Any] = _NONE
    """Further outputs, before the signature's own."""
    needs: Mapping[str, Any] = _NONE
    """Further inputs that every call needs."""
    reserved: str | None = None
    """An input that the class gives the predictors beneath it, so that theirs may not have that name."""
    added: Sequence[str] = ()
    """Fields that the class's own predictors have, which the signature may not have."""
    calls: str | None = None
    """How many model calls one call makes at most: a sum of products, `"N * module + (N - 1) * answer"`.

    `answer` is one answer of a model, with the follow-up turns that `max_retries` allows. A parameter that
    takes a number stands for the number; one that takes a module or functions, for the calls that those make.
    None where it cannot be said.
    """


class Metric(Protocol):
    """How good a prediction is: `(example, pred)` and, if named, `trace`, `pred_name`, `pred_trace`."""

    def __call__(self, example: Any, pred: Any, /) -> bool | float | Score:
        """Return a bool, a number, or a `Score` with feedback."""
        ...


class Reward(Protocol):
    """How good a prediction is for the inputs it was made from: `(args, pred) -> float`."""

    def __call__(self, args: Any, pred: Any, /) -> float:
        """Return the reward; higher is better."""
        ...


ToolFunction: TypeAlias = Callable[..., Any]
"""A function that an agent may call; its name, annotations and docstring are what the model sees."""

Examples: TypeAlias = Sequence[Example]
"""A data set, or any list of examples."""

Predictions: TypeAlias = Sequence[Prediction]
