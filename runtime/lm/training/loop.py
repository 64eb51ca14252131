"""The training loop: rows of tokens in, trained weights and the losses on the way out."""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from ...errors import DataError
from ..gguf.checkpoint import Shape
from .model import Dropout, Weights, hidden_states, logits
from .settings import DEFAULT_EPOCHS, FEWEST_STEPS, MOST_STEPS, FinetuneSettings

IGNORED = -100
Lesson = Callable[[int], Sequence["Row"]]
"""The rows of an epoch, by its number."""
AVERAGED = 0.1
"""The share of the steps over which the weights are averaged that a training gives; see `Plan`."""


@dataclass(frozen=True)
class Row:
    """One conversation as tokens.

    `answers` marks the tokens the model is to learn. Rows of one `task`, which is the system message, share
    batches, and the beginning that they have in common is worked out once.
    """

    ids: tuple[int, ...]
    answers: tuple[bool, ...]
    task: str = ""


@dataclass(frozen=True)
class Plan:
    """How long and how hard to train; exactly one of `cpu_seconds` and `steps` is given.

    `average` is the share of the steps, the latest most, over which the resulting weights are averaged.
    """

    cpu_seconds: float | None = None
    steps: int | None = None
    learning_rate: float = 2e-3
    batch_size: int = 16
    warmup_steps: int = 50
    weight_decay: float = 0.05
    dropout: float = 0.0
    average: float = 0.0
    gradient_limit: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Step:
    """What is known after a step of training; `progress` is the share of the budget that is used up.

    Within `given()` the weights are those that the training would give if it ended here: averages, where the
    plan wants them.
    """

    number: int
    epoch: int
    loss: float
    cpu_seconds: float
    progress: float
    given: Callable[[], AbstractContextManager[None]] = nullcontext


@dataclass
class Outcome:
    """The loss of every step, and what the training took."""

    losses: list[float] = field(default_factory=list)
    epochs: int = 0
    tokens: int = 0
    cpu_seconds: float = 0.0


def train(
    weights: Weights,
    shape: Shape,
    rows: Lesson,
    plan: Plan,
    report: Callable[[Step], None] | None = None,
    trained: Sequence[str] | None = None,
) -> Outcome:
    """Train `weights` in place on `rows(epoch)` until the plan's budget is used up; those named, or all.

    The learning rate rises over the warm-up steps and falls along a half cosine to 2 % at the end of the
    budget. With a plan in steps, the same seed gives the same weights.
    """
    chance = random.Random(plan.seed)
    noise = torch.Generator().manual_seed(plan.seed)
    dropout = Dropout(plan.dropout, noise) if plan.dropout else None
    names = list(weights) if trained is None else list(trained)
    parameters = [weights[name].requires_grad_(True) for name in names]
    optimizer = optimizer_for(parameters, plan)
    averages = [tensor.detach().clone() for tensor in parameters] if plan.average else None
    clock = time.thread_time if torch.get_num_threads() == 1 else time.process_time
    given = partial(_replaced, weights, dict(zip(names, averages or parameters, strict=True)))
    outcome, started = Outcome(), clock()

    for epoch, batch in _endless(rows, plan.batch_size, chance):
        done = len(outcome.losses)
        progress = progress_of(plan, done, clock() - started)
        if progress >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(plan, done, progress)
        loss, tokens = batch_loss(weights, shape, batch, dropout)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, plan.gradient_limit)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if averages:
            average_into(averages, parameters, 1 / max(1.0, plan.average * (done + 1)))
        outcome.losses.append(loss.item())
        outcome.tokens += tokens
        outcome.epochs = epoch
        outcome.cpu_seconds = clock() - started
        if report is not None:
            report(Step(done + 1, epoch, outcome.losses[-1], outcome.cpu_seconds, progress, given))
    for name, tensor in zip(names, averages or parameters, strict=True):
        weights[name] = tensor.detach()
    return outcome


def measure(weights: Weights, shape: Shape, rows: Sequence[Row], batch_size: int = 64) -> float:
    """The mean loss over rows that the model does not learn from."""
    total = count = 0.0
    for batch in batches(rows, batch_size, random.Random(0)):
        marked = sum(sum(row.answers) for row in batch)
        with torch.no_grad():
            total += batch_loss(weights, shape, batch, None)[0].item() * marked
        count += marked
    return total / count


def batches(rows: Sequence[Row], size: int, chance: random.Random) -> list[list[Row]]:
    """Batches of one task and of like lengths, in random order."""
    tasks: dict[str, list[Row]] = {}
    for row in rows:
        tasks.setdefault(row.task, []).append(row)
    found = []
    for members in tasks.values():
        chance.shuffle(members)
        for start in range(0, len(members), size * 20):
            near = sorted(members[start : start + size * 20], key=lambda row: len(row.ids))
            found += [near[index : index + size] for index in range(0, len(near), size)]
    chance.shuffle(found)
    return found


def steps_of_epoch(rows: Sequence[Row], size: int) -> int:
    """How many batches it takes to go through the rows once."""
    return len(batches(rows, size, random.Random(0)))


def _endless(rows: Lesson, size: int, chance: random.Random) -> Iterator[tuple[int, list[Row]]]:
    for epoch in itertools.count():
        for batch in batches(rows(epoch), size, chance):
            yield epoch, batch


@contextmanager
def _replaced(weights: Weights, others: Weights) -> Iterator[None]:
    """Have other tensors among the weights for a while."""
    kept = {name: weights[name] for name in others}
    weights.update({name: tensor.detach() for name, tensor in others.items()})
    try:
        yield
    finally:
        weights.update(kept)


def batch_loss(
    weights: Weights, shape: Shape, batch: Sequence[Row], dropout: Dropout | None
) -> tuple[Tensor, int]:
    """The mean loss over the marked tokens, with logits only there; and the tokens worked through."""
    shared = _shared(batch)
    length = max(len(row.ids) for row in batch) - shared - 1
    ids = torch.zeros(len(batch), length, dtype=torch.long)
    targets = torch.full((len(batch), length), IGNORED, dtype=torch.long)
    for index, row in enumerate(batch):
        own = torch.tensor(row.ids[shared:])
        marks = torch.tensor(row.answers[shared + 1 :])
        ids[index, : len(own) - 1] = own[:-1]
        targets[index, : len(own) - 1] = torch.where(marks, own[1:], IGNORED)
    states = hidden_states(
        weights, shape, torch.tensor(batch[0].ids[:shared], dtype=torch.long), ids, dropout
    )
    chosen = targets != IGNORED
    loss = functional.cross_entropy(logits(weights, states[chosen]), targets[chosen])
    return loss, shared + ids.numel()


def _shared(batch: Sequence[Row]) -> int:
    """How many leading tokens all rows share, short of the one before the first marked token."""
    limit = max(0, min(row.answers.index(True) for row in batch) - 1)
    first, last = min(row.ids for row in batch), max(row.ids for row in batch)
    return next((index for index in range(limit) if first[index] != last[index]), limit)


def optimizer_for(parameters: list[Tensor], plan: Plan) -> torch.optim.AdamW:
    """AdamW, which draws matrices to zero and leaves vectors."""
    matrices = [tensor for tensor in parameters if tensor.dim() > 1]
    vectors = [tensor for tensor in parameters if tensor.dim() == 1]
    groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(
        groups, lr=plan.learning_rate, weight_decay=plan.weight_decay, betas=(0.9, 0.98), fused=True
    )


def average_into(averages: list[Tensor], parameters: list[Tensor], share: float) -> None:
    """Move the averages towards the parameters by a share of the way."""
    with torch.no_grad():
        for average, tensor in zip(averages, parameters, strict=True):
            average.lerp_(tensor, share)


def progress_of(plan: Plan, steps: int, seconds: float) -> float:
    """The share of the budget that is used up."""
    if plan.steps is not None:
        return steps / plan.steps
    assert plan.cpu_seconds is not None
    return seconds / plan.cpu_seconds


def learning_rate(plan: Plan, step: int, progress: float) -> float:
    """The learning rate of a step: a warm-up, then a half cosine down to 2 %."""
    falling = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))
    return plan.learning_rate * min(1.0, (step + 1) / max(1, plan.warmup_steps)) * falling


def divided(rows: list[Row], settings: FinetuneSettings) -> tuple[list[Row], list[Row]]:
    """The rows to learn from, and those held out.

    Raises:
        DataError: there are too few rows to hold some out.
    """
    shuffled = list(rows)
    random.Random(settings.seed).shuffle(shuffled)
    held_out = round(len(rows) * settings.validation)
    if settings.validation and not 0 < held_out < len(rows):
        raise DataError(f"{len(rows)} rows are too few to hold out {settings.validation:.0%} of them")
    return shuffled[held_out:], shuffled[:held_out]


def planned(settings: FinetuneSettings, in_epoch: int) -> Plan:
    """How long and how hard to train, where an epoch has so many steps."""
    steps = settings.steps
    if settings.epochs is not None:
        steps = max(1, round(settings.epochs * in_epoch))
    elif steps is None and settings.cpu_seconds is None:
        steps = min(max(DEFAULT_EPOCHS * in_epoch, FEWEST_STEPS), MOST_STEPS)
    return Plan(
        cpu_seconds=settings.cpu_seconds,
        steps=steps,
        learning_rate=settings.learning_rate,
        batch_size=settings.batch_size,
        warmup_steps=settings.warmup_steps,
        weight_decay=settings.weight_decay,
        dropout=settings.dropout,
        average=AVERAGED,
        seed=settings.seed,
    )
