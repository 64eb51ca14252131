"""What a call and a construction take besides their own parameters, for type checkers.

The stubs that `dspyc build` writes end their signatures in `**settings: Unpack[CallSettings]`, so that a
misspelt input is found. At run time a module takes any setting: one that only one provider has is given to
the language model, `lm=LM("provider/model", setting=…)`.
"""

from __future__ import annotations

from typing import Any, TypedDict

from .lm.base import BaseLM


class CallSettings(TypedDict, total=False):
    """The named arguments of a module's call that are no inputs."""

    lm: BaseLM | None
    config: dict[str, Any] | None
    demos: list[Any] | None
    max_retries: int | None


class ModuleSettings(TypedDict, total=False):
    """What every module with a body is constructed with, for all its parts: an LM, and an LM's settings."""

    lm: BaseLM | None
    max_retries: int | None
    temperature: float | None
    max_tokens: int | None
    top_p: float | None
    top_k: int | None
    n: int | None
    stop: str | list[str] | None
    seed: int | None
    timeout: float | None
    frequency_penalty: float | None
    presence_penalty: float | None
    logit_bias: dict[str, float] | None
    logprobs: bool | None
    top_logprobs: int | None
    reasoning_effort: str | None
    rollout_id: int | None
    probabilities: bool | None
