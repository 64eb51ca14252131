"""`teacher="labels"`: learning from the rows' own labels, without a call of a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest

import dspyc
from dspyc.runtime import (
    BaseLM,
    BootstrapFewShot,
    BootstrapFewShotWithRandomSearch,
    BootstrapFinetune,
    ChainOfThought,
    Dataset,
    Evaluate,
    Example,
    Module,
    OptimizerError,
    Predict,
    Prediction,
    Signature,
    context,
)
from support.neighbour import Neighbour, sections

BANKING = Path(__file__).parents[2] / "examples" / "banking"
INTENTS = ("card_swallowed", "change_pin", "exchange_rate", "terminate_account")
TRAIN, DEV = (
    list(Dataset(BANKING / name, inputs=["text"]).filter(lambda row: row.label in INTENTS).shuffle(0))
    for name in ("train.csv", "dev.csv")
)


def same_label(example: Any, pred: Any) -> bool:
    return bool(example.label == pred.label)


class Silent(Neighbour):
    """A model that must not be asked."""

    def complete(self, request: Any) -> Any:
        raise AssertionError("a model was called")


class Two(Module):
    """Two steps, of which the second reads what the first answers."""

    def __init__(self) -> None:
        self.topic = Predict("text -> topic")
        self.label = Predict("text, topic -> label")

    def forward(self, text: str) -> Prediction:
        return self.label(text=text, topic=self.topic(text=text).topic)


def test_demos_are_the_rows() -> None:
    with context(lm=Silent()):
        few = BootstrapFewShot(metric=same_label, max_bootstrapped_demos=3, max_labeled_demos=0)
        program = few.compile(Predict("text -> label"), trainset=TRAIN, teacher="labels")
    demos = program.predictors()[0].demos
    assert [dict(demo) for demo in demos] == [
        {"augmented": True, "text": row.text, "label": row.label} for row in TRAIN[:3]
    ]
    again = few.compile(program, trainset=TRAIN, teacher="labels").predictors()[0].demos
    assert len(again) == 6, "rows that are shown already are not shown twice"
    assert len({demo.text for demo in again}) == 6


def test_each_step_gets_the_row_as_its_run() -> None:
    rows = [
        Example(text="a", topic="t", label="x").with_inputs("text"),
        Example(text="b", topic=None, label="y").with_inputs("text"),
        Example(text="c", topic="u", label="z").with_inputs("text"),
    ]
    with context(lm=Silent()):
        few = BootstrapFewShot(max_bootstrapped_demos=3, max_labeled_demos=0)
        program = few.compile(Two(), trainset=rows, teacher="labels")
    topic, label = (dict(program.named_predictors())[name].demos for name in ("topic", "label"))
    assert [(demo.text, demo.topic) for demo in topic] == [("a", "t"), ("c", "u")]
    assert [(demo.text, demo.topic, demo.label) for demo in label] == [("a", "t", "x"), ("c", "u", "z")]


def test_a_search_makes_its_demos_of_the_labels() -> None:
    lm = Neighbour({"label": "change_pin"})
    search = BootstrapFewShotWithRandomSearch(
        metric=same_label, num_candidate_programs=2, max_labeled_demos=0, max_bootstrapped_demos=12
    )
    with context(lm=lm):
        program = search.compile(Predict("text -> label"), trainset=TRAIN, valset=DEV[:10], teacher="labels")
        assert program.predictors()[0].demos
        assert Evaluate(devset=DEV, metric=same_label)(program).score > 50
    asked = [sections_asked["text"] for sections_asked in lm.asked]
    assert not {row.text for row in TRAIN} & set(asked), "no row of the trainset is answered by a model"


def test_a_model_is_trained_on_the_labels() -> None:
    lm = Silent()
    student = Predict("text -> label", lm=lm)
    program = BootstrapFinetune(metric=same_label).compile(student, trainset=TRAIN, teacher="labels")
    [(data, data_format, _)] = lm.trained
    assert (len(data), data_format) == (len(TRAIN), "chat")
    by_text = {row.text: row.label for row in TRAIN}
    for row in data:
        *asked, answer = row["messages"]
        text = sections(asked[-1]["content"])["text"]
        assert asked == student.messages(text=text)
        assert sections(answer["content"])["label"].startswith(by_text[text])
    assert program.predictors()[0].lm is not lm


def test_all_predictors_of_one_model_are_trained_together() -> None:
    lm = Silent()
    rows = [Example(text=f"{n}", topic="t", label="x").with_inputs("text") for n in range(5)]
    with context(lm=lm):
        BootstrapFinetune().compile(Two(), trainset=rows, teacher="labels")
    [(data, _, _)] = lm.trained
    assert len(data) == 10


def test_values_get_the_types_of_their_fields() -> None:
    class Count(Signature):
        """Count the words."""

        text: str = dspyc.InputField()
        words: int = dspyc.OutputField()
        mood: Literal["good", "bad"] | None = dspyc.OutputField()

    rows = [{"text": "a", "words": "1", "mood": "good"}, {"text": "b", "words": 2, "mood": None}]
    with context(lm=Silent()):
        few = BootstrapFewShot(max_labeled_demos=0)
        program = few.compile(Predict(Count), trainset=Dataset(rows, inputs=["text"]), teacher="labels")
    assert [(demo.words, demo.mood) for demo in program.predictors()[0].demos] == [(1, "good"), (2, None)]
    wrong = Dataset([*rows, {"text": "c", "words": 1, "mood": "god"}], inputs=["text"])
    with (
        context(lm=Silent()),
        pytest.raises(OptimizerError, match=r"row 3 cannot be used for learning: `mood` is"),
    ):
        few.compile(Predict(Count), trainset=wrong, teacher="labels")


@pytest.mark.parametrize(
    ("student", "message"),
    [
        (
            ChainOfThought("text -> label"),
            "the program cannot learn from the labels: the rows have no column for the field `reasoning`",
        ),
        (
            Two(),
            "`topic` cannot learn from the labels: the rows have no column for the field `topic`; "
            "they have `label` and `text`",
        ),
    ],
)
@pytest.mark.parametrize("optimizer", [BootstrapFewShot(), BootstrapFinetune()], ids=["few", "tune"])
def test_a_predictor_that_the_rows_do_not_teach(student: Module, message: str, optimizer: Any) -> None:
    with context(lm=Silent()):
        for call in (optimizer.verify, optimizer.compile):
            with pytest.raises(OptimizerError) as raised:
                call(student, trainset=TRAIN, teacher="labels")
            assert message in str(raised.value)


def test_rows_without_a_label_teach_nothing() -> None:
    rows = [Example(text="a", label=None).with_inputs("text")]
    with context(lm=Silent()), pytest.raises(OptimizerError, match="no row has all of `text` and `label`"):
        BootstrapFewShot().compile(Predict("text -> label"), trainset=rows, teacher="labels")


@pytest.mark.parametrize("optimizer", [BootstrapFewShot(), BootstrapFinetune()], ids=["few", "tune"])
def test_another_word_for_the_teacher(optimizer: Any) -> None:
    with context(lm=Silent()), pytest.raises(OptimizerError, match="not 'label'; did you mean `labels`"):
        optimizer.compile(Predict("text -> label"), trainset=TRAIN, teacher="label")


PROGRAM = """
module route = Predict("text -> label: Literal['card', 'cash']")

ROWS = [
    {"text": "Where is my card?", "label": "card"},
    {"text": "The machine gave no notes", "label": "cash"},
]
dataset train = Dataset(ROWS, inputs=["text"])
optimizer few = BootstrapFewShot(max_labeled_demos=0)
program learned = few.compile(route, trainset=train, teacher="labels")
"""


def test_a_program_of_a_file_learns_from_labels(tmp_path: Path) -> None:
    path = tmp_path / "m.dspy"
    path.write_text(PROGRAM, encoding="utf-8")
    lm: BaseLM = Silent()
    with context(lm=lm):
        result = dspyc.load(path).learned.optimize()
    state = json.loads(result.state.read_text(encoding="utf-8"))
    assert [demo["label"] for demo in state["predictors"]["self"]["demos"]] == ["card", "cash"]
    assert state["arguments"] == {"trainset": "2 rows", "teacher": "labels"}


def test_a_label_that_its_field_refuses_is_found_before_anything_is_asked() -> None:
    rows = [Example(text="a", label=label).with_inputs("text") for label in ("red", "other")]
    student = Predict("text -> label: Literal['red', 'blue']")
    for optimizer in (BootstrapFewShot(), BootstrapFinetune()):
        with pytest.raises(OptimizerError, match="example 2 cannot be used for learning: `label` is 'other'"):
            optimizer.verify(student, trainset=rows, teacher="labels")
