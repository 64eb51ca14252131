"""What is left out of rows whose answers are labels, so that a second of training teaches more.

A label is an answer that many rows have. Once a model knows how the labels go on, only the tokens that tell
them apart are worth a step: three of nine in Banking77's 77. And a message has its label without some of its
words, so each time another few are left out: that a word is missing now and then keeps a model from learning
rows by heart (word dropout: Iyyer et al., 2015, "Deep Unordered Composition Rivals Syntactic Methods for Text
Classification").
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import compress

from .loop import Row

COMMON = 8
"""How many rows have an answer that counts as a label."""
WHOLE = 4
"""In every so manieth epoch, the first among them, labels are learned to their ends."""
THINNED, DROPPED = 0.5, 0.1
"""The share of the rows that miss words, and the share of their tokens that these miss."""

Answer = tuple[int, ...]


def lessons(rows: Sequence[Row], seed: int) -> Callable[[int], Sequence[Row]]:
    """The rows to learn from in each epoch, by its number; those of one task are looked at by themselves.

    The same rows and seed give the same lessons.
    """
    tasks: dict[str, list[Row]] = {}
    for row in rows:
        tasks.setdefault(row.task, []).append(row)
    parts = [_Task(members) for members in tasks.values()]

    def lesson(epoch: int) -> list[Row]:
        chance = random.Random(f"{seed} {epoch}")
        return [row for part in parts for row in part.lesson(epoch, chance)]

    return lesson


class _Task:
    """The rows of one task, in two lengths, and where in them the words are that may be missing."""

    def __init__(self, rows: Sequence[Row]) -> None:
        answers = [_answer(row) for row in rows]
        counts = Counter(answer for answer in answers if answer is not None)
        follows: dict[Answer, set[int]] = {}
        for answer in counts:
            for index, token in enumerate(answer):
                follows.setdefault(answer[:index], set()).add(token)
        self._rows = [
            (row, row if answer is None or counts[answer] < COMMON else _decided(row, answer, follows))
            for row, answer in zip(rows, answers, strict=True)
        ]
        self._is_label = [answer is not None and counts[answer] >= COMMON for answer in answers]
        self._before, self._behind = _frame([_prompt(row) for row in rows])

    def lesson(self, epoch: int, chance: random.Random) -> list[Row]:
        found = []
        for (whole, short), is_label in zip(self._rows, self._is_label, strict=True):
            row = whole if epoch % WHOLE == 0 else short
            if is_label and chance.random() < THINNED:
                row = self._thinned(row, chance)
            found.append(row)
        return found

    def _thinned(self, row: Row, chance: random.Random) -> Row:
        start = row.answers.index(True)
        end, told = start - self._behind, set(row.ids[start:])
        # A token of the answer stays where it is: the label may be a word of the message.
        kept = [
            not self._before <= index < end or token in told or chance.random() >= DROPPED
            for index, token in enumerate(row.ids)
        ]
        return replace(row, ids=tuple(compress(row.ids, kept)), answers=tuple(compress(row.answers, kept)))


def _answer(row: Row) -> Answer | None:
    """The answer of a row that ends in one and has no other."""
    start = row.answers.index(True)
    return row.ids[start:] if all(row.answers[start:]) else None


def _decided(row: Row, answer: Answer, follows: dict[Answer, set[int]]) -> Row:
    """The row up to the last token of its answer that tells it from other answers."""
    forks = [index for index in range(len(answer)) if len(follows[answer[:index]]) > 1]
    size = len(row.ids) - len(answer) + (forks[-1] + 1 if forks else 1)
    return replace(row, ids=row.ids[:size], answers=row.answers[:size])


def _prompt(row: Row) -> Answer:
    return row.ids[: row.answers.index(True)]


def _frame(prompts: Sequence[Answer]) -> tuple[int, int]:
    """How many tokens all prompts begin with, and how many they end with."""
    backwards = [prompt[::-1] for prompt in prompts]
    return _common(min(prompts), max(prompts)), _common(min(backwards), max(backwards))


def _common(one: Answer, other: Answer) -> int:
    shortest = min(len(one), len(other))
    return next((index for index in range(shortest) if one[index] != other[index]), shortest)
