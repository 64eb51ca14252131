"""The objectives that `embedded/base` is trained on: the same fields, told apart by the instruction."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from banking_data import Example
from base_data import Utterance
from base_tokens import nonsense

from dspyc.runtime import InputField, OutputField, Signature
from dspyc.runtime.adapters.compact import CompactAdapter

ADAPTER = CompactAdapter()
NAMES = (
    ("text", "label"),
    ("text", "answer"),
    ("message", "intent"),
    ("sentence", "result"),
    ("question", "answer"),
)
LISTS = (("text", "spans"), ("sentence", "entities"), ("text", "items"), ("text", "answer"))
Pair = tuple[dict[str, str], Any]
Maker = Callable[[random.Random], Pair]


@dataclass(frozen=True)
class Objective:
    """What to do, in several wordings, and what makes rows of it."""

    name: str
    wordings: tuple[str, ...]
    make: Maker
    weight: float = 1.0
    lines: bool = False
    inputs: tuple[str, ...] = ()
    kept: dict[Any, type[Signature]] = field(default_factory=dict, compare=False)

    def signature(self, chance: random.Random) -> type[Signature]:
        """One way of asking for it."""
        wording = chance.choice(self.wordings)
        given, wanted = chance.choice(LISTS if self.lines else NAMES)
        names = self.inputs or (given,)
        key = (wording, names, wanted)
        if key not in self.kept:
            fields: dict[str, Any] = {name: (str, InputField()) for name in names}
            fields[wanted] = (list[str] if self.lines else str, OutputField())
            self.kept[key] = Signature(fields, wording)
        return self.kept[key]

    def conversation(self, signature: type[Signature], chance: random.Random) -> list[dict[str, str]]:
        """A row, asked for in this way, as messages, the last of which is the right answer."""
        inputs, output = self.make(chance)
        values = dict(zip(signature.input_fields, inputs.values(), strict=True))
        [wanted] = signature.output_fields
        found: list[dict[str, str]] = ADAPTER.format_finetune_data(signature, [], values, {wanted: output})[
            "messages"
        ]
        return found


@dataclass(frozen=True)
class Material:
    """The texts that rows are made of."""

    messages: Sequence[Example]
    utterances: Sequence[Utterance]
    told: Sequence[str]
    words: Sequence[str]


SUBJECTS = {
    "AddToPlaylist": "music", "PlayMusic": "music", "BookRestaurant": "restaurants", "GetWeather": "weather",
    "RateBook": "books", "SearchCreativeWork": "works of art", "SearchScreeningEvent": "cinema",
}  # fmt: skip


def objectives(material: Material, hold_out: Sequence[str] = ()) -> list[Objective]:
    """All of them, but for those whose names begin with one of `hold_out`."""
    found = [*_choices(material), *_copies(material), *_spans(material)]
    return [each for each in found if not each.name.startswith(tuple(hold_out) or ("\0",))]


def _choices(material: Material) -> list[Objective]:
    def any_text(chance: random.Random) -> str:
        kind = chance.random()
        if kind < 0.35:
            return chance.choice(material.messages).text
        if kind < 0.7:
            return chance.choice(material.utterances).text
        return chance.choice(material.told)

    def intent(chance: random.Random) -> Pair:
        chosen = chance.choice(material.utterances)
        return {"text": chosen.text}, chosen.intent

    def banking(chance: random.Random) -> Pair:
        chosen = chance.choice(material.messages)
        return {"text": chosen.text}, chosen.label

    def subject(chance: random.Random) -> Pair:
        kind = chance.random()
        if kind < 0.2:
            return {"text": chance.choice(material.messages).text}, "banking"
        if kind < 0.35:
            return {"text": chance.choice(material.told)}, "school"
        chosen = chance.choice(material.utterances)
        return {"text": chosen.text}, SUBJECTS[chosen.intent]

    def is_question(chance: random.Random) -> Pair:
        text = any_text(chance)
        return {"text": text}, "yes" if re.search(
            r"\?$|^(what|who|how|when|where|why|which|is|are|do|can)\b", text, re.I
        ) else "no"

    def length(chance: random.Random) -> Pair:
        text = any_text(chance)
        count = len(text.split())
        return {"text": text}, "short" if count < 7 else "medium" if count < 14 else "long"

    def source(chance: random.Random) -> Pair:
        kind = chance.randrange(3)
        text = (
            chance.choice(material.messages).text,
            chance.choice(material.utterances).text,
            chance.choice(material.told),
        )[kind]
        return {"text": text}, ("customer", "user", "teacher")[kind]

    return [
        Objective(
            "snips",
            (
                "Choose the intent of the utterance.",
                "Which skill of the assistant is asked for?",
                "Name the intent.",
                "Say what the assistant is to do.",
            ),
            intent,
            3,
        ),
        Objective(
            "banking",
            (
                "Name the intent of a bank customer's message.",
                "Classify the banking query.",
                "Which intent does the customer's message express?",
                "Say what the customer of the bank wants.",
            ),
            banking,
            5,
        ),
        Objective(
            "subject",
            (
                "What is the text about?",
                "Name the subject of the text.",
                "Choose the topic.",
                "Which domain is it?",
            ),
            subject,
            1.5,
        ),
        Objective(
            "question",
            (
                "Is it a question? Answer yes or no.",
                "Say yes if the text asks something, else no.",
                "Does the text ask a question?",
            ),
            is_question,
            1,
        ),
        Objective(
            "length",
            (
                "How long is the text: short, medium or long?",
                "Classify by length.",
                "Say whether the text is short, medium or long.",
            ),
            length,
            1,
        ),
        Objective(
            "source",
            ("Who says it: a customer, a user or a teacher?", "Name the speaker.", "Who wrote the text?"),
            source,
            1,
        ),
    ]


def _mixed(material: Material, chance: random.Random, longest: int = 10) -> list[str]:
    """Words of a sentence, some of them replaced by rare or nonexistent ones."""
    kind = chance.random()
    if kind < 0.3:
        words = chance.choice(material.utterances).text.split()
    elif kind < 0.55:
        words = chance.choice(material.told).split()
    elif kind < 0.7:
        words = chance.choice(material.messages).text.split()
    else:
        words = chance.choices(material.words, k=chance.randint(3, 10))
    start = chance.randrange(max(1, len(words) - longest))
    words = words[start : start + longest]
    return [
        nonsense(chance)
        if (roll := chance.random()) < 0.12
        else chance.choice(material.words)
        if roll < 0.25
        else word
        for word in words
    ]


def _copies(material: Material) -> list[Objective]:
    def at(place: Callable[[list[str], random.Random], str]) -> Maker:
        def make(chance: random.Random) -> Pair:
            words = _mixed(material, chance)
            return {"text": " ".join(words)}, place(words, chance)

        return make

    def after(chance: random.Random) -> Pair:
        words = _mixed(material, chance)
        places = [index for index in range(len(words) - 1) if words.count(words[index]) == 1]
        if not places:
            return after(chance)
        index = chance.choice(places)
        return {"text": " ".join(words), "word": words[index]}, words[index + 1]

    def quoted(chance: random.Random) -> Pair:
        words = _mixed(material, chance)
        start = chance.randrange(len(words))
        piece = words[start : start + chance.randint(1, 3)]
        marked = [*words[:start], "<", *piece, ">", *words[start + len(piece) :]]
        return {"text": " ".join(marked)}, " ".join(piece)

    def number(chance: random.Random) -> Pair:
        words = [
            str(chance.randrange(10 ** chance.randint(1, 4)) if word.isdigit() else word)
            for word in _mixed(material, chance)
        ]
        words = [word for word in words if not any(char.isdigit() for char in word)] or ["it"]
        value = str(chance.randrange(10 ** chance.randint(1, 4)))
        words.insert(chance.randrange(len(words) + 1), value)
        return {"text": " ".join(words)}, value

    return [
        Objective(
            "first",
            ("Write the first word.", "Copy the first word of the text.", "Which word comes first?"),
            at(lambda words, _: words[0]),
            1,
        ),
        Objective(
            "last",
            ("Write the last word.", "Copy the last word of the text.", "Which word comes last?"),
            at(lambda words, _: words[-1]),
            1,
        ),
        Objective(
            "longest",
            ("Write the longest word.", "Which word is the longest?"),
            at(lambda words, _: max(words, key=len)),
            1,
        ),
        Objective(
            "repeat",
            ("Repeat the text.", "Copy the text as it is.", "Say it again."),
            at(lambda words, _: " ".join(words)),
            5,
        ),
        Objective(
            "after",
            ("Which word stands after the word?", "Find the word in the text and write the next one."),
            after,
            6,
            inputs=("text", "word"),
        ),
        Objective(
            "marked",
            ("Write what stands between < and >.", "Copy the marked piece.", "Extract the marked words."),
            quoted,
            6,
        ),
        Objective(
            "number",
            ("Write the number in the text.", "Extract the number.", "Which number is named?"),
            number,
            1.5,
        ),
    ]


def _spans(material: Material) -> list[Objective]:
    by_kind: dict[str, list[Utterance]] = {}
    for each in material.utterances:
        for span in each.spans:
            by_kind.setdefault(span.kind, []).append(each)
    kinds = sorted(kind for kind, found in by_kind.items() if len(found) > 150)

    def of_kind(kind: str) -> Maker:
        def make(chance: random.Random) -> Pair:
            chosen = chance.choice(by_kind[kind])
            return {"text": chosen.text}, next(span.text for span in chosen.spans if span.kind == kind)

        return make

    def all_of_kind(kind: str) -> Maker:
        def make(chance: random.Random) -> Pair:
            chosen = chance.choice(by_kind[kind] if chance.random() < 0.7 else material.utterances)
            return {"text": chosen.text}, [span.text for span in chosen.spans if span.kind == kind]

        return make

    def everything(chance: random.Random) -> Pair:
        chosen = chance.choice(material.utterances)
        return {"text": chosen.text}, [span.text for span in chosen.spans]

    def records(chance: random.Random) -> Pair:
        chosen = chance.choice(material.utterances)
        found = [{"text": span.text, "type": span.kind} for span in chosen.spans]
        return {"text": chosen.text}, json.dumps(found, ensure_ascii=False)

    def names(chance: random.Random) -> Pair:
        words = (
            chance.choice(material.told) if chance.random() < 0.6 else chance.choice(material.messages).text
        ).split()
        for _ in range(chance.randint(0, 2)):
            words.insert(chance.randint(1, len(words)), nonsense(chance).title())
        found = [
            word.strip(".,?!'\"").removesuffix("'s")
            for word in words[1:]
            if word[0].isupper() and len(word) > 2 and word.strip(".,?!'\"")[1:].islower()
        ]
        return {"text": " ".join(words)}, [word for word in found if word]

    found = [
        Objective(
            "slots",
            (
                "List the slots of the utterance.",
                "Extract every entity.",
                "List all spans that matter.",
                "Find the entities in the sentence.",
            ),
            everything,
            6,
            lines=True,
        ),
        Objective(
            "slot records",
            ("List the slots with their types.", "Extract the entities as JSON, each with text and type."),
            records,
            2,
        ),
        Objective(
            "names",
            (
                "List the names.",
                "Find every proper name in the sentence.",
                "Extract the names of people and places.",
            ),
            names,
            3,
            lines=True,
        ),
    ]
    for kind in kinds:
        said = kind.replace("_", " ")
        found.append(
            Objective(
                f"slot {kind}",
                (f"Extract the {said}.", f"Which {said} is named?", f"Write the {said}."),
                of_kind(kind),
                0.25,
            )
        )
        found.append(
            Objective(
                f"slot all {kind}",
                (f"List every {said}.", f"Find each {said} in the sentence."),
                all_of_kind(kind),
                0.15,
                lines=True,
            )
        )
    return found
