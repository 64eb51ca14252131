"""The provider that trains: a GGUF model and chat data in, a better GGUF model out, on this machine's CPU."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ..errors import ConfigurationError, DataError, LMConfigurationError, did_you_mean
from . import embedded
from .provider import Provider, TrainDataFormat, TrainingJob

if TYPE_CHECKING:
    from .client import LM
    from .gguf import Checkpoint, Shape
    from .training_loop import Plan, Row, Step
    from .training_model import Weights

logger = logging.getLogger(__name__)

DEFAULT_CPU_SECONDS = 60.0
BUDGETS = ("cpu_seconds", "steps", "epochs")
ALIASES = {
    "num_train_epochs": "epochs",
    "max_steps": "steps",
    "per_device_train_batch_size": "batch_size",
    "output_dir": "output",
}
"""The names that DSPy's and TRL's users know."""
CHECKS = 10


@dataclass(frozen=True)
class Progress:
    """How far a training is: what `progress=` functions are called with after every step.

    `share` is the part of the budget that is used up, `validation_loss` the latest one, where rows are held out.
    """

    step: int
    share: float
    loss: float
    validation_loss: float | None
    cpu_seconds: float


@dataclass(frozen=True)
class FinetuneSettings:
    """The `train_kwargs` of models in GGUF files.

    At most one of `cpu_seconds`, `steps` and `epochs` says how long to train; 60 CPU seconds when none does. With
    `steps` or `epochs` the same data, settings and seed give the same model.
    """

    cpu_seconds: float | None = None
    """How long to train, in seconds of one processor."""
    steps: int | None = None
    """How many batches to train on."""
    epochs: float | None = None
    """How often to go through the data."""
    learning_rate: float = 2e-3
    """The highest learning rate, reached after the warm-up; take 1e-4 and less for models above 100 million weights."""
    batch_size: int = 16
    """Conversations to one step."""
    warmup_steps: int = 50
    """Steps over which the learning rate rises."""
    weight_decay: float = 0.05
    """How strongly weights are drawn to zero."""
    dropout: float = 0.0
    """The share of each layer's numbers left out at random, against learning by heart."""
    validation: float = 0.0
    """The share of the rows held out; where there is one, the weights with the lowest loss on it are kept."""
    seed: int = 0
    """What makes the order of the rows, and everything else that is random."""
    threads: int = 1
    """Processors to use; more than one helps only models far above a million weights."""
    precision: Literal["q8_0", "f16"] = "q8_0"
    """How exactly the new file keeps the weights."""
    output: str | os.PathLike[str] | None = None
    """The new file, or a folder for it; the user's data folder when not given."""
    progress: Callable[[Progress], None] | None = None
    """Called after every step."""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if sum(getattr(self, name) is not None for name in BUDGETS) > 1:
            raise ConfigurationError("give one of `cpu_seconds`, `steps` and `epochs`, not several")
        for name in (*BUDGETS, "learning_rate", "batch_size", "threads"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigurationError(f"`{name}` is above 0, not {value!r}")
        for name in ("validation", "dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigurationError(
                    f"`{name}` is a share from 0 to below 1, not {getattr(self, name)!r}"
                )
        if self.precision not in ("q8_0", "f16"):
            raise ConfigurationError(f"`precision` is `q8_0` or `f16`, not {self.precision!r}")


class LocalTrainingJob(TrainingJob):
    """A training on this machine. `losses` has the loss of every step so far, `validation_losses` of every check."""

    losses: list[float]
    validation_losses: list[float]

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.losses = []
        self.validation_losses = []


class LocalProvider(Provider):
    """Models in GGUF files: served by llama.cpp in this process, trained by torch on its CPU."""

    finetunable: ClassVar[bool] = True
    training_job: ClassVar[type[TrainingJob]] = LocalTrainingJob

    @staticmethod
    def launch(lm: LM, launch_kwargs: Mapping[str, Any] | None = None) -> None:
        """Load the model now rather than at its first request."""
        embedded.start(lm.model, {**lm.kwargs, **(launch_kwargs or {})})

    @staticmethod
    def kill(lm: LM, launch_kwargs: Mapping[str, Any] | None = None) -> None:
        """Unload the model; it is loaded again when it is asked again."""
        embedded.stop(lm.model)

    @staticmethod
    def finetune(
        job: TrainingJob,
        model: str,
        train_data: list[dict[str, Any]],
        train_data_format: TrainDataFormat | None,
        train_kwargs: Mapping[str, Any] | None = None,
    ) -> str:
        """Train all weights of the model on conversations and return the new model's name, `gguf/PATH`.

        `train_kwargs` are the fields of `FinetuneSettings`.

        Raises:
            LMConfigurationError: what training needs is not installed, or the model cannot be trained here.
            ConfigurationError: a setting that does not exist or cannot be.
            DataError: there is nothing to learn from, or a row is not in chat format.
        """
        if train_data_format not in (None, "chat"):
            raise LMConfigurationError(
                f"`{model}` learns from conversations (`chat`), not `{train_data_format}`"
            )
        if not train_data:
            raise DataError("there is nothing to learn from: the training data is empty")
        settings = read_settings(train_kwargs or {})
        _require_packages(model)
        return f"gguf/{_finetune(job, model, train_data, settings)}"


def read_settings(train_kwargs: Mapping[str, Any]) -> FinetuneSettings:
    """The settings, under our names or those that DSPy's users know."""
    known = [field.name for field in fields(FinetuneSettings)]
    values = {ALIASES.get(name, name): value for name, value in train_kwargs.items()}
    if unknown := [name for name in values if name not in known]:
        raise ConfigurationError(
            f"training has no setting `{unknown[0]}`{did_you_mean(unknown[0], known)}; it has {', '.join(known)}"
        )
    return FinetuneSettings(**values)


def data_folder() -> Path:
    """Where new models go unless a setting says otherwise: `$DSPYC_MODELS`, or a folder for the user's data."""
    if chosen := os.environ.get("DSPYC_MODELS"):
        return Path(chosen)
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "dspyc" / "models"


def _require_packages(model: str) -> None:
    try:
        import gguf  # noqa: F401
        import numpy  # noqa: F401
        import tokenizers  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise LMConfigurationError(
            f"training `{model}` needs the package `{error.name}`: pip install 'dspyc[train]'", model=model
        ) from error


def _finetune(
    job: TrainingJob, model: str, data: Sequence[Mapping[str, Any]], settings: FinetuneSettings
) -> str:
    import torch

    from . import gguf
    from .training_text import encode

    source = embedded.model_path(model)
    output = _output(source, model, data, settings)
    checkpoint = gguf.read(source, model)
    encoded = encode(checkpoint.vocabulary, checkpoint.shape.context, data)
    if not encoded.rows:
        raise DataError(
            f"every row is longer than the {checkpoint.shape.context} tokens that `{model}` reads"
        )
    if encoded.too_long:
        logger.warning("%d rows are too long for `%s` and left out", len(encoded.too_long), model)
    _require_memory(checkpoint.shape, encoded.rows, settings, model)
    threads = torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    try:
        weights = {name: torch.from_numpy(array.copy()) for name, array in checkpoint.weights.items()}
        _train(job, weights, checkpoint.shape, encoded.rows, settings)
    finally:
        torch.set_num_threads(threads)
    arrays = {name: tensor.numpy() for name, tensor in weights.items()}
    trained: Checkpoint = replace(checkpoint, name=output.stem, weights=arrays)
    gguf.write(trained, output, settings.precision)
    return output.as_posix()


def _train(
    job: TrainingJob, weights: Weights, shape: Shape, rows: list[Row], settings: FinetuneSettings
) -> None:
    """Train the weights in place, tell the job about it, and keep the best weights where rows are held out."""
    from .training_loop import measure, train

    learned, held_out = _divided(rows, settings)
    losses, validation_losses = getattr(job, "losses", []), getattr(job, "validation_losses", [])
    best: Weights = {}

    def check() -> None:
        nonlocal best
        loss = measure(weights, shape, held_out)
        if not validation_losses or loss < min(validation_losses):
            best = {name: tensor.detach().clone() for name, tensor in weights.items()}
        validation_losses.append(loss)

    def report(step: Step) -> None:
        losses.append(step.loss)
        if held_out and step.progress * CHECKS >= len(validation_losses):
            check()
        if settings.progress is not None:
            latest = validation_losses[-1] if validation_losses else None
            settings.progress(Progress(step.number, step.progress, step.loss, latest, step.cpu_seconds))

    train(weights, shape, lambda epoch: learned, _plan(settings, learned), report)
    if held_out:
        check()
        weights.update(best)


def _divided(rows: list[Row], settings: FinetuneSettings) -> tuple[list[Row], list[Row]]:
    shuffled = list(rows)
    random.Random(settings.seed).shuffle(shuffled)
    held_out = round(len(rows) * settings.validation)
    if settings.validation and not 0 < held_out < len(rows):
        raise DataError(f"{len(rows)} rows are too few to hold out {settings.validation:.0%} of them")
    return shuffled[held_out:], shuffled[:held_out]


def _plan(settings: FinetuneSettings, rows: list[Row]) -> Plan:
    from .training_loop import Plan, batches

    steps = settings.steps
    if settings.epochs is not None:
        steps = max(1, round(settings.epochs * len(batches(rows, settings.batch_size, random.Random(0)))))
    return Plan(
        cpu_seconds=None if steps else settings.cpu_seconds or DEFAULT_CPU_SECONDS,
        steps=steps,
        learning_rate=settings.learning_rate,
        batch_size=settings.batch_size,
        warmup_steps=settings.warmup_steps,
        weight_decay=settings.weight_decay,
        dropout=settings.dropout,
        seed=settings.seed,
    )


def _output(source: Path, model: str, data: Sequence[Mapping[str, Any]], settings: FinetuneSettings) -> Path:
    """The new file. A name of our own making tells model, data and settings apart, so nothing is overwritten by
    something else."""
    given = Path(settings.output).expanduser() if settings.output is not None else data_folder()
    if given.suffix == ".gguf":
        if given.absolute() == source:
            raise ConfigurationError(
                f"the trained model cannot take the place of the model it starts from, `{given}`"
            )
        return given
    facts = [model, list(data), str(replace(settings, output=None, progress=None))]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
    return given / f"{source.stem}-{digest[:8]}.gguf"


def _require_memory(shape: Shape, rows: list[Row], settings: FinetuneSettings, model: str) -> None:
    """Refuse before hours of swapping: weights, gradients and two moments, and what a step keeps for its way back."""
    import math

    weights = sum(math.prod(size) for size in shape.tensors(tied=False).values())
    tokens = settings.batch_size * max(len(row.ids) for row in rows)
    answers = settings.batch_size * max(sum(row.answers) for row in rows)
    kept = (
        tokens * shape.layers * (16 * shape.width + 4 * shape.feed_forward) + answers * shape.vocabulary * 3
    )
    needed, available = 4 * (4 * weights + kept), _available_memory()
    if available is not None and needed > available:
        raise LMConfigurationError(
            f"training `{model}` needs about {needed / 2**30:.1f} GiB of memory and {available / 2**30:.1f} GiB are free; "
            "take a smaller `batch_size` or a smaller model",
            model=model,
        )


def _available_memory() -> int | None:
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None
