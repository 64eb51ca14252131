"""The raw data of the shipped models: Banking77 and SNIPS, read from the folder that the user names."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import dataclass
from pathlib import Path

SNIPS_INTENTS = (
    "AddToPlaylist",
    "BookRestaurant",
    "GetWeather",
    "PlayMusic",
    "RateBook",
    "SearchCreativeWork",
    "SearchScreeningEvent",
)


@dataclass(frozen=True)
class Example:
    """A message and the name of what it wants."""

    text: str
    label: str


def banking(folder: Path, split: str) -> list[Example]:
    """The rows of Banking77's `train` (10,003) or `test` (3,080)."""
    with open(folder / "banking77" / f"{split}.csv", newline="", encoding="utf-8") as file:
        return [Example(row["text"].strip(), row["category"]) for row in csv.DictReader(file)]


def banking_labels(folder: Path) -> tuple[str, ...]:
    """The 77 intents in code-point order, as the example program's type lists them."""
    return tuple(sorted(json.loads((folder / "banking77" / "categories.json").read_text(encoding="utf-8"))))


def snips(folder: Path, split: str) -> list[Example]:
    """The utterances of SNIPS' `train` (13,784) or `validate` (700), with their intents."""
    name = "train_{}_full.json" if split == "train" else "validate_{}.json"
    examples = []
    for intent in SNIPS_INTENTS:
        raw = (folder / "snips" / name.format(intent)).read_bytes()
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")  # three of the files are
        texts = ("".join(part["text"] for part in row["data"]) for row in json.loads(text)[intent])
        examples += [Example(words.strip(), intent) for words in texts]
    return examples


def few_per_label(examples: list[Example], count: int, seed: int) -> list[Example]:
    """At most `count` examples of each label, chosen at random."""
    shuffled = list(examples)
    random.Random(seed).shuffle(shuffled)
    taken: dict[str, int] = {}
    chosen = []
    for example in shuffled:
        if taken.get(example.label, 0) < count:
            taken[example.label] = taken.get(example.label, 0) + 1
            chosen.append(example)
    return chosen
