"""Train the two models that the package ships: `python training/train_banking.py --data FOLDER`."""

from __future__ import annotations

import argparse
import os
import random
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
from banking_data import Example, banking, banking_labels, few_per_label, snips
from banking_prompts import Task, banking_tasks, boilerplate, conversation, snips_tasks, varied
from dspyc.runtime.lm.gguf import Checkpoint, Shape, Vocabulary, write
from dspyc.runtime.lm.training_loop import Outcome, Plan, Row, Step, train
from dspyc.runtime.lm.training_model import initial_weights
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

MODELS = Path(__file__).parent.parent / "runtime" / "lm" / "models"
TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
CONTROL = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
WORDS = 3_072
CONTEXT = 1_024
SNIPS_PER_EPOCH = 1_500


def make_tokenizer(texts: list[str], labels: tuple[str, ...]) -> Tokenizer:
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


def vocabulary_of(tokenizer: Tokenizer) -> Vocabulary:
    """The tokenizer in GGUF's terms."""
    import json

    import gguf

    ids = tokenizer.get_vocab()
    tokens = sorted(ids, key=lambda token: ids[token])
    added = {entry.content for entry in tokenizer.get_added_tokens_decoder().values()} - set(CONTROL)

    def kind(token: str) -> int:
        if token in CONTROL:
            return int(gguf.TokenType.CONTROL)
        return int(gguf.TokenType.USER_DEFINED if token in added else gguf.TokenType.NORMAL)

    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return Vocabulary(
        tokens=tuple(tokens),
        kinds=tuple(kind(token) for token in tokens),
        merges=tuple(" ".join(pair) for pair in merges),
        splitter="gpt-2",
        end=ids["<|end|>"],
        padding=ids["<|pad|>"],
        chat_template=TEMPLATE,
    )


def encode(tokenizer: Tokenizer, chats: list[list[dict[str, str]]]) -> list[Row]:
    """The conversations as tokens, of which the answer's are marked."""
    prompts = [
        "".join(f"<|{message['role']}|>{message['content']}<|end|>" for message in chat[:-1])
        + "<|assistant|>"
        for chat in chats
    ]
    answers = [chat[-1]["content"] + "<|end|>" for chat in chats]
    rows = []
    encoded = zip(tokenizer.encode_batch(prompts), tokenizer.encode_batch(answers), chats, strict=True)
    for prompt, answer, chat in encoded:
        marks = (False,) * len(prompt.ids) + (True,) * len(answer.ids)
        rows.append(Row(tuple(prompt.ids + answer.ids), marks, task=chat[0]["content"]))
    return rows


def rows_of_epoch(
    tokenizer: Tokenizer,
    messages: list[Example],
    utterances: list[Example],
    tasks: tuple[list[Task], list[Task]],
    epoch: int,
) -> list[Row]:
    """Every message once, asked about in one of the ways and reworded a little, and some utterances."""
    chance = random.Random(epoch)
    weights = [[task.weight for task in group] for group in tasks]
    chosen = [(example, tasks[0], weights[0]) for example in messages]
    chosen += [
        (example, tasks[1], weights[1])
        for example in chance.sample(utterances, min(SNIPS_PER_EPOCH, len(utterances)))
    ]
    chats = []
    for example, group, weight in chosen:
        task = chance.choices(group, weight)[0]
        chats.append(conversation(task, Example(varied(example.text, chance), example.label)))
    return encode(tokenizer, chats)


def train_model(
    name: str, tokenizer: Tokenizer, messages: list[Example], utterances: list[Example],
    labels: tuple[str, ...], plan: Plan, output: Path,
) -> Outcome:  # fmt: skip
    """Train one model and write it."""
    vocabulary = vocabulary_of(tokenizer)
    shape = Shape(len(vocabulary.tokens), 128, 3, 4, 4, 352, CONTEXT)
    weights = initial_weights(shape, plan.seed)
    print(name, "parameters", sum(tensor.numel() for tensor in weights.values()), flush=True)
    tasks = (banking_tasks(labels), snips_tasks())

    def report(step: Step) -> None:
        if step.number % 200 == 0:
            print(
                f"{name} step {step.number} epoch {step.epoch} loss {step.loss:.3f} {step.cpu_seconds:.0f} s",
                flush=True,
            )

    outcome = train(
        weights,
        shape,
        lambda epoch: rows_of_epoch(tokenizer, messages, utterances, tasks, epoch),
        plan,
        report,
    )
    arrays = {key: tensor.numpy() for key, tensor in weights.items()}
    write(Checkpoint(name, shape, vocabulary, arrays), output, "q8_0")
    print(
        name,
        len(outcome.losses),
        "steps",
        outcome.epochs,
        "epochs",
        f"{outcome.cpu_seconds:.0f} CPU s",
        f"{outcome.tokens / outcome.cpu_seconds:.0f} tokens/s",
        output,
        flush=True,
    )
    return outcome


def main() -> None:
    """Read the data, make the tokenizer, train what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder that holds banking77/ and snips/"
    )
    parser.add_argument("--only", choices=["banking", "banking-base"], help="train one of the two")
    parser.add_argument("--output", type=Path, default=MODELS, help="where the GGUF files go")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--average", type=float, default=0.05)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--holdout", type=int, default=0)
    parser.add_argument("--few", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)
    started = time.process_time()
    labels = banking_labels(options.data)
    messages, utterances = banking(options.data, "train"), snips(options.data, "train")
    if options.holdout:
        random.Random(9).shuffle(messages)
        messages = messages[options.holdout :]
    texts = [example.text for example in messages] * 2 + [example.text for example in utterances]
    texts += [task.instructions for task in banking_tasks(labels) + snips_tasks()] * 5
    texts += [
        part for task in banking_tasks(labels) for part in (*task.inputs, *(name for name, _ in task.outputs))
    ] * 5
    texts += [*labels, *(f"The message is about {label.replace('_', ' ')}." for label in labels)] * 10
    tokenizer = make_tokenizer(texts, labels)
    print(
        "data and tokenizer",
        f"{time.process_time() - started:.0f} CPU s",
        tokenizer.get_vocab_size(),
        flush=True,
    )
    if options.only != "banking-base":
        plan = Plan(
            cpu_seconds=options.seconds or 1_800,
            learning_rate=options.rate,
            dropout=options.dropout,
            average=options.average,
        )
        train_model("banking", tokenizer, messages, utterances, labels, plan, options.output / "banking.gguf")
    if options.only != "banking":
        plan = Plan(cpu_seconds=options.seconds or 150, learning_rate=options.rate, average=options.average)
        few = few_per_label(messages, options.few, seed=0)
        train_model(
            "banking-base", tokenizer, few, utterances, labels, plan, options.output / "banking-base.gguf"
        )


if __name__ == "__main__":
    main()
