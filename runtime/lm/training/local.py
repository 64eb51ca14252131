"""The provider that trains on this machine: a model in a file or folder and chat data in, a better one out.

Llamas are trained by a lean loop of our own and come out as GGUF files; what else lies in a folder of
safetensors is trained by TRL (`tuning`) and comes out as such a folder.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ....base.locks import in_turn_if_writable
from ...errors import ConfigurationError, DataError, LMConfigurationError
from ...execution.planning import is_planned
from ..base import BaseLM
from ..gguf.folder import is_folder
from ..gguf.forms import prompt_form
from ..gguf.header import read_header
from ..gguf.places import torch_folder
from ..jobs import TrainDataFormat, TrainingJob
from ..provider import Provider
from ..transports import embedded
from . import tuning
from .finished import Ended, ended_before, training_key
from .memory import available_memory, require_room
from .settings import FinetuneSettings, Progress, data_folder, read_settings

if TYPE_CHECKING:
    from ..gguf.checkpoint import Shape
    from .loop import Row, Step
    from .model import Weights

logger = logging.getLogger(__name__)

CHECKS = 10
SETTLING_SECONDS = 4.0
"""How long an interrupted program waits for the end of a step, or of the writing of a model."""


class LocalTrainingJob(TrainingJob):
    """A training on this machine: the losses of its steps, and of its checks on rows held out, so far.

    Unlike other futures it can be cancelled while it runs: it ends after its step, and no file is written.
    """

    losses: list[float]
    validation_losses: list[float]

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.losses = []
        self.validation_losses = []
        self._stopping = False

    def cancel(self) -> bool:
        """Stop the training; False when it is over."""
        if super().cancel():
            return True
        self._stopping = not self.done()
        return self._stopping

    def settle(self) -> None:
        """After `cancel`, wait a while for the step or the writing of a file that is under way."""
        if self.thread is not None:
            self.thread.join(SETTLING_SECONDS)

    def status(self) -> str:
        """Where it stands: `running`, `done`, `failed` or `cancelled`."""
        return "cancelled" if self._stopping and self.done() and self.exception() else super().status()

    def stop_if_cancelled(self) -> None:
        """What the training calls after every step."""
        if self._stopping:
            raise CancelledError(f"the training of `{self.model}` was cancelled")


class LocalProvider(Provider):
    """Models in GGUF files: served by llama.cpp in this process, trained by torch on its CPU."""

    finetunable: ClassVar[bool] = True
    finds_again: ClassVar[bool] = True
    training_job: ClassVar[type[TrainingJob] | None] = LocalTrainingJob

    @staticmethod
    def launch(lm: BaseLM, launch_kwargs: Mapping[str, Any] | None = None) -> None:
        """Load the model now rather than at its first request."""
        embedded.start(lm.model, {**lm.kwargs, **(launch_kwargs or {})})

    @staticmethod
    def kill(lm: BaseLM, launch_kwargs: Mapping[str, Any] | None = None) -> None:
        """Unload the model; it is loaded again when it is asked again."""
        embedded.stop(lm.model)

    @staticmethod
    def trained_form(model: str) -> str:
        """Compact prompts, but for models that were made on others and would have to learn them anew."""
        return prompt_form(model) if model.startswith("embedded/") else "compact"

    @staticmethod
    def verify(model: str, train_kwargs: Mapping[str, Any] | None = None) -> None:
        """Complain about settings, missing packages, a missing file and a model that is no llama.

        Raises:
            LMConfigurationError: what training needs is not installed, or the model cannot be trained here.
            ConfigurationError: a setting that does not exist, or has an invalid value.
        """
        settings, folder = _settings(model, train_kwargs), torch_folder(model)
        if folder is None:
            _require_llama(model)
        try:
            if folder is None:
                _require_packages(model)
            else:
                tuning.verify(model, folder, settings)
        except LMConfigurationError as error:
            if not is_planned():
                raise
            logger.warning("%s", error)

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
            ConfigurationError: a setting that does not exist, or has an invalid value.
            DataError: there is nothing to learn from, or a row is not in chat format.
        """
        if train_data_format not in (None, "chat"):
            raise LMConfigurationError(
                f"`{model}` learns from conversations (`chat`), not `{train_data_format}`"
            )
        if not train_data:
            raise DataError("the training data is empty")
        settings, folder = _settings(model, train_kwargs), torch_folder(model)
        if folder is None:
            _require_packages(model)
        else:
            tuning.verify(model, folder, settings)
        if settings.background:
            from .background import train_apart

            return train_apart(job, model, train_data, settings)
        source = folder or embedded.model_path(model)
        key = training_key(source, train_data, settings)
        output = _output(source, settings, key)
        place = output if folder is None else output.with_suffix("")
        with _alone(place, job):
            if folder is not None:
                _verify_replaceable(place, folder)
                tuning.put_in_place(place)
            ended = None if settings.fresh else ended_before(place, key)
            if ended is not None:
                logger.info("this very training has been done before; its model is taken from %s", place)
                ended.tell(job)
            elif folder is None:
                _finetune(job, model, train_data, settings, output, key)
            else:

                def said() -> dict[str, Any]:
                    return Ended.of(key, job).facts()

                watch = _JobWatch(job, settings)
                tuning.tune(model, folder, place, train_data, settings, watch, said, key)
        return f"gguf/{place.as_posix()}"


@contextmanager
def _alone(place: Path, job: TrainingJob) -> Iterator[None]:
    """Hold the place of the new model: one training at a time writes there, whichever process it is in."""
    # Where nothing can be written, a model that is there already can still be taken.
    with in_turn_if_writable(place.absolute(), getattr(job, "stop_if_cancelled", lambda: None)):
        yield


def _verify_replaceable(place: Path, base: Path) -> None:
    """Refuse to let a new folder take the place of its base model, or of what is no model."""
    if place.absolute() == base.absolute():
        raise ConfigurationError(f"the new model cannot replace its base model, `{place}`")
    if place.is_dir() and any(place.iterdir()) and not is_folder(place):
        raise ConfigurationError(
            f"the new model would replace the folder `{place}`, which holds something else; name another "
            "`output`"
        )


class _JobWatch(tuning.Watch):
    """Tells the job of every step, and whoever listens."""

    def __init__(self, job: TrainingJob, settings: FinetuneSettings) -> None:
        self._job, self._settings = job, settings

    def step(self, progress: Progress) -> None:
        """A step has been made."""
        getattr(self._job, "losses", []).append(progress.loss)
        if isinstance(self._job, LocalTrainingJob):
            self._job.stop_if_cancelled()
        if self._settings.progress is not None:
            self._settings.progress(progress)

    def checked(self, loss: float) -> None:
        """The rows held out have been measured."""
        getattr(self._job, "validation_losses", []).append(loss)


def _settings(model: str, train_kwargs: Mapping[str, Any] | None) -> FinetuneSettings:
    given = train_kwargs or {}
    return read_settings(given if torch_folder(model) is None else tuning.defaults(given))


def _require_llama(model: str) -> None:
    architecture = read_header(embedded.model_path(model), model).architecture
    if architecture != "llama":
        raise LMConfigurationError(
            f"`{model}` cannot be fine-tuned locally: its architecture is `{architecture}`; "
            "use a model of the llama architecture, or a folder of safetensors in place of the GGUF file",
            model=model,
        )


def _require_packages(model: str) -> None:
    for name in ("torch", "gguf", "numpy", "tokenizers"):
        try:
            import_module(name)
        except ImportError as error:
            raise LMConfigurationError(
                f"training `{model}` needs the package `{error.name}`: pip install 'dspyc[train]'",
                model=model,
            ) from error


def _finetune(
    job: TrainingJob,
    model: str,
    data: Sequence[Mapping[str, Any]],
    settings: FinetuneSettings,
    output: Path,
    key: str,
) -> None:
    """Train the model in a GGUF file, and write the new one, which says that it comes from the training of
    this key.
    """
    import torch

    from ..gguf import checkpoint as gguf
    from .model import add_lora, merge_lora
    from .text import encode, texts_of, with_template

    checkpoint = gguf.read(embedded.model_path(model), model)
    room = sum(math.prod(size) for size in checkpoint.shape.tensors(tied=checkpoint.tied).values())
    require_room(model, output, room if settings.precision == "q8_0" else 2 * room)
    encoded = encode(checkpoint.vocabulary, checkpoint.shape.context, data)
    if not encoded.rows:
        raise DataError(
            f"every row is longer than the {checkpoint.shape.context} tokens that `{model}` accepts"
        )
    if encoded.too_long:
        logger.warning("%d rows are too long for `%s` and left out", len(encoded.too_long), model)
    _require_memory(checkpoint.shape, encoded.rows, settings, model)
    threads = torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    try:
        weights = {name: torch.from_numpy(array.copy()) for name, array in checkpoint.weights.items()}

        def keep(place: Path, training: str = "") -> str:
            merged = {name: tensor.detach() for name, tensor in weights.items()}
            merge_lora(merged)
            arrays = {name: tensor.numpy() for name, tensor in merged.items()}
            form = settings.prompts or checkpoint.prompts
            made = replace(
                checkpoint,
                name=place.stem,
                weights=arrays,
                prompts=form,
                training=training,
                vocabulary=with_template(checkpoint.vocabulary),
            )
            gguf.write(made, place, settings.precision)
            return place.as_posix()

        def keep_step(step: int) -> str:
            return keep(output.with_name(f"{output.stem}-step-{step}.gguf"))

        pairs = add_lora(weights, settings.lora, settings.seed) if settings.lora is not None else None
        text_of = texts_of(checkpoint.vocabulary)
        _train(job, weights, checkpoint.shape, encoded.rows, settings, keep_step, pairs, text_of)
    finally:
        torch.set_num_threads(threads)
    keep(output, json.dumps(Ended.of(key, job).facts()))


def _train(
    job: TrainingJob,
    weights: Weights,
    shape: Shape,
    rows: list[Row],
    settings: FinetuneSettings,
    keep: Callable[[int], str],
    trained: Sequence[str] | None,
    text_of: Callable[[int], str],
) -> None:
    """Train the weights in place, tell the job, and keep the best weights where rows are held out.

    `text_of` gives the text of a token, for `lessons`.
    """
    from .lessons import lessons
    from .loop import divided, measure, planned, steps_of_epoch, train

    learned, held_out = divided(rows, settings)
    losses, validation_losses = getattr(job, "losses", []), getattr(job, "validation_losses", [])
    lesson = lessons(learned, settings.seed, text_of, settings.word_dropout if settings.dropout else 0.0)
    in_epoch = steps_of_epoch(learned, settings.batch_size)
    plan = planned(settings, in_epoch)
    best: Weights = {}

    def check() -> None:
        nonlocal best
        loss = measure(weights, shape, held_out)
        if not validation_losses or loss < min(validation_losses):
            best = {name: weights[name].detach().clone() for name in trained or weights}
        validation_losses.append(loss)

    def report(step: Step) -> None:
        losses.append(step.loss)
        if isinstance(job, LocalTrainingJob):
            job.stop_if_cancelled()
        kept = None
        # What is measured and kept on the way is what the training would give there.
        with step.given():
            if held_out and step.progress * CHECKS >= len(validation_losses):
                check()
            if settings.checkpoints and step.number % in_epoch == 0 and step.number != plan.steps:
                kept = keep(step.number)
        if settings.progress is not None:
            latest = validation_losses[-1] if validation_losses else None
            settings.progress(Progress(step.number, step.progress, step.loss, latest, step.cpu_seconds, kept))

    if held_out:
        check()
    train(weights, shape, lesson, plan, report, trained)
    if held_out:
        check()
        weights.update(best)


def _output(source: Path, settings: FinetuneSettings, key: str) -> Path:
    """The new file; a name of our own making tells trainings apart."""
    given = Path(settings.output).expanduser() if settings.output is not None else data_folder()
    if given.suffix == ".gguf":
        if given.absolute() == source:
            raise ConfigurationError(f"the new model cannot replace its base model, `{given}`")
        return given
    stem = source.stem if source.suffix == ".gguf" else source.name.replace(".", "-")
    return given / f"{stem}-{key[:8]}.gguf"


def _require_memory(shape: Shape, rows: list[Row], settings: FinetuneSettings, model: str) -> None:
    """Refuse before the machine begins to swap."""
    weights = sum(math.prod(size) for size in shape.tensors(tied=False).values())
    tokens = settings.batch_size * max(len(row.ids) for row in rows)
    answers = settings.batch_size * max(sum(row.answers) for row in rows)
    # In numbers of four bytes: each weight, its gradient, two moments, its average, and the best so far where
    # rows are held out; what layers and scores keep of a step.
    copies = 6 if settings.validation else 5
    layers = tokens * shape.layers * (16 * shape.width + 4 * shape.feed_forward)
    kept = copies * weights if settings.lora is None else weights + copies * _pairs(shape, settings.lora)
    needed = 4 * (kept + layers + 3 * answers * shape.vocabulary)
    available = available_memory()
    if available is not None and needed > available:
        raise LMConfigurationError(
            f"training `{model}` needs about {needed / 2**30:.1f} GiB of memory and {available / 2**30:.1f} "
            "GiB are free; use a smaller `batch_size`, `lora` or a smaller model",
            model=model,
        )


def _pairs(shape: Shape, rank: int) -> int:
    """The numbers in the pairs of matrices that LoRA trains."""
    sizes = [
        size for name, size in shape.tensors(tied=True).items() if name.startswith("blk.") and len(size) == 2
    ]
    return sum(rank * (outputs + inputs) for outputs, inputs in sizes)
