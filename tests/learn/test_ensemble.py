"""Ensembles: several programs that answer as one, in memory, in files, and as what others improve."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    BootstrapFewShot,
    BootstrapRS,
    ChainOfThought,
    Ensemble,
    Evaluate,
    Example,
    LabeledFewShot,
    Module,
    OptimizerError,
    Predict,
    Prediction,
    Program,
    load,
    majority,
)
from dspyc.runtime.optimizers import EnsembledProgram
from dspyc.runtime.work.run import journalled
from support.banking import DEV, TRAIN, demos, same_label
from support.neighbour import Neighbour


class Fixed(Module):
    """Always answers the same."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.calls = 0

    def forward(self, text: str) -> Prediction:
        self.calls += 1
        return Prediction(label=self.label)


def fixed(*labels: str) -> list[Module]:
    return [Fixed(label) for label in labels]


def test_a_function_reduces_what_the_programs_predict_in_their_order() -> None:
    seen: list[list[str]] = []

    def last(predictions: list[Any]) -> Any:
        seen.append([each.label for each in predictions])
        return predictions[-1]

    program = Ensemble(reduce_fn=last).compile(fixed("a", "b", "c"))
    assert program(text="x").label == "c"
    assert seen == [["a", "b", "c"]]
    assert [each.label for each in Ensemble().compile(fixed("a", "b"))(text="x")] == ["a", "b"]
    assert Ensemble(reduce_fn=majority).compile(fixed("no", "yes", "yes"))(text="x").label == "yes"


def test_it_can_be_awaited() -> None:
    program = Ensemble(reduce_fn=majority).compile(fixed("no", "yes", "yes"))
    assert asyncio.run(program.acall(text="x")).label == "yes"


def test_equal_calls_draw_the_same_programs_and_others_draw_others() -> None:
    members = [f"label {number}" for number in range(20)]
    program = Ensemble(size=3).compile(fixed(*members))
    drawn = {text: tuple(each.label for each in program(text=text)) for text in map(str, range(30))}
    assert {text: tuple(each.label for each in program(text=text)) for text in drawn} == drawn
    assert {len(labels) for labels in drawn.values()} == {3}
    assert len(set(drawn.values())) > 20
    free = Ensemble(size=3, deterministic=False).compile(fixed(*members))
    assert len({tuple(each.label for each in free(text="x")) for _ in range(20)}) > 10


def same(example: Any, pred: Any) -> bool:
    return bool(example.label == pred.label)


def test_what_is_no_set_of_programs_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(OptimizerError, match=r"write compile\(\[first, second\]\)"):
        Ensemble().compile(Predict("a -> b"))  # type: ignore[arg-type]
    with pytest.raises(OptimizerError, match="not of str"):
        Ensemble().compile(["qa"])  # type: ignore[list-item]
    with pytest.raises(OptimizerError, match="at least one"):
        Ensemble().compile([])
    with pytest.raises(OptimizerError, match=r"the list of predictions, which `same` does not take"):
        Ensemble(reduce_fn=same).compile(fixed("a"))  # type: ignore[arg-type]
    Ensemble(size=5).compile(fixed("a"))
    assert caplog.messages == ["the ensemble asks all of its 1 programs: `size` is 5"]


def test_saving_keeps_what_every_program_has_learned(tmp_path: Path, lm: Neighbour) -> None:
    students = [ChainOfThought("text -> label"), Predict("text -> label")]
    compiled = [
        BootstrapFewShot(max_bootstrapped_demos=2, max_labeled_demos=3).compile(one, trainset=TRAIN)
        for one in students
    ]
    program = Ensemble(reduce_fn=majority).compile(compiled)
    assert list(demos(program)) == ["programs[0].predict", "programs[1]"]
    assert all(demos(program).values())
    program.save(tmp_path / "ensemble.json")
    other = Ensemble(reduce_fn=majority).compile(students)
    other.load(tmp_path / "ensemble.json")
    assert demos(other) == demos(program)
    program.save(tmp_path / "whole", save_program=True)
    whole = load(tmp_path / "whole")
    assert isinstance(whole, EnsembledProgram)
    assert demos(whole) == demos(program)
    assert whole(text="Where is my card?").label == program(text="Where is my card?").label


def test_an_ensemble_is_improved_like_any_program(lm: Neighbour) -> None:
    taught = LabeledFewShot(k=2).compile(Predict("text -> label"), trainset=TRAIN)
    program = Ensemble(reduce_fn=majority).compile([taught, taught, Predict("text -> label")])
    better = BootstrapFewShot(metric=same_label, max_bootstrapped_demos=1, max_labeled_demos=4).compile(
        program, trainset=TRAIN
    )
    before, after = demos(program), demos(better)
    assert after.keys() == before.keys()
    for name, kept in before.items():
        assert after[name][: len(kept)] == kept
        assert len(after[name]) > len(kept)


def search(folder: Path) -> Program:
    optimizer = BootstrapRS(metric=same_label, num_candidate_programs=2, max_labeled_demos=4)
    return Program(
        optimizer,
        Predict("text -> label"),
        name="searched",
        source=folder / "bank.dspy",
        trainset=TRAIN[:20],
        valset=DEV,
    )


def test_a_program_of_the_best_programs_has_a_state(
    tmp_path: Path, lm: Neighbour, caplog: pytest.LogCaptureFixture
) -> None:
    def ensemble() -> Program:
        vote = Ensemble(reduce_fn=majority)
        return Program(vote, search(tmp_path).top(3), name="voted", source=tmp_path / "bank.dspy")

    search(tmp_path).optimize()
    caplog.clear()
    caplog.set_level(logging.WARNING)
    program = ensemble()
    assert list(demos(program)) == ["programs[0]", "programs[1]", "programs[2]"]
    evaluation = Evaluate(program, devset=DEV, metric=same_label)
    result = program.optimize(evaluation=evaluation)
    assert result.learned
    assert result.score_after is not None
    assert demos(ensemble()) == demos(program)
    assert ensemble().stale_predictors() == {}
    assert caplog.messages == []


def test_without_a_state_it_runs_as_its_programs_and_needs_no_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    members: list[Any] = fixed("yes", "yes", "no")
    program = Program(
        Ensemble(reduce_fn=majority), programs=members, name="voted", source=tmp_path / "bank.dspy"
    )
    assert program(text="x").label == "yes"
    assert caplog.messages == []


def test_the_programs_answer_at_the_same_time() -> None:
    class Meeting(Module):
        async def aforward(self, text: str) -> Prediction:
            async with asyncio.timeout(10):
                await barrier.wait()
            return Prediction(label="yes")

    barrier = asyncio.Barrier(3)
    program = Ensemble(reduce_fn=majority).compile([Meeting() for _ in range(3)])
    assert program(text="x").label == "yes"


def test_a_program_that_fails_fails_the_call_with_its_error(lm: Neighbour) -> None:
    lm.fails = lambda inputs: inputs["text"] == "broken"
    program = Ensemble(reduce_fn=majority).compile([Predict("text -> label"), *fixed("yes", "yes")])
    rows = [Example(text=text, label="yes").with_inputs("text") for text in ("broken", "well")]
    result = Evaluate(devset=rows, metric=same_label)(program)
    assert list(result.errors) == [0]
    assert result.score == 50


def test_what_is_not_reduced_is_measured_and_written_down_too(tmp_path: Path) -> None:
    def any_right(example: Any, predictions: list[Any]) -> bool:
        return any(each.label == example.label for each in predictions)

    program = Ensemble().compile(fixed("yes", "no"))
    rows = [Example(text="x", label=label).with_inputs("text") for label in ("yes", "no", "other")]
    with journalled(tmp_path / "journal", {"program": "x"}):
        result = Evaluate(devset=rows, metric=any_right)(program)
    assert result.score == pytest.approx(66.67)
    assert [each.label for each in result.rows[0].prediction.predictions] == ["yes", "no"]
    result.save_json(str(tmp_path / "rows.json"))
    assert "predictions" in (tmp_path / "rows.json").read_text(encoding="utf-8")


def test_functions_are_programs_too() -> None:
    async def later(text: str) -> Prediction:
        return Prediction(label=f"{text} later")

    both = Ensemble().compile([lambda text: Prediction(label=text), later])  # type: ignore[list-item]
    assert [found.label for found in both(text="x")] == ["x", "x later"]
    with pytest.raises(OptimizerError, match="an ensemble is made of programs, not of type"):
        Ensemble().compile([Predict])  # type: ignore[list-item]
