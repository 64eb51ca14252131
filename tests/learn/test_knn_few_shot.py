"""KNNFewShot: demos of the nearest examples for each call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    BootstrapFewShot,
    BootstrapRS,
    ChainOfThought,
    ConfigurationError,
    Embedder,
    Evaluate,
    Example,
    KNNFewShot,
    LabeledFewShot,
    Module,
    OptimizerError,
    Predict,
    Program,
    context,
    load,
)
from dspyc.runtime.work.run import journalled
from support.banking import DEV, TRAIN, demos, same_label
from support.neighbour import Neighbour

WORDS = ("card", "pin", "rate", "account", "exchange", "swallowed", "close", "change")


def by_words(texts: Sequence[str]) -> list[list[float]]:
    """A vector that says which words a text holds."""
    return [[float(word in text.lower()) for word in WORDS] for text in texts]


def nearest(**more: Any) -> KNNFewShot:
    return KNNFewShot(k=3, trainset=TRAIN, vectorizer=Embedder(by_words), **more)


def shown(lm: Neighbour, program: Module, text: str) -> tuple[list[str], str]:
    """The texts of the demos in the last prompt of a call, and what was predicted."""
    prompts: list[Any] = []
    complete = lm.complete

    def kept(request: Any) -> Any:
        prompts.append(request.messages)
        return complete(request)

    lm.complete = kept  # type: ignore[method-assign]
    try:
        label = program(text=text).label
    finally:
        lm.complete = complete  # type: ignore[method-assign]
    users = [one["content"] for one in prompts[-1] if one["role"] == "user"]
    return [text.split("]]\n")[1].split("\n")[0] for text in users[:-1]], label


def test_a_call_sees_the_examples_that_are_nearest_to_it(lm: Neighbour) -> None:
    program = nearest().compile(Predict("text -> label"), teacher="labels")
    by_text = {example.text: example.label for example in TRAIN}
    for text in ("How do I change my pin?", "What is the exchange rate?"):
        texts, label = shown(lm, program, text)
        assert len(texts) == 3
        assert label == by_text[texts[0]] or label in {by_text[one] for one in texts}
    assert shown(lm, program, "How do I change my pin?")[0] != shown(lm, program, "exchange rate")[0]


def test_demos_come_from_accepted_runs_of_the_teacher(lm: Neighbour) -> None:
    program = nearest(metric=same_label, max_labeled_demos=0).compile(ChainOfThought("text -> label"))
    lm.otherwise["label"] = "change_pin"
    shown(lm, program, "I want to change my pin")
    asked = [inputs["text"] for inputs in lm.asked]
    assert len(asked) == 4
    assert asked[-1] == "I want to change my pin"
    unpaid = nearest().compile(ChainOfThought("text -> label"))
    lm.asked.clear()
    labelled = KNNFewShot(k=3, trainset=TRAIN, vectorizer=Embedder(by_words), max_bootstrapped_demos=0)
    assert len(shown(lm, labelled.compile(ChainOfThought("text -> label")), "my pin")[0]) == 3
    assert len(lm.asked) == 1
    assert unpaid.named_predictors()[0][0] == "predict"


def test_it_keeps_what_the_student_has_learned_and_can_be_improved(lm: Neighbour) -> None:
    student = LabeledFewShot(k=2).compile(Predict("text -> label"), trainset=TRAIN[20:30])
    program = nearest().compile(student, teacher="labels")
    assert demos(program) == demos(student)
    texts, _ = shown(lm, program, "How do I change my pin?")
    assert texts[:2] == [demo["text"] for demo in demos(student)["self"]]
    assert len(texts) == 5
    more = BootstrapFewShot(metric=same_label, max_bootstrapped_demos=1, max_labeled_demos=0)
    better = more.compile(program, trainset=TRAIN[:5])
    assert demos(better)["self"][:2] == demos(student)["self"]
    assert len(shown(lm, better, "How do I change my pin?")[0]) > 5
    searched = BootstrapRS(metric=same_label, num_candidate_programs=1, max_labeled_demos=3)
    assert searched.compile(program, trainset=TRAIN[:6], valset=DEV)(text="pin").label


def test_it_beats_a_student_without_demos(lm: Neighbour) -> None:
    evaluate = Evaluate(devset=DEV, metric=same_label)
    student = Predict("text -> label")
    program = nearest().compile(student, teacher="labels")
    assert evaluate(program).score > evaluate(student).score + 20


def test_its_state_and_the_whole_program_are_saved(tmp_path: Path, lm: Neighbour) -> None:
    student = LabeledFewShot(k=2).compile(Predict("text -> label"), trainset=TRAIN[20:30])
    program = nearest().compile(student, teacher="labels")
    program.save(tmp_path / "near.json")
    other = nearest().compile(Predict("text -> label"), teacher="labels")
    other.load(tmp_path / "near.json")
    assert demos(other) == demos(student)
    program.save(tmp_path / "whole", save_program=True)
    whole = load(tmp_path / "whole", allow_code=True)
    assert shown(lm, whole, "my pin") == shown(lm, program, "my pin")


def test_a_program_of_it_needs_no_state(
    tmp_path: Path, lm: Neighbour, caplog: pytest.LogCaptureFixture
) -> None:
    def program() -> Program:
        source = tmp_path / "bank.dspy"
        return Program(nearest(), Predict("text -> label"), name="near", source=source, teacher="labels")

    fresh = program()
    before = shown(lm, fresh, "How do I change my pin?")
    assert caplog.messages == []
    result = fresh.optimize(evaluation=Evaluate(fresh, devset=DEV, metric=same_label))
    assert result.learned
    assert result.score_before is not None
    assert result.score_after is not None
    assert result.score_before < result.score_after
    assert shown(lm, program(), "How do I change my pin?") == before


def test_the_runs_of_a_call_stay_out_of_the_journal_around_it(tmp_path: Path, lm: Neighbour) -> None:
    program = nearest(metric=same_label).compile(ChainOfThought("text -> label"))
    evaluate = Evaluate(devset=DEV[:4], metric=same_label, num_threads=3)
    expected = evaluate(program).records()
    path = tmp_path / "journal"
    with journalled(path, {"program": "x"}) as journal:
        assert evaluate(program).records() == expected
        stages = {
            line.split('"stage":"')[1].split('"')[0]
            for line in path.read_text().splitlines()
            if "stage" in line
        }
    assert stages == {"evaluate"}
    assert journal.answer_count > 4


def test_what_cannot_work_is_refused(lm: Neighbour) -> None:
    with pytest.raises(OptimizerError, match="the rows have no column for the field `reasoning`"):
        nearest().compile(ChainOfThought("text -> label"), teacher="labels")
    with pytest.raises(OptimizerError, match="must have the same predictors"):
        nearest().compile(Predict("text -> label"), teacher=ChainOfThought("text -> label"))
    unmarked = KNNFewShot(k=1, trainset=[Example(text="a", label="b")], vectorizer=Embedder(by_words))
    with pytest.raises(ConfigurationError, match="does not say which of its fields are inputs"):
        unmarked.compile(Predict("text -> label"))
    with pytest.raises(ConfigurationError, match="`k` of `KNNFewShot` must be at least 1, not 0"):
        KNNFewShot(k=0, trainset=TRAIN, vectorizer=Embedder(by_words))


def test_calls_at_the_same_time_do_not_mix(lm: Neighbour) -> None:
    program = nearest().compile(Predict("text -> label"), teacher="labels")
    one_by_one = [program(text=example.text).label for example in DEV]
    with context(num_threads=8):
        together = Evaluate(devset=DEV, metric=same_label)(program)
    assert [row.prediction.label for row in together.rows] == one_by_one


def test_its_examples_can_be_searched(lm: Neighbour) -> None:
    found = KNNFewShot(k=2, trainset=TRAIN, vectorizer=Embedder(by_words)).KNN
    assert found.k == 2
    assert len(found.trainset) == len(TRAIN)
    assert found(text=TRAIN[3].text)[0].text == TRAIN[3].text
