"""Train the two models that the package ships: `python training/train_banking.py --data FOLDER`.

FOLDER holds the raw data, `banking77/` and `snips/`; the card in `runtime/lm/models` says where it is from.
The numbers are those of the shipped models: on one core the strong model takes about half an hour, the weak
one two minutes. Steps and seeds are fixed, so the same packages on the same processor make the same files.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import gguf
import torch
from banking_data import Example, banking, banking_labels, few_per_label, snips
from banking_prompts import Message, banking_tasks, boilerplate, snips_tasks, varied
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from dspyc.runtime.lm.gguf.checkpoint import Checkpoint, Shape, Vocabulary, write
from dspyc.runtime.lm.training.loop import Plan, Row, Step, train
from dspyc.runtime.lm.training.model import initial_weights

MODELS = Path(__file__).parent.parent / "runtime" / "lm" / "models"
TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
CONTROL = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
WORDS = 3_072
CONTEXT = 1_024
SNIPS_PER_EPOCH = 1_500


@dataclass(frozen=True)
class Recipe:
    """How one model is made; `per_label` limits the Banking77 rows that it sees of each intent."""

    name: str
    plan: Plan
    per_label: int | None = None


RECIPES = (
    Recipe("banking-base", Plan(steps=2_850), per_label=4),
    Recipe("banking", Plan(steps=28_877, dropout=0.1, average=0.035)),
)


@dataclass(frozen=True)
class Corpus:
    """The texts to learn from, and the tokenizer made of them."""

    labels: tuple[str, ...]
    messages: list[Example]
    utterances: list[Example]
    tokenizer: Tokenizer


def read_corpus(folder: Path) -> Corpus:
    """Both data sets' training rows; the tokenizer's words are theirs, the prompts' and the labels'."""
    labels, messages, utterances = banking_labels(folder), banking(folder, "train"), snips(folder, "train")
    tasks = banking_tasks(labels) + snips_tasks()
    texts = [example.text for example in messages] * 2 + [example.text for example in utterances]
    texts += [task.instructions for task in tasks] * 5
    texts += [name for task in tasks for name in (*task.inputs, *(name for name, _ in task.outputs))] * 5
    texts += [*labels, *(f"The message is about {label.replace('_', ' ')}." for label in labels)] * 10
    return Corpus(labels, messages, utterances, make_tokenizer(texts, labels))


def make_tokenizer(texts: Sequence[str], labels: tuple[str, ...]) -> Tokenizer:
    """A byte-level BPE of the texts' own words, with the adapter's boilerplate as added tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=WORDS,
        min_frequency=2,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=list(CONTROL),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens(
        [AddedToken(piece, normalized=False, special=False) for piece in boilerplate(labels)]
    )
    return tokenizer


def vocabulary_of(tokenizer: Tokenizer, template: str = TEMPLATE) -> Vocabulary:
    """The tokenizer in GGUF's terms."""
    ids = tokenizer.get_vocab()
    added = {entry.content for entry in tokenizer.get_added_tokens_decoder().values()}

    def kind(token: str) -> gguf.TokenType:
        if token in CONTROL:
            return gguf.TokenType.CONTROL
        return gguf.TokenType.USER_DEFINED if token in added else gguf.TokenType.NORMAL

    tokens = sorted(ids, key=lambda token: ids[token])
    return Vocabulary(
        tokens=tuple(tokens),
        kinds=tuple(int(kind(token)) for token in tokens),
        merges=tuple(" ".join(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]),
        splitter="gpt-2",
        end=ids["<|end|>"],
        padding=ids["<|pad|>"],
        chat_template=template,
    )


def encode(tokenizer: Tokenizer, chats: list[list[Message]]) -> list[Row]:
    """The conversations as tokens, of which the answer's are marked."""
    prompts = [
        "".join(f"<|{message['role']}|>{message['content']}<|end|>" for message in chat[:-1])
        + "<|assistant|>"
        for chat in chats
    ]
    answers = [chat[-1]["content"] + "<|end|>" for chat in chats]
    encoded = zip(tokenizer.encode_batch(prompts), tokenizer.encode_batch(answers), chats, strict=True)
    return [
        Row(
            ids=tuple(prompt.ids + answer.ids),
            answers=(False,) * len(prompt.ids) + (True,) * len(answer.ids),
            task=chat[0]["content"],
        )
        for prompt, answer, chat in encoded
    ]


def rows_of_epoch(corpus: Corpus, messages: list[Example], epoch: int) -> list[Row]:
    """Every message once, asked about in one of the ways and reworded a little, and some utterances."""
    chance = random.Random(epoch)
    utterances = chance.sample(corpus.utterances, min(SNIPS_PER_EPOCH, len(corpus.utterances)))
    chats = []
    for examples, tasks in ((messages, banking_tasks(corpus.labels)), (utterances, snips_tasks())):
        chosen = chance.choices(tasks, [task.weight for task in tasks], k=len(examples))
        for example, task in zip(examples, chosen, strict=True):
            chats.append(task.conversation(Example(varied(example.text, chance), example.label)))
    return encode(corpus.tokenizer, chats)


def train_model(recipe: Recipe, corpus: Corpus, output: Path) -> None:
    """Train one model and write it."""
    messages = corpus.messages
    if recipe.per_label is not None:
        messages = few_per_label(messages, recipe.per_label, seed=0)
    vocabulary = vocabulary_of(corpus.tokenizer)
    shape = Shape(
        vocabulary=len(vocabulary.tokens),
        width=128,
        layers=3,
        heads=4,
        key_value_heads=4,
        feed_forward=352,
        context=CONTEXT,
    )
    weights = initial_weights(shape, recipe.plan.seed)
    parameters = sum(tensor.numel() for tensor in weights.values())
    print(f"{recipe.name}: {parameters:,} weights, {len(messages):,} messages", flush=True)

    def report(step: Step) -> None:
        if step.number % 500 == 0:
            print(
                f"{recipe.name}: step {step.number:,}, epoch {step.epoch}, loss {step.loss:.3f}, "
                f"{step.cpu_seconds:.0f} CPU s",
                flush=True,
            )

    def rows(epoch: int) -> Sequence[Row]:
        return rows_of_epoch(corpus, messages, epoch)

    outcome = train(weights, shape, rows, recipe.plan, report)
    arrays = {key: tensor.numpy() for key, tensor in weights.items()}
    path = output / f"{recipe.name}.gguf"
    write(Checkpoint(recipe.name, shape, vocabulary, arrays), path, "q8_0")
    print(f"{path}: {path.stat().st_size:,} bytes, {outcome.cpu_seconds:.0f} CPU s, {outcome.epochs} epochs")


def main() -> None:
    """Read the data, make the tokenizer, train what is asked for."""
    names = [recipe.name for recipe in RECIPES]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder that holds banking77/ and snips/"
    )
    parser.add_argument("--only", choices=names, help="train one of the two")
    parser.add_argument("--output", type=Path, default=MODELS, help="where the GGUF files go")
    options = parser.parse_args()
    torch.set_num_threads(1)
    started = time.process_time()
    corpus = read_corpus(options.data)
    print(f"data and tokenizer: {time.process_time() - started:.0f} CPU s", flush=True)
    for recipe in RECIPES:
        if options.only in (None, recipe.name):
            train_model(recipe, corpus, options.output)


if __name__ == "__main__":
    main()
