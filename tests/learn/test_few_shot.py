"""The few-shot optimizers, on a model that answers as the nearest demo in its prompt: demos do help it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from dspyc.runtime import (
    KNN,
    BootstrapFewShot,
    BootstrapFewShotWithRandomSearch,
    BootstrapRS,
    ChainOfThought,
    ConfigurationError,
    Evaluate,
    Example,
    LabeledFewShot,
    Module,
    OptimizerError,
    Predict,
    Prediction,
    context,
)
from dspyc.runtime.execution.progress import Progress, reporting_to
from support import banking
from support.banking import same_label
from support.neighbour import Neighbour

TRAIN, DEV = list(banking.TRAIN), list(banking.DEV)


def score(program: Module, devset: list[Example] = DEV) -> float:
    return Evaluate(devset=devset, metric=same_label)(program).score


def shown(program: Module) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [dict(demo) for demo in predictor.demos or ()] for name, predictor in program.named_predictors()
    }


class Two(Module):
    """Two steps: the topic of a message, then its label."""

    def __init__(self) -> None:
        self.topic = Predict("text -> topic")
        self.label = Predict("text, topic -> label")

    def forward(self, text: str) -> Prediction:
        topic = self.topic(text=text).topic
        return Prediction(label=self.label(text=text, topic=topic).label)


class Again(Module):
    """Runs copies of its part, as Refine and BestOfN do, a few times over."""

    def __init__(self, times: int) -> None:
        self.part = Predict("text -> label")
        self.times = times

    def forward(self, text: str) -> Prediction:
        for _ in range(self.times):
            prediction: Prediction = self.part.deepcopy()(text=text)
        return prediction


def test_labeled_demos_help_and_the_student_stays_as_it_is() -> None:
    student = Predict("text -> label")
    with context(lm=Neighbour({"label": "change_pin"})):
        assert score(student) == 25.0
        better = LabeledFewShot(k=20).compile(student, trainset=TRAIN)
        assert score(better) > 60.0
    assert student.demos == []
    assert len(shown(better)["self"]) == 20
    assert shown(LabeledFewShot(k=20).compile(student, trainset=TRAIN)) == shown(better)


def test_labeled_demos_are_the_first_ones_unless_sampled_and_fit_the_predictor() -> None:
    program = LabeledFewShot(k=2).compile(Two(), trainset=TRAIN, sample=False)
    # No row has a topic, so none can be a demo of the first step.
    assert shown(program) == {"topic": [], "label": [dict(row) for row in TRAIN[:2]]}
    assert shown(LabeledFewShot().compile(Two(), trainset=[])) == {"topic": [], "label": []}


def test_bootstrapped_demos_are_the_accepted_runs_filled_up_with_labelled_ones() -> None:
    optimizer = BootstrapFewShot(metric=same_label, max_bootstrapped_demos=3, max_labeled_demos=8)
    student = ChainOfThought("text -> label")
    with context(lm=Neighbour({"label": "change_pin", "reasoning": "as I know"})):
        program = optimizer.compile(student, trainset=TRAIN)
        again = optimizer.compile(student, trainset=TRAIN)
    demos = shown(program)["predict"]
    accepted = [demo for demo in demos if demo.get("augmented")]
    assert len(accepted) == 3
    assert len(demos) == 8
    assert all(demo.keys() == {"augmented", "text", "reasoning", "label"} for demo in accepted)
    right = {row.text: row.label for row in TRAIN}
    assert all(demo["label"] == right[demo["text"]] for demo in demos)
    assert len({demo["text"] for demo in demos}) == 8
    assert shown(again) == shown(program)
    assert program._compiled
    assert student.predict.demos == []


def test_no_call_is_wasted_by_running_several_at_once() -> None:
    asked: dict[int, list[str]] = {}
    for threads in (1, 8):
        lm = Neighbour({"label": "change_pin"})
        with context(lm=lm, num_threads=threads):
            BootstrapFewShot(metric=same_label, max_bootstrapped_demos=4, max_labeled_demos=0).compile(
                Predict("text -> label"), trainset=TRAIN
            )
        asked[threads] = sorted(inputs["text"] for inputs in lm.asked)
    fourth = [index for index, row in enumerate(TRAIN) if row.label == "change_pin"][3]
    assert asked[1] == asked[8] == sorted(row.text for row in TRAIN[: fourth + 1])


def test_an_example_is_not_shown_to_the_teacher_with_its_answer() -> None:
    rows = [Example(text=f"message number {n}", label=f"label {n}").with_inputs("text") for n in range(4)]
    with context(lm=Neighbour({"label": "none"})):
        program = BootstrapFewShot(metric=same_label, max_labeled_demos=4).compile(
            Predict("text -> label"), trainset=rows
        )
    assert not any(demo.get("augmented") for demo in shown(program)["self"])


def test_a_teacher_with_other_settings() -> None:
    weak, strong = Neighbour({"label": "change_pin"}), Neighbour({"label": "exchange_rate"})
    optimizer = BootstrapFewShot(
        metric=same_label, teacher_settings={"lm": strong}, max_bootstrapped_demos=2, max_labeled_demos=0
    )
    with context(lm=weak):
        program = optimizer.compile(Predict("text -> label"), trainset=TRAIN)
    assert {demo["label"] for demo in shown(program)["self"]} == {"exchange_rate"}
    assert weak.asked == []


def test_further_rounds_ask_for_fresh_samples() -> None:
    class Moody(Neighbour):
        def complete(self, request: Any) -> Any:
            if request.kwargs.get("rollout_id") == 2:
                assert request.kwargs["temperature"] == 1.0
                self.otherwise = {"label": "right"}
            return super().complete(request)

    rows = [Example(text="hm", label="right").with_inputs("text")]
    with context(lm=Moody({"label": "wrong"}), num_threads=1):
        for rounds, found in ((2, 0), (3, 1)):
            program = BootstrapFewShot(metric=same_label, max_rounds=rounds, max_labeled_demos=0).compile(
                Predict("text -> label"), trainset=rows
            )
            assert len(shown(program)["self"]) == found


def test_a_round_that_fails_is_followed_by_the_next() -> None:
    class Flaky(Neighbour):
        def complete(self, request: Any) -> Any:
            if "rollout_id" not in request.kwargs:
                raise RuntimeError("not yet")
            return super().complete(request)

    rows = [Example(text=f"{n}", label="right").with_inputs("text") for n in range(2)]
    with context(lm=Flaky({"label": "right"})):
        program = BootstrapFewShot(metric=same_label, max_rounds=2, max_labeled_demos=0).compile(
            Predict("text -> label"), trainset=rows
        )
    assert len(shown(program)["self"]) == 2


def test_a_threshold_on_a_metric_that_gets_the_trace() -> None:
    lengths: list[int] = []

    def graded(example: Any, pred: Any, trace: Any = None) -> float:
        lengths.append(len(trace))
        return 0.9 if same_label(example, pred) else 0.3

    with context(lm=Neighbour({"label": "change_pin", "topic": "pins"})):
        for threshold, found in ((None, 4), (0.5, 2), (0.95, 0)):
            optimizer = BootstrapFewShot(
                metric=graded, metric_threshold=threshold, max_bootstrapped_demos=4, max_labeled_demos=0
            )
            two = [row for row in TRAIN if row.label == "change_pin"][:2]
            rows = [*two, *(row for row in TRAIN if row.label == "card_swallowed")]
            assert len(shown(optimizer.compile(Two(), trainset=rows))["label"]) == found
    assert set(lengths) == {2}


def test_each_step_of_a_program_gets_the_demos_of_its_own_calls() -> None:
    with context(lm=Neighbour({"label": "change_pin", "topic": "pins"})):
        program = BootstrapFewShot(metric=same_label, max_bootstrapped_demos=2, max_labeled_demos=0).compile(
            Two(), trainset=TRAIN
        )
    demos = shown(program)
    assert [list(demo) for demo in demos["topic"]] == [["augmented", "text", "topic"]] * 2
    assert [list(demo) for demo in demos["label"]] == [["augmented", "text", "topic", "label"]] * 2


@pytest.mark.parametrize("times", [1, 3])
def test_parts_that_run_as_copies_are_traced_to_their_predictor(times: int) -> None:
    with context(lm=Neighbour({"label": "change_pin"})):
        program = BootstrapFewShot(metric=same_label, max_bootstrapped_demos=2, max_labeled_demos=0).compile(
            Again(times), trainset=TRAIN
        )
    # Several calls in one run give one demo.
    assert len(shown(program)["part"]) == 2


def test_parts_keep_their_own_models() -> None:
    own = Neighbour({"label": "change_pin"})
    student = Predict("text -> label", lm=own)
    with context(lm=Neighbour({"label": "never"})):
        for optimizer in (LabeledFewShot(), BootstrapFewShot(metric=same_label)):
            better = optimizer.compile(student, trainset=TRAIN)
            assert better.predictors()[0].lm is own


def test_errors_of_the_teacher_are_counted() -> None:
    broken = Neighbour({"label": "change_pin"}, fails=lambda inputs: "PIN" not in inputs["text"])
    with context(lm=broken):
        program = BootstrapFewShot(metric=same_label, max_labeled_demos=0, max_errors=100).compile(
            Predict("text -> label"), trainset=TRAIN
        )
        assert len(shown(program)["self"]) == 4
        with pytest.raises(
            OptimizerError, match="3 runs of the teacher failed, the last with: the model is out of order"
        ):
            BootstrapFewShot(metric=same_label, max_labeled_demos=0, max_errors=3).compile(
                Predict("text -> label"), trainset=TRAIN
            )


def test_an_error_of_the_metric_is_not_called_one_of_the_teacher(
    lm: Neighbour, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(example: Any, pred: Any) -> float:
        return 1 / 0

    few = BootstrapFewShot(metric=broken, max_errors=2)
    with pytest.raises(OptimizerError, match="division by zero, raised by the metric `broken`"):
        few.compile(Predict("text -> label"), trainset=TRAIN)
    assert all(text.endswith("raised by the metric `broken`") for text in caplog.messages)


@pytest.mark.parametrize(
    ("student", "teacher", "message"),
    [
        (Two(), Predict("text -> label"), "the teacher has no `topic` and `label`, it has `self`"),
        (
            Predict("text -> label"),
            Predict("text -> intent"),
            "fields `text -> label` in the student and `text -> intent`",
        ),
        (Module(), None, "has no predictor that an optimizer could change"),
    ],
)
def test_teacher_and_student_of_different_structure(student: Module, teacher: Any, message: str) -> None:
    with pytest.raises(OptimizerError) as raised, context(lm=Neighbour()):
        BootstrapFewShot(metric=same_label).compile(student, teacher=teacher, trainset=TRAIN)
    assert message in str(raised.value)


def test_a_teacher_with_better_instructions_is_of_the_same_structure() -> None:
    teacher = Predict("text -> label")
    teacher.signature = teacher.signature.with_instructions("Name the intent, carefully.")
    with context(lm=Neighbour({"label": "change_pin"})):
        program = BootstrapFewShot(metric=same_label).compile(
            Predict("text -> label"), teacher=teacher, trainset=TRAIN
        )
    assert shown(program)["self"]
    assert program.predictors()[0].signature.instructions.startswith("Given the fields")


def test_what_bootstrapping_refuses() -> None:
    with context(lm=Neighbour({"label": "change_pin"})):
        with pytest.raises(OptimizerError, match="`trainset` cannot be empty"):
            BootstrapFewShot(metric=same_label).compile(Predict("text -> label"), trainset=[])
        with pytest.raises(OptimizerError, match="example 1 of `trainset` does not say which"):
            BootstrapFewShot().compile(Predict("text -> label"), trainset=[TRAIN[0], Example(text="a")])


def test_random_search_keeps_the_best_candidate() -> None:
    optimizer = BootstrapRS(
        metric=same_label, num_candidate_programs=4, max_bootstrapped_demos=3, max_labeled_demos=6
    )
    student = Predict("text -> label")
    with context(lm=Neighbour({"label": "change_pin"})):
        best = optimizer.compile(student, trainset=TRAIN, valset=DEV)
        again = optimizer.compile(student, trainset=TRAIN, valset=DEV)
        assert score(best) == best.candidate_programs[0]["score"] > score(student)  # type: ignore[attr-defined]
    candidates = best.candidate_programs  # type: ignore[attr-defined]
    assert sorted(one["seed"] for one in candidates) == [-3, -2, -1, 0, 1, 2, 3]
    assert [one["score"] for one in candidates] == sorted((one["score"] for one in candidates), reverse=True)
    zero_shot = next(one for one in candidates if one["seed"] == -3)
    assert (zero_shot["score"], shown(zero_shot["program"])) == (25.0, {"self": []})
    assert [shown(one["program"]) for one in candidates] == [
        shown(one["program"])
        for one in again.candidate_programs  # type: ignore[attr-defined]
    ]
    # The candidates are kept on the winner and are no parts of it.
    assert [name for name, _ in best.named_predictors()] == ["self"]
    assert BootstrapRS is BootstrapFewShotWithRandomSearch


def test_random_search_draws_by_seed_as_dspy_does() -> None:
    optimizer = BootstrapRS(
        metric=same_label, num_candidate_programs=3, max_bootstrapped_demos=3, max_labeled_demos=0
    )
    with context(lm=Neighbour({"label": "change_pin"})):
        best = optimizer.compile(Predict("text -> label"), trainset=TRAIN, restrict=[0, 1, 2])
    for candidate in best.candidate_programs:  # type: ignore[attr-defined]
        seed = candidate["seed"]
        shuffled = list(TRAIN)
        random.Random(seed).shuffle(shuffled)
        size = random.Random(seed).randint(1, 3)
        expected = [row.text for row in shuffled if row.label == "change_pin"][:size]
        assert [demo["text"] for demo in shown(candidate["program"])["self"]] == expected


def test_random_search_stops_when_it_is_good_enough() -> None:
    optimizer = BootstrapRS(metric=same_label, num_candidate_programs=3, stop_at_score=30)
    told: list[Progress] = []
    with context(lm=Neighbour({"label": "change_pin"})), reporting_to(told.append):
        best = optimizer.compile(Predict("text -> label"), trainset=TRAIN, valset=DEV)
    assert [one["seed"] for one in best.candidate_programs] == [-2, -3]  # type: ignore[attr-defined]
    assert [(step.done, step.total) for step in told if step.stage == "candidates"] == [(1, 6), (2, 6)]
    assert any(step.stage == "evaluate" and step.detail == "candidate 2 of 6" for step in told)


def test_the_score_of_the_last_candidate_is_not_reported_as_that_of_the_search() -> None:
    optimizer = BootstrapRS(metric=same_label, num_candidate_programs=0)
    told: list[Progress] = []
    with context(lm=Neighbour({"label": "change_pin"})), reporting_to(told.append):
        best = optimizer.compile(Predict("text -> label"), trainset=TRAIN, valset=DEV)
    scores = {one["seed"]: one["score"] for one in best.candidate_programs}  # type: ignore[attr-defined]
    steps = [step for step in told if step.stage == "candidates"]
    assert [step.score for step in steps] == [scores[-3], scores[-2], None]
    assert steps[-1].detail == f"best {max(scores.values())} %"


def test_a_candidate_that_cannot_be_measured_is_left_out() -> None:
    # Without demos the model is lost; with them it answers.
    class Helpless(Neighbour):
        def complete(self, request: Any) -> Any:
            if len(request.messages) == 2:
                raise RuntimeError("no idea")
            return super().complete(request)

    with context(lm=Helpless({"label": "change_pin"}), max_errors=2):
        best = BootstrapRS(metric=same_label, num_candidate_programs=0).compile(
            Predict("text -> label"), trainset=TRAIN, valset=DEV
        )
        assert sorted(one["seed"] for one in best.candidate_programs) == [-2, -1]  # type: ignore[attr-defined]
        with pytest.raises(OptimizerError, match="no candidate could be made"):
            BootstrapRS(metric=same_label).compile(Predict("text -> label"), trainset=TRAIN, restrict=[-3])


@pytest.mark.parametrize("rows", [None, 5, "train.csv", {"text": "a"}, [{"text": "a"}], [["a"]]], ids=repr)
def test_what_are_no_examples_is_refused_everywhere(rows: Any) -> None:
    program = Predict("text -> label")
    words = "to read a file, use Dataset" if isinstance(rows, str) else "`(trainset|devset)` must"
    with pytest.raises(OptimizerError, match=words):
        LabeledFewShot().compile(program, trainset=rows)
    with pytest.raises(OptimizerError, match=words):
        BootstrapFewShot(metric=same_label).compile(program, trainset=rows)
    with pytest.raises(ConfigurationError, match=words):
        Evaluate(devset=rows, metric=same_label)(program)
    with pytest.raises(ConfigurationError, match=words):
        KNN(k=1, trainset=rows, vectorizer=len)
