"""Fine-tuning of models in folders of safetensors, of any architecture, by TRL; LoRA by PEFT.

Conversations in, a folder of safetensors out, with what LoRA trained merged into the weights. Nothing is
downloaded, no code from the folder is run, and the optimizer's state is the only thing that torch reads back,
as plain tensors, when an interrupted training goes on.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....base.files import write_atomically
from ..gguf.folder import PROMPTS_FILE
from ..transports import in_torch
from .memory import require_memory, require_room
from .settings import FinetuneSettings, Progress
from .written import Writer, form_of, rows_of

if TYPE_CHECKING:
    from .loop import Plan, Row

NEEDED = ("torch", "transformers", "trl", "peft")
LEARNING_RATE, LORA_LEARNING_RATE = 2e-5, 2e-4
"""The learning rates where none is given: those of models of 100 million weights and more."""
GRADIENT_LIMIT = 1.0
CHECKS = 10
"""How often the rows held out are measured."""


def defaults(train_kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, with the learning rate that such models want where none is given."""
    rate = LORA_LEARNING_RATE if train_kwargs.get("lora") is not None else LEARNING_RATE
    return {"learning_rate": rate, **train_kwargs}


def verify(model: str, folder: Path, settings: FinetuneSettings) -> None:
    """Raise what would keep the model from being trained, before anything is spent.

    Raises:
        LMConfigurationError: a package is not installed, the folder has no safetensors, or the weights alone
            are larger than the memory.
    """
    in_torch.require(model, NEEDED)
    require_memory(model, folder, settings, 0)


def tune(
    model: str,
    folder: Path,
    output: Path,
    data: Sequence[Mapping[str, Any]],
    settings: FinetuneSettings,
    watch: Watch,
    said: Callable[[], Mapping[str, Any]] = dict,
    key: str = "",
) -> Path:
    """Train a model on conversations, and give the folder of the new one.

    Args:
        model: the model's name, for messages.
        folder: where it is.
        output: the new folder.
        data: the conversations, `{"messages": […]}`; only what the assistant says in them is learned.
        settings: how to train.
        watch: what is told of every step, and may end the training by an exception.
        said: what the new folder is to say of its training, asked when it has ended.
        key: which training it is; only from checkpoints of the same one does it go on.

    Raises:
        LMConfigurationError: a package or memory is missing, or transformers cannot load the model.
        DataError: there is nothing to learn from, or a row is not in chat format.
    """
    verify(model, folder, settings)
    require_room(model, output, sum(file.stat().st_size for file in folder.glob("*.safetensors")))
    checkpoints = output.with_name(f"{output.name}-{key[:8]}-checkpoints")
    if settings.fresh:
        shutil.rmtree(checkpoints, ignore_errors=True)
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    with warnings.catch_warnings():
        # What these packages say to one another of their next versions.
        warnings.simplefilter("ignore", FutureWarning)
        try:
            _tune(model, folder, output, data, settings, watch, said, checkpoints)
        finally:
            torch.set_num_threads(threads)
            with suppress(OSError):
                # Trainers make it even for nothing.
                checkpoints.rmdir()
    shutil.rmtree(checkpoints, ignore_errors=True)
    return output


class Watch:
    """What a training tells: subclasses keep the losses."""

    def step(self, progress: Progress) -> None:
        """A step has been made; an exception ends the training."""

    def checked(self, loss: float) -> None:
        """The loss on the rows held out has been measured."""


def _tune(
    model: str,
    folder: Path,
    output: Path,
    data: Sequence[Mapping[str, Any]],
    settings: FinetuneSettings,
    watch: Watch,
    said: Callable[[], Mapping[str, Any]],
    checkpoints: Path,
) -> None:
    import torch

    network, tokenizer = in_torch.read(folder, model)
    network, form = network.float(), form_of(folder, tokenizer, settings)
    rows = rows_of(Writer(network, tokenizer, form), data, model)
    require_memory(model, folder, settings, max(len(row.ids) for row in rows))
    torch.manual_seed(settings.seed)
    if settings.lora is not None:
        network = _with_lora(network, settings)
    _train(network, tokenizer, rows, checkpoints, settings, watch)
    facts = {"prompts": form, "training": said()}
    _write(network, tokenizer, output, facts, _precision(folder))


def _with_lora(network: Any, settings: FinetuneSettings) -> Any:
    """The network with a pair of small matrices beside each matrix of its layers, which alone are trained."""
    import peft
    from transformers.pytorch_utils import Conv1D

    assert settings.lora is not None
    config = peft.LoraConfig(
        r=settings.lora,
        lora_alpha=2 * settings.lora,
        lora_dropout=settings.dropout,
        target_modules="all-linear",
        # GPT-2's matrices lie the other way round.
        fan_in_fan_out=any(isinstance(each, Conv1D) for each in network.modules()),
        task_type="CAUSAL_LM",
    )
    return peft.get_peft_model(network, config)


def _train(
    network: Any, tokenizer: Any, rows: list[Row], checkpoints: Path, settings: FinetuneSettings, watch: Watch
) -> None:
    """Train the network in place; where rows are held out, it gets the weights that did best on them."""
    import datasets
    import torch
    import trl

    from .loop import divided, optimizer_for, planned

    learned, held_out = divided(rows, settings)
    in_epoch = math.ceil(len(learned) / settings.batch_size)
    plan = planned(settings, in_epoch)
    trained = [each for each in network.parameters() if each.requires_grad]
    optimizer, clock = optimizer_for(trained, plan), _Clock(plan)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, clock.rate)
    keeps = settings.checkpoints and not held_out
    arguments = trl.SFTConfig(
        output_dir=str(checkpoints),
        max_steps=plan.steps if plan.steps is not None else UNLIMITED,
        per_device_train_batch_size=settings.batch_size,
        max_grad_norm=GRADIENT_LIMIT,
        seed=settings.seed,
        save_strategy="steps" if keeps else "no",
        save_steps=in_epoch,
        save_total_limit=1,
        logging_steps=1,
        max_length=None,
        loss_type="nll",
        activation_checkpointing=False,
        bf16=torch.cuda.is_available() and torch.cuda.is_bf16_supported(),
        dataset_kwargs={"skip_prepare_dataset": True},
        dataloader_pin_memory=False,
        use_cpu=not torch.cuda.is_available(),
        report_to="none",
        disable_tqdm=True,
    )
    trainer = trl.SFTTrainer(
        model=network,
        args=arguments,
        train_dataset=datasets.Dataset.from_list([_labelled(row) for row in learned]),
        processing_class=tokenizer,
        optimizers=(optimizer, schedule),
    )
    best = _Best(trainer, [_labelled(row) for row in held_out], watch)
    trainer.add_callback(_callback(trainer, plan, clock, best, settings, watch))
    best.measure()
    trainer.train(resume_from_checkpoint=_latest(checkpoints) if keeps else None)
    best.measure()
    best.restore()


UNLIMITED = 10**9
"""The steps of a training that ends by the clock."""


def _labelled(row: Row) -> dict[str, list[int]]:
    """A row as TRL takes it; what is not to be learned has the label that torch ignores."""
    from .loop import IGNORED

    labels = [token if marked else IGNORED for token, marked in zip(row.ids, row.answers, strict=True)]
    return {"input_ids": list(row.ids), "labels": labels}


@dataclass
class _Clock:
    """How much of the budget is used up, and the learning rate that belongs to it."""

    plan: Plan
    started: float = 0.0

    def __post_init__(self) -> None:
        self.started = time.process_time()

    @property
    def seconds(self) -> float:
        """The processor's time so far."""
        return time.process_time() - self.started

    def progress(self, step: int) -> float:
        """The share of the budget that is used up after so many steps."""
        from .loop import progress_of

        return min(1.0, progress_of(self.plan, step, self.seconds))

    def rate(self, step: int) -> float:
        """The learning rate of a step as a share of the highest."""
        from .loop import learning_rate

        return learning_rate(self.plan, step, self.progress(step)) / self.plan.learning_rate


class _Best:
    """The loss on the rows held out, and the weights with which it was lowest."""

    def __init__(self, trainer: Any, rows: list[dict[str, list[int]]], watch: Watch) -> None:
        self._trainer, self._rows, self._watch = trainer, rows, watch
        self._weights: dict[str, Any] = {}
        self.losses: list[float] = []

    def measure(self) -> None:
        """Measure, and keep the weights if they are the best; nothing where no rows are held out."""
        if not self._rows:
            return
        loss = self._loss()
        if not self.losses or loss < min(self.losses):
            parameters = self._trainer.model.named_parameters()
            self._weights = {name: one.detach().clone() for name, one in parameters if one.requires_grad}
        self.losses.append(loss)
        self._watch.checked(loss)

    def is_due(self, progress: float) -> bool:
        """Whether it is time to measure again."""
        return bool(self._rows) and progress * CHECKS >= len(self.losses)

    def restore(self) -> None:
        """Put the best weights back."""
        import torch

        with torch.no_grad():
            for name, one in self._trainer.model.named_parameters():
                if name in self._weights:
                    one.copy_(self._weights[name])

    def _loss(self) -> float:
        import torch

        network, size = self._trainer.model, self._trainer.args.per_device_train_batch_size
        was_training = network.training
        network.eval()
        total = count = 0.0
        with torch.no_grad():
            for start in range(0, len(self._rows), size):
                batch = self._trainer.data_collator(self._rows[start : start + size])
                batch = {name: each.to(network.device) for name, each in batch.items()}
                # The first token of a row is not predicted.
                marked = int((batch["labels"][:, 1:] >= 0).sum())
                total += network(**batch).loss.item() * marked
                count += marked
        network.train(was_training)
        return total / max(1.0, count)


def _callback(
    trainer: Any, plan: Plan, clock: _Clock, best: _Best, settings: FinetuneSettings, watch: Watch
) -> Any:
    """What the trainer calls: it tells of every step, measures, and ends a training by the clock."""
    import transformers

    trainer.remove_callback(transformers.PrinterCallback)

    class Told(transformers.TrainerCallback):  # type: ignore[misc] # transformers is not typed here
        """Passes on what the trainer says."""

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            """A step has been made; so are words at the end, which have no loss of a step."""
            if "loss" not in (logs or {}):
                return
            progress = clock.progress(state.global_step)
            if best.is_due(progress):
                best.measure()
            if plan.steps is None and progress >= 1:
                control.should_training_stop = True
            latest = best.losses[-1] if best.losses else None
            watch.step(Progress(state.global_step, progress, logs["loss"], latest, clock.seconds))

    return Told()


def _latest(folder: Path) -> str | None:
    """The latest whole checkpoint, from which an interrupted training goes on."""
    found = [each for each in folder.glob("checkpoint-*") if (each / "trainer_state.json").is_file()]
    latest = max(found, key=lambda each: int(each.name.rpartition("-")[2]), default=None)
    return None if latest is None else str(latest)


def _write(
    network: Any, tokenizer: Any, output: Path, facts: Mapping[str, Any], precision: str | None
) -> None:
    """Write the new folder, whole or not at all."""
    import torch

    if hasattr(network, "merge_and_unload"):
        network = network.merge_and_unload()
    if precision is not None:
        network = network.to(getattr(torch, precision))
    beside = _beside(output)
    shutil.rmtree(beside, ignore_errors=True)
    network.save_pretrained(beside)
    tokenizer.save_pretrained(beside)
    # The last file of all: with it, the folder is whole.
    write_atomically(beside / PROMPTS_FILE, json.dumps(facts) + "\n")
    put_in_place(output)


def _beside(output: Path) -> Path:
    """Where a new folder is written."""
    return output.with_name(f".{output.name}.new")


def put_in_place(output: Path) -> None:
    """Let a new folder that has been written whole take the place of an earlier one, if there is one.

    No step replaces a folder with files in it, so a process can be killed when neither is in its place.
    """
    beside, before = _beside(output), output.with_name(f".{output.name}.old")
    if (beside / PROMPTS_FILE).exists():
        shutil.rmtree(before, ignore_errors=True)
        with suppress(FileNotFoundError):
            os.replace(output, before)
        os.replace(beside, output)
    shutil.rmtree(before, ignore_errors=True)


def _precision(folder: Path) -> str | None:
    """How exactly the base model keeps its weights, where it is one of the halves."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    found = config.get("dtype") or config.get("torch_dtype")
    return found if found in ("float16", "bfloat16") else None
