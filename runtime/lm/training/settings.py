"""What one may set for a training: the `train_kwargs` of models in GGUF files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from ....base.models import TRAINING_ALIASES
from ...errors import ConfigurationError, did_you_mean, list_names
from ..gguf.places import data_folder as data_folder

DEFAULT_EPOCHS = 4
FEWEST_STEPS, MOST_STEPS = 400, 4_000
"""Of a training whose length is not said."""
BUDGETS = ("cpu_seconds", "steps", "epochs")


@dataclass(frozen=True)
class Progress:
    """How far a training is: what `progress=` functions are called with after every step.

    `share` is the part of the budget that is used up, `validation_loss` the latest one where rows are held
    out, `checkpoint` the file of the model as it stands, where it was written after this step.
    """

    step: int
    share: float
    loss: float
    validation_loss: float | None
    cpu_seconds: float
    checkpoint: str | None = None


@dataclass(frozen=True)
class FinetuneSettings:
    """The `train_kwargs` of models in GGUF files.

    At most one of `cpu_seconds`, `steps` and `epochs` says how long to train. When none does, it is 4
    epochs, but at least 400 steps and at most 4,000: a few minutes for `embedded/base`. Unless `cpu_seconds`
    does, the same data, settings and seed give the same model.
    """

    cpu_seconds: float | None = None
    """How long to train, in seconds of one processor."""
    steps: int | None = None
    """How many batches to train on."""
    epochs: float | None = None
    """How often to go through the data."""
    learning_rate: float = 2e-3
    """The highest learning rate; 1e-4 and less for models of 100 million weights and more."""
    batch_size: int = 16
    """Conversations to one step."""
    warmup_steps: int = 50
    """Steps over which the learning rate rises."""
    weight_decay: float = 0.05
    """How strongly weights are drawn to zero."""
    dropout: float = 0.1
    """The share of each layer's numbers left out at random, against learning by heart."""
    word_dropout: float = 0.1
    """The share of the words left out at random of half the messages that have labels as answers; none with 0
    here, or for `dropout`.
    """
    lora: int | None = None
    """The rank of the matrices that are trained in place of the weights (LoRA), which takes a third of the
    memory; all weights are trained when None.
    """
    validation: float = 0.0
    """The share of the rows held out; where there is one, the weights with the lowest loss on it are kept."""
    seed: int = 0
    """What makes the order of the rows, and everything else that is random."""
    threads: int = 1
    """Processors to use; more than one helps only models far above a million weights."""
    precision: Literal["q8_0", "f16"] = "q8_0"
    """How exactly the new file keeps the weights."""
    prompts: Literal["chat", "compact"] | None = None
    """The form of the prompts in the data, which the new file says, so that programs ask it in the same form;
    that of the base model when not given. `BootstrapFinetune` gives it.
    """
    background: bool = False
    """Whether to train in a process of its own, which goes on when this one ends; asked for again, the same
    training is waited for.
    """
    fresh: bool = False
    """Whether to train even where the file of this very training is there already."""
    checkpoints: bool = False
    """Whether the model is also written after each epoch but the last, beside the new file."""
    output: str | os.PathLike[str] | None = None
    """The new file, or a folder for it; the user's data folder when not given."""
    progress: Callable[[Progress], None] | None = None
    """Called after every step."""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if sum(getattr(self, name) is not None for name in BUDGETS) > 1:
            raise ConfigurationError("set only one of `cpu_seconds`, `steps` and `epochs`")
        for name in (*BUDGETS, "learning_rate", "batch_size", "threads", "lora"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigurationError(f"`{name}` must be above 0, not {value!r}")
        for name in ("validation", "dropout", "word_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigurationError(
                    f"`{name}` must be at least 0 and below 1, not {getattr(self, name)!r}"
                )
        if self.prompts not in (None, "chat", "compact"):
            raise ConfigurationError(f"`prompts` must be `chat` or `compact`, not {self.prompts!r}")
        if self.precision not in ("q8_0", "f16"):
            raise ConfigurationError(f"`precision` must be `q8_0` or `f16`, not {self.precision!r}")


def read_settings(train_kwargs: Mapping[str, Any]) -> FinetuneSettings:
    """The settings, under our names or those that DSPy's users know."""
    known = [field.name for field in fields(FinetuneSettings)]
    values = {TRAINING_ALIASES.get(name, name): value for name, value in train_kwargs.items()}
    if unknown := [name for name in values if name not in known]:
        raise ConfigurationError(
            f"unknown training setting `{unknown[0]}`{did_you_mean(unknown[0], known)}; "
            f"the settings are {list_names(known)}"
        )
    return FinetuneSettings(**values)
