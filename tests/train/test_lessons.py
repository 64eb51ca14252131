"""What is left out of rows whose answers are labels."""

from __future__ import annotations

import random

import pytest

from dspyc.runtime.lm.training.lessons import COMMON, WHOLE, lessons
from dspyc.runtime.lm.training.loop import Row

pytestmark = pytest.mark.train

START, ASSISTANT, END = (1, 2), (3, 4), 5
LABELS = ((10, 11, 12, END), (10, 11, 13, 14, END), (20, 21, 22, END), (10, END))


def row(words: tuple[int, ...], answer: tuple[int, ...], task: str = "") -> Row:
    ids = (*START, *words, *ASSISTANT, *answer)
    return Row(ids, (False,) * (len(ids) - len(answer)) + (True,) * len(answer), task)


def labelled(count: int, task: str = "") -> list[Row]:
    chance = random.Random(0)
    words = [tuple(chance.randrange(100, 200) for _ in range(20)) for _ in range(count)]
    return [row(each, LABELS[number % len(LABELS)], task) for number, each in enumerate(words)]


def answer_of(one: Row) -> tuple[int, ...]:
    return one.ids[one.answers.index(True) :]


def test_labels_are_learned_whole_now_and_then_and_else_up_to_what_tells_them_apart() -> None:
    rows = labelled(400)
    lesson = lessons(rows, 0)
    for epoch in (0, WHOLE, 2 * WHOLE):
        assert [answer_of(one) for one in lesson(epoch)] == [answer_of(one) for one in rows]
    short = {answer_of(one): answer_of(other) for one, other in zip(rows, lesson(1), strict=True)}
    assert short == {
        LABELS[0]: (10, 11, 12), LABELS[1]: (10, 11, 13), LABELS[2]: (20,), LABELS[3]: (10, END)
    }  # fmt: skip


def test_words_are_missing_and_nothing_else() -> None:
    rows = labelled(400)
    kept = told = 0
    for whole, thin in zip(rows, lessons(rows, 0)(0), strict=True):
        assert thin.ids[:2] == START
        assert thin.ids[thin.answers.index(True) - 2 : thin.answers.index(True)] == ASSISTANT
        words, left = whole.ids[2:22], thin.ids[2 : thin.answers.index(True) - 2]
        # What is left stands in its order.
        rest = iter(words)
        assert all(token in rest for token in left)
        kept, told = kept + len(left), told + len(words)
    assert 0.93 < kept / told < 0.97
    assert lessons(rows, 0)(0) == lessons(rows, 0)(0) != lessons(rows, 0)(1)
    assert lessons(rows, 1)(0) != lessons(rows, 0)(0)


def test_what_is_no_label_stays_as_it_is() -> None:
    spans = [row((100 + number, 300), (100 + number, 300, END)) for number in range(100)]
    turns = Row((1, 9, 2, 8, 3, 9, 5), (False, True, False, False, False, True, True))
    rare = labelled(len(LABELS) * (COMMON - 1), "rare")
    rows = [*spans, *[turns] * 20, *rare]
    for epoch in range(3):
        assert sorted(lessons(rows, 0)(epoch), key=lambda one: one.ids) == sorted(
            rows, key=lambda one: one.ids
        )


def test_a_label_that_is_a_word_of_the_message_is_never_missing() -> None:
    chance = random.Random(0)
    cities = (201, 202, 203)
    rows = [row((*chance.choices(range(100, 200), k=5), city, 9), (city, END)) for city in cities * 40]
    for epoch in range(8):
        assert all(answer_of(one)[0] in one.ids[: one.answers.index(True)] for one in lessons(rows, 0)(epoch))


def test_rows_that_are_all_the_same_can_be_learned() -> None:
    rows = [row((7, 8), (10, END))] * 20
    assert {answer_of(one) for one in lessons(rows, 0)(1)} == {(10,)}
    assert all(one.ids[-1] == 10 for one in lessons(rows, 0)(1))
