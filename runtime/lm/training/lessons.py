"""What is left out of rows whose answers are labels, so that a second of training teaches more.

A label is an answer that many rows have. Once a model knows how the labels go on, only the tokens that tell
them apart are worth a step: three of nine in Banking77's 77. What it has known it would forget meanwhile, so
some labels stay whole, and at the end of a training all do. And a message has its label without some of its
words, so each time another few are left out: that a word is missing now and then keeps a model from learning
rows by heart (word dropout: Iyyer et al., 2015, "Deep Unordered Composition Rivals Syntactic Methods for
Text Classification").
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import compress

from ....base.expressions import pattern
from .loop import Lesson, Row

COMMON = 8
"""How many rows have an answer that counts as a label."""
WHOLE = 0.75
"""From which share of the budget on labels are learned to their ends, as they are in the first epoch."""
REMINDED = 0.25
"""The share of the labels that are learned to their ends in between, lest the model forget how they go on."""
THINNED = 0.5
"""The share of the rows that miss words."""
FEWEST = 8
"""How many tokens of a row there are at least that could be missing, or none is."""

Answer = tuple[int, ...]
_NAME = pattern(r'\[\[ ## .*? ## \]\]|</?[\w-]+>|"[\w-]+"\s*:|^[^\S\n]*[\w-]+(?: [\w-]+){0,3}:', re.MULTILINE)
"""What names a field in a prompt, in any adapter's form."""


def lessons(rows: Sequence[Row], seed: int, text_of: Callable[[int], str], dropped: float = 0.1) -> Lesson:
    """The rows to learn from in each epoch; those of one task are looked at by themselves.

    The same rows and seed give the same lessons.

    Args:
        rows: all rows.
        seed: draws what is left out.
        text_of: the text of a token, "" for control tokens.
        dropped: the share of the words that half the rows with labels miss.
    """
    tasks: dict[str, list[Row]] = {}
    for row in rows:
        tasks.setdefault(row.task, []).append(row)
    parts = [_Task(members, text_of, dropped) for members in tasks.values()]

    def lesson(epoch: int, end: float) -> list[Row]:
        chance = random.Random(f"{seed} {epoch}")
        whole = epoch == 0 or end > WHOLE + 1e-6
        return [row for part in parts for row in part.lesson(whole, chance)]

    return lesson


class _Task:
    """The rows of one task, in two lengths, and where in them the words are that may be missing."""

    def __init__(self, rows: Sequence[Row], text_of: Callable[[int], str], dropped: float) -> None:
        answers = [_answer(row) for row in rows]
        counts = Counter(answer for answer in answers if answer is not None)
        follows: dict[Answer, set[int]] = {}
        for answer in counts:
            for index, token in enumerate(answer):
                follows.setdefault(answer[:index], set()).add(token)
        is_label = [answer is not None and counts[answer] >= COMMON for answer in answers]
        self._rows = [
            (row, _decided(row, answer, follows) if common and answer is not None else row)
            for row, answer, common in zip(rows, answers, is_label, strict=True)
        ]
        self._dropped = dropped
        labelled = [row for row, common in zip(rows, is_label, strict=True) if common]
        found = iter(_droppable(labelled, text_of) if dropped else [])
        self._droppable = [next(found, frozenset()) if common else frozenset() for common in is_label]

    def lesson(self, whole: bool, chance: random.Random) -> list[Row]:
        found = []
        for (full, short), droppable in zip(self._rows, self._droppable, strict=True):
            row = full if whole or chance.random() < REMINDED else short
            if droppable and chance.random() < THINNED:
                row = self._thinned(row, droppable, chance)
            found.append(row)
        return found

    def _thinned(self, row: Row, droppable: frozenset[int], chance: random.Random) -> Row:
        kept = [index not in droppable or chance.random() >= self._dropped for index in range(len(row.ids))]
        return replace(row, ids=tuple(compress(row.ids, kept)), answers=tuple(compress(row.answers, kept)))


def _droppable(rows: Sequence[Row], text_of: Callable[[int], str]) -> list[frozenset[int]]:
    """Where in each row the words are that may be missing: no numbers, signs and names of fields, nothing
    that the answer has, for the label may be a word of the message, and nothing that all rows with the same
    fields have.
    """
    prompts = [row.ids[: row.answers.index(True)] for row in rows]
    named = [_named([text_of(token) or "\n" for token in prompt]) for prompt in prompts]
    always: dict[tuple[str, ...], set[int]] = {}
    for prompt, (fields, _) in zip(prompts, named, strict=True):
        always.setdefault(fields, set(prompt)).intersection_update(prompt)
    found = []
    for row, prompt, (fields, free) in zip(rows, prompts, named, strict=True):
        fixed = always[fields] | set(row.ids[len(prompt) :])
        places = [
            index
            for index, token in enumerate(prompt)
            if free[index] and token not in fixed and _is_word(text_of(token))
        ]
        found.append(frozenset(places if len(places) >= FEWEST else ()))
    return found


def _named(pieces: Sequence[str]) -> tuple[tuple[str, ...], list[bool]]:
    """The names of fields in a prompt, and for each of its pieces whether it is outside of them."""
    matches = list(_NAME.finditer("".join(pieces)))
    inside = {place for match in matches for place in range(*match.span())}
    free, start = [], 0
    for piece in pieces:
        free.append(inside.isdisjoint(range(start, start + len(piece))))
        start += len(piece)
    return tuple(match[0].strip() for match in matches), free


def _is_word(text: str) -> bool:
    """Whether a token is a word or part of one, rather than a number, a sign or part of a character."""
    return "\ufffd" not in text and any(map(str.isalpha, text)) and not any(map(str.isdigit, text))


def _answer(row: Row) -> Answer | None:
    """The answer of a row that ends in one and has no other."""
    start = row.answers.index(True)
    return row.ids[start:] if all(row.answers[start:]) else None


def _decided(row: Row, answer: Answer, follows: dict[Answer, set[int]]) -> Row:
    """The row up to the last token of its answer that tells it from other answers."""
    forks = [index for index in range(len(answer)) if len(follows[answer[:index]]) > 1]
    size = len(row.ids) - len(answer) + (forks[-1] + 1 if forks else 1)
    return replace(row, ids=row.ids[:size], answers=row.answers[:size])
