"""One attempt of a module that may be tried several times: what `Refine` and `BestOfN` share."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...base.models import is_reasoning_model
from ..errors import ConfigurationError
from ..example import Example
from ..execution import drive, trace
from ..signature.inputs import all_inputs
from .base import Module
from .calling import in_force
from .predict import Predict

logger = logging.getLogger("dspyc")


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


Advise: TypeAlias = Callable[[Attempt], Awaitable[Mapping[str, str] | None]]
"""Hints for the next attempt, by the path of the predictor that they are for."""


async def best_attempt(
    module: Module,
    inputs: Mapping[str, Any],
    reward_fn: Callable[..., Any],
    *,
    temperatures: Sequence[float | None],
    threshold: float | None,
    fail_count: int | None,
    advise: Advise | None = None,
) -> Attempt:
    """Try a module, once at each temperature, until one attempt is good enough.

    Args:
        module: what to run.
        inputs: the inputs of the call.
        reward_fn: the judge.
        temperatures: of the attempts; None is the module's own.
        threshold: the reward that is good enough to stop; None to try all.
        fail_count: how many attempts may raise before their error is raised; all of them when None.
        advise: asked after each attempt that is not good enough and not the last.

    Returns:
        the attempt with the highest reward, of equal ones the earliest.
    """
    best: Attempt | None = None
    advice: Mapping[str, str] | None = None
    failures = Failures(len(temperatures) if fail_count is None else fail_count)
    for number, temperature in enumerate(temperatures):
        try:
            tried = await attempt(
                module, inputs, reward_fn, number=number, temperature=temperature, advice=advice
            )
        except Exception as error:  # noqa: BLE001 a failed attempt is counted; too many are raised
            logger.warning(
                "attempt %d of %d failed: %s: %s",
                number + 1, len(temperatures), type(error).__name__, error,
            )  # fmt: skip
            failures.add(error)
            continue
        if best is None or tried.reward > best.reward:
            best = tried
        if threshold is not None and tried.reward >= threshold:
            break
        if advise is not None and number < len(temperatures) - 1:
            advice = await advise(tried)
    if best is None:
        assert failures.last is not None
        raise failures.last
    keep(best.steps)
    return best


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
        ConfigurationError: the function returned something else, or a NaN, which no reward compares with.
    """
    try:
        reward = float(value)
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"a reward must be a number, not {value!r}: check what `reward_fn` returns"
        ) from None
    if math.isnan(reward):
        raise ConfigurationError("a reward must be a number, not NaN: check what `reward_fn` returns")
    return reward


def keep(steps: list[Any]) -> None:
    """Put the steps of the attempt that was chosen into the trace around, if there is one."""
    trace.extend(steps)


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
        return _Judge(reward_fn)
    if not callable(reward_fn):
        raise ConfigurationError(f"`reward_fn` must be a function (args, pred) -> float, not {reward_fn!r}")
    function: Callable[..., Any] = reward_fn
    return function


class _Judge:
    """A reward that is a module, hidden from the walk over the parts of the module that it judges."""

    def __init__(self, module: Module) -> None:
        self._module = module

    def __call__(self, args: Any, pred: Any) -> Any:
        return self._module(args, pred)


def _settings(predictor: Predict, number: int, temperature: float | None) -> dict[str, Any]:
    settings: dict[str, Any] = {"rollout_id": number} if number else {}
    lm, _, _ = in_force(predictor)
    if temperature is not None and not is_reasoning_model(getattr(lm, "model", "")):
        settings["temperature"] = temperature
    return settings
