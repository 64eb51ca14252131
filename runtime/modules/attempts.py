"""One attempt of a module that may be tried several times: what `Refine` and `BestOfN` share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigurationError
from ..example import Example
from ..execution import drive, trace
from ..lm.client import is_reasoning_model
from ..signature.inputs import all_inputs
from .base import Module
from .predict import Predict, in_force


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one attempt: prediction, reward, and the steps, told of the original predictors."""

    prediction: Any
    reward: float
    steps: list[Any]


@dataclass(slots=True)
class Failures:
    """Counts the attempts that raised, within one call; `limit` may, the next one is raised."""

    limit: int
    count: int = 0
    last: Exception | None = None

    def add(self, error: Exception) -> None:
        """Count a failure; raises it when it is one too many."""
        self.count += 1
        self.last = error
        if self.count > self.limit:
            raise error


async def attempt(
    module: Module,
    inputs: Mapping[str, Any],
    reward_fn: Callable[..., Any],
    *,
    number: int,
    temperature: float | None,
    advice: Mapping[str, str] | None = None,
) -> Attempt:
    """Run a copy of the module and judge what it predicts.

    Args:
        module: what to run; it is not changed.
        inputs: the inputs of the call.
        reward_fn: the judge, `(args, pred) -> float`; its own model calls are not traced.
        number: which attempt this is, from 0; all but the first ask for fresh answers past the cache.
        temperature: for the model calls; None leaves it as it is.
        advice: hints by the path of the predictor that they are for.
    """
    copy = module.deepcopy()
    originals = {
        id(twin): original
        for (_, original), (_, twin) in zip(
            module.named_sub_modules(Predict), copy.named_sub_modules(Predict), strict=True
        )
    }
    for name, predictor in copy.named_predictors():
        predictor.config = {**predictor.config, **_settings(predictor, number, temperature)}
        if advice is not None:
            predictor.hint = advice.get(name, "N/A")
    steps: list[Any] = []
    token = trace.start(steps)
    try:
        prediction = await copy.acall(**inputs)
    finally:
        trace.stop(token)
    token = trace.start(None)
    try:
        reward = await drive.call_function(reward_fn, _arguments(module, inputs), prediction)
    finally:
        trace.stop(token)
    told = [
        (originals.get(id(predictor), predictor), given, made)
        for predictor, given, made in trace.flatten(steps)
    ]
    return Attempt(prediction, as_reward(reward), told)


def _arguments(module: Module, inputs: Mapping[str, Any]) -> Example:
    """What the reward reads as `args`: every input that the module declares, in its type."""
    signature = module.declared_signature()
    return Example(inputs if signature is None else all_inputs(signature, inputs))


def as_reward(value: Any) -> float:
    """The reward as a number.

    Raises:
        ConfigurationError: the function returned something else.
    """
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"a reward is a number, not {value!r}: check what `reward_fn` returns"
        ) from None


def keep(steps: list[Any]) -> None:
    """Put the steps of the attempt that was chosen into the trace around, if there is one."""
    around = trace.active()
    if around is not None:
        around.extend(steps)


def temperature_of(module: Module) -> float | None:
    """The temperature at which the module's first predictor works as it is."""
    for predictor in module.predictors():
        lm, config, _ = in_force(predictor)
        settings = {**getattr(lm, "kwargs", {}), **config}
        value: float | None = settings.get("temperature")
        return value
    return None


def is_async_call(module: Module, reward_fn: Callable[..., Any]) -> bool:
    """Whether attempts have to run on the event loop."""
    return module.needs_loop or drive.is_async(reward_fn)


def as_function(reward_fn: Any) -> Callable[..., Any]:
    """The reward as a plain function, so that a judge made of predictors is no part of the module that it
    judges.
    """
    if isinstance(reward_fn, Module):
        return lambda args, pred: reward_fn(args, pred)
    if not callable(reward_fn):
        raise ConfigurationError(f"`reward_fn` is a function (args, pred) -> float, not {reward_fn!r}")
    function: Callable[..., Any] = reward_fn
    return function


def _settings(predictor: Predict, number: int, temperature: float | None) -> dict[str, Any]:
    settings: dict[str, Any] = {"rollout_id": number} if number else {}
    lm, _, _ = in_force(predictor)
    if temperature is not None and not is_reasoning_model(getattr(lm, "model", "")):
        settings["temperature"] = temperature
    return settings
