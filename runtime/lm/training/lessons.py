"""What is left out of rows whose answers are labels, so that a model does not learn rows by heart.

A label is an answer that many rows have. A message has its label without some of its words, so each time
another few are left out (word dropout: Iyyer et al., 2015, "Deep Unordered Composition Rivals Syntactic
Methods for Text Classification"). Answers stay whole: what a model is not told of its labels, it forgets.
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

    def lesson(epoch: int) -> list[Row]:
        chance = random.Random(f"{seed} {epoch}")
        return [row for part in parts for row in part.lesson(chance)]

    return lesson


class _Task:
    """The rows of one task, and where in them the words are that may be missing."""

    def __init__(self, rows: Sequence[Row], text_of: Callable[[int], str], dropped: float) -> None:
        answers = [_answer(row) for row in rows]
        counts = Counter(answer for answer in answers if answer is not None)
        is_label = [answer is not None and counts[answer] >= COMMON for answer in answers]
        self._rows = rows
        self._dropped = dropped
        labelled = [row for row, common in zip(rows, is_label, strict=True) if common]
        found = iter(_droppable(labelled, text_of) if dropped else [])
        self._droppable = [next(found, frozenset()) if common else frozenset() for common in is_label]

    def lesson(self, chance: random.Random) -> list[Row]:
        return [
            self._thinned(row, droppable, chance) if droppable and chance.random() < THINNED else row
            for row, droppable in zip(self._rows, self._droppable, strict=True)
        ]

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
