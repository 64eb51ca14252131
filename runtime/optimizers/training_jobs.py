"""The models that `BootstrapFinetune` is to train, and whether that can be, before anything is spent."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..adapters.base import Adapter
from ..errors import DspycError, OptimizerError, list_names
from ..lm.provider import Provider

logger = logging.getLogger("dspyc")


@dataclass
class Job:
    """A model to train: for which predictors, on what."""

    lm: Any
    adapter: Adapter | None
    train_kwargs: dict[str, Any]
    predictors: list[str] = field(default_factory=list)
    data: list[dict[str, Any]] = field(default_factory=list)
    data_format: str = "chat"
    asked_by: type[Adapter] | None = None
    """The adapter by which the program will ask the trained model."""


def verify_trainable(job: Job) -> None:
    """Refuse a model that cannot be trained, or not with these settings."""
    lm = job.lm
    if not callable(getattr(lm, "finetune", None)):
        raise OptimizerError(
            f"{lm!r}, which {list_names(job.predictors)} uses, cannot be trained: it has no `finetune`"
        )
    provider = lm.infer_provider() if hasattr(lm, "infer_provider") else None
    if provider is not None and not provider.finetunable:
        raise OptimizerError(
            f"`{lm.model}`, which {list_names(job.predictors)} uses, cannot be trained: its provider does "
            "not support training; models in GGUF files (`gguf/PATH`) can be trained"
        )
    if provider is not None:
        try:
            provider.verify(getattr(lm, "finetuning_model", None) or lm.model, job.train_kwargs)
            if isinstance(provider, Provider):
                provider.verify_lm(lm)
                provider.verify_training(lm, job.train_kwargs)
        except DspycError as error:
            raise OptimizerError(f"{list_names(job.predictors)} cannot be trained: {error}") from error


def finds_again(lm: Any) -> bool:
    """Whether a training that was done before is found again, unless it is asked for anew."""
    return hasattr(lm, "infer_provider") and getattr(lm.infer_provider(), "finds_again", False)


def verify_places(jobs: Sequence[Job]) -> None:
    """Refuse that two models be written to one file: all predictors would get the one written last."""
    places: dict[str, Job] = {}
    for job in jobs:
        output = str(job.train_kwargs.get("output") or job.train_kwargs.get("output_dir") or "")
        place = os.path.abspath(os.path.expanduser(output))
        if output.endswith(".gguf") and (other := places.setdefault(place, job)) is not job:
            names = f"{list_names(other.predictors)} and of {list_names(job.predictors)}"
            raise OptimizerError(
                f"the models of {names} would both be written to `{output}`; name a folder as `output`"
            )


def verify_adapter(job: Job) -> None:
    """Refuse an adapter that does not make training data."""
    adapter = job.adapter
    if adapter is not None and not _makes_training_data(type(adapter)):
        raise OptimizerError(f"`{type(adapter).__name__}` does not make training data; use ChatAdapter")


def tell_of_other_forms(jobs: Sequence[Job]) -> None:
    """Warn of models that learn another form of prompts than they will be asked in."""
    for job in jobs:
        learned, asked = type(job.adapter), job.asked_by
        if asked is not None and asked is not learned:
            logger.warning(
                "%s is trained on prompts of %s, but the program asks by %s: give the program the same "
                "adapter, by configure(adapter=%s())",
                list_names(job.predictors), learned.__name__, asked.__name__, learned.__name__,
            )  # fmt: skip


def _makes_training_data(kind: type[Adapter]) -> bool:
    """Whether an adapter says how answers are written, which the base leaves open."""
    return (
        kind.format_finetune_data is not Adapter.format_finetune_data
        or kind.format_assistant_message_content is not Adapter.format_assistant_message_content
        or kind.format_answer is not Adapter.format_answer
    )
