"""What `embedded/base` learns from: everyday sentences, and rows of several objectives over them."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

from banking_data import SNIPS_INTENTS, Example, banking

LONGEST_SENTENCE = 30  # words

TEMPLATES = tuple(
    """
    how do i {} my {} | can you {} the {} for me | what is the {} of {} | tell me about {}
    i want to {} a {} | please {} the {} | i need {} for my {} | where can i find a {}
    when does the {} {} | why is my {} so {} | show me {} in {} | is there any {} near {}
    how many {} are in a {} | how much does the {} cost | set the {} to {} | my {} is {}
    could you help me with my {} | what does {} mean | do i have {} on my {} | add {} to my {} list
    turn {} the {} | who is the {} of {} | remind me to {} the {} | i lost my {} | cancel my {}
    change the {} to {} | i would like to know the {} of my {} | what time is {} in {}
    book a {} for {} people | play some {} music by {} | give me a {} with {} and {}
    is {} better than {} | what should i do about {} | did my {} {} already | are there {} in {}
    i can't {} my {} anymore | the {} did not {} | how long will the {} take | thanks for the {}
    find a {} with good {} | what are you {} | i don't like {} | that was a {} {}
    the {} was very {} and {} | he gave the {} to {} | they met in {} after the {}
    a new {} for {} and {} | we have {} but no {} | which {} is the most {} | let me {} my {}
    next {} i am going to {} | i forgot my {} | are you {} or {}
    """.replace("\n", "|").split("|")
)
"""Sentences of everyday life with gaps, written for this."""


@dataclass(frozen=True)
class Span:
    """A piece of a sentence, and what it is."""

    text: str
    kind: str


@dataclass(frozen=True)
class Utterance:
    """A sentence of SNIPS, its intent and its slots."""

    text: str
    intent: str
    spans: tuple[Span, ...]


def utterances(folder: Path, split: str) -> list[Utterance]:
    """SNIPS' `train` (13,784) or `validate` (700), with the slots."""
    name = "train_{}_full.json" if split == "train" else "validate_{}.json"
    found = []
    for intent in SNIPS_INTENTS:
        raw = (folder / "snips" / name.format(intent)).read_bytes()
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")  # three of the files are
        for row in json.loads(text)[intent]:
            parts = row["data"]
            spans = (Span(part["text"].strip(), part["entity"]) for part in parts if "entity" in part)
            words = "".join(part["text"] for part in parts).strip()
            found.append(Utterance(words, intent, tuple(span for span in spans if span.text)))
    return found


def school_sentences(folder: Path) -> list[str]:
    """The sentences of GSM8K's training questions, which tell of everyday things."""
    found = []
    for line in (folder / "gsm8k" / "train.jsonl").read_text(encoding="utf-8").splitlines():
        question = " ".join(json.loads(line)["question"].split())
        pieces = re.split(r"(?<=[.?!])\s+", question)
        found += [piece for piece in pieces if 2 < len(piece.split()) <= LONGEST_SENTENCE]
    return found


def word_weights(words: list[str]) -> list[float]:
    """How often to draw each word of a list that goes from the frequent to the rare."""
    return [1 / (rank + 200) for rank in range(len(words))]


def filled_templates(words: list[str], count: int, chance: random.Random) -> list[str]:
    """Everyday sentences with random words in their gaps."""
    templates = [text.strip() for text in TEMPLATES if text.strip()]
    drawn = iter(chance.choices(words[100:], word_weights(words[100:]), k=count * 3))
    return [re.sub(r"\{\}", lambda _: next(drawn), chance.choice(templates)) for _ in range(count)]


def substituted(sentences: list[str], words: list[str], count: int, chance: random.Random) -> list[str]:
    """Sentences in which a third of the words are others."""
    drawn = iter(chance.choices(words[60:], word_weights(words[60:]), k=count * LONGEST_SENTENCE))
    return [
        " ".join(
            next(drawn) if chance.random() < 0.33 else word for word in chance.choice(sentences).split()[:24]
        )
        for _ in range(count)
    ]


def sentences(folder: Path, words: list[str]) -> list[str]:
    """The sentences whose meaning the model learns from its teacher, each once, in a fixed order."""
    chance = random.Random(0)
    messages = [example.text for example in banking(folder, "train")]
    asked = [utterance.text for utterance in utterances(folder, "train")]
    told = school_sentences(folder)
    found = messages + chance.sample(asked, 7_000) + chance.sample(told, 14_000)
    found += filled_templates(words, 14_000, chance)
    found += substituted(messages + asked + told, words, 9_000, chance)
    return list(dict.fromkeys(" ".join(text.split()) for text in found))


def banking_rows(folder: Path) -> list[Example]:
    """Banking77's training rows."""
    return banking(folder, "train")
