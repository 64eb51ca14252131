"""What is left out of rows whose answers are labels."""

from __future__ import annotations

import random
import re

import pytest

from dspyc.runtime.lm.gguf.checkpoint import Shape

torch = pytest.importorskip("torch")  # what is left out of a run is collected all the same

from dspyc.runtime.lm.training.lessons import COMMON, FEWEST, lessons  # noqa: E402
from dspyc.runtime.lm.training.loop import Lesson, Plan, Row, measure, steps_of_epoch, train  # noqa: E402
from dspyc.runtime.lm.training.model import initial_weights  # noqa: E402

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


def spelled(token: int) -> str:
    """The text of a token: numbers above 99 are words."""
    return "" if token < 10 else " w" + "abcdefghij"[token % 10] + "klmnopqrst"[token // 10 % 10]


def lessons_of(rows: list[Row], seed: int = 0, dropped: float = 0.1) -> Lesson:
    return lessons(rows, seed, spelled, dropped)


def answer_of(one: Row) -> tuple[int, ...]:
    return one.ids[one.answers.index(True) :]


def test_answers_stay_whole() -> None:
    rows = labelled(400)
    for epoch in range(3):
        assert [answer_of(one) for one in lessons_of(rows)(epoch)] == [answer_of(one) for one in rows]


def test_words_are_missing_and_nothing_else() -> None:
    rows = labelled(400)
    kept = told = 0
    for whole, thin in zip(rows, lessons_of(rows)(0), strict=True):
        assert thin.ids[:2] == START
        assert thin.ids[thin.answers.index(True) - 2 : thin.answers.index(True)] == ASSISTANT
        words, left = whole.ids[2:22], thin.ids[2 : thin.answers.index(True) - 2]
        # What is left stands in its order.
        rest = iter(words)
        assert all(token in rest for token in left)
        kept, told = kept + len(left), told + len(words)
    assert 0.93 < kept / told < 0.97
    assert lessons_of(rows)(0) == lessons_of(rows)(0) != lessons_of(rows)(1)
    assert lessons_of(rows, 1)(0) != lessons_of(rows)(0)
    assert lessons_of(rows, dropped=0)(0) == rows


def test_what_is_no_label_stays_as_it_is() -> None:
    spans = [row((100 + number, 300), (100 + number, 300, END)) for number in range(100)]
    turns = Row((1, 9, 2, 8, 3, 9, 5), (False, True, False, False, False, True, True))
    rare = labelled(len(LABELS) * (COMMON - 1), "rare")
    rows = [*spans, *[turns] * 20, *rare]
    for epoch in range(3):
        assert sorted(lessons_of(rows)(epoch), key=lambda one: one.ids) == sorted(
            rows, key=lambda one: one.ids
        )


def test_a_label_that_is_a_word_of_the_message_is_never_missing() -> None:
    chance = random.Random(0)
    cities = (201, 202, 203)
    rows = [row((*chance.choices(range(100, 200), k=5), city, 9), (city, END)) for city in cities * 40]
    for epoch in range(8):
        assert all(answer_of(one)[0] in one.ids[: one.answers.index(True)] for one in lessons_of(rows)(epoch))


@pytest.mark.parametrize(
    ("form", "kept"),
    [
        ("[[ ## first_text ## ]]\n{}\n[[ ## label ## ]]", ["first", "text", "label"]),
        ("first_text: {}\nlabel:", ["first", "text", "label"]),
        ("<first_text>{}</first_text>", ["first", "text"]),
        ('{{"first_text": "{}"}}', ["first", "text"]),
        ("{} 12 + 7 - 3", ["12", "7", "3", "+", "-"]),
    ],
)
def test_names_of_fields_numbers_and_signs_are_never_missing(form: str, kept: list[str]) -> None:
    chance, words, known = random.Random(0), [*"abcdefghijklmnopqrstuvwxyz"], {}

    def tokens(text: str) -> tuple[int, ...]:
        return tuple(
            known.setdefault(each, 100 + len(known)) for each in re.findall(r"[a-z]+|\d+|\W|_", text)
        )

    texts = [form.format(" ".join(chance.choices(words, k=12))) for _ in range(100)]
    # A predictor with other fields is learned in the same task.
    rows = [row(tokens(text), (10, END)) for text in texts] + [
        row(tokens("other: " + "z y " * 6), (11, END))
    ] * 9
    text_of = {number: each for each, number in known.items()}
    lesson = lessons(rows, 0, lambda token: text_of.get(token, ""), 0.9)
    found = [
        ["".join(text_of.get(token, "") for token in one.ids) for one in lesson(epoch)] for epoch in (0, 3)
    ]
    for each in found:
        assert sum(len(one) < len(text) for one, text in zip(each, texts, strict=False)) > 30
        assert all(word in one for one in each[:100] for word in kept)


@pytest.mark.parametrize("words", [FEWEST - 1, FEWEST])
def test_short_messages_stay_whole(words: int) -> None:
    rows = [row(tuple(range(100 + number, 100 + number + words)), (10, END)) for number in range(0, 100, 2)]
    assert (lessons_of(rows, dropped=0.5)(0) == rows) == (words < FEWEST)


@pytest.mark.parametrize("epochs", [2, 3, 4])
def test_a_trained_model_ends_its_labels(epochs: int) -> None:
    """What was learned at first of how labels go on and end is not forgotten at last."""
    chance = random.Random(0)
    labels = [(10 + number, *chance.choices(range(30, 60), k=6), END) for number in range(8)]
    rows = [
        row((100 + number % 8, *chance.choices(range(120, 160), k=8)), labels[number % 8])
        for number in range(240)
    ]
    shape = Shape(vocabulary=160, width=32, layers=1, heads=2, key_value_heads=2, feed_forward=64, context=32)
    weights = initial_weights(shape, 0)
    plan = Plan(steps=epochs * steps_of_epoch(rows, 4), batch_size=4, learning_rate=2e-2, warmup_steps=5)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    train(weights, shape, lessons_of(rows), plan)
    torch.set_num_threads(threads)
    assert measure(weights, shape, rows) < 0.1
