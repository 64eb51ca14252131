"""Programs: optimising, calling, what is kept when something fails."""

from __future__ import annotations

import dataclasses
import datetime
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    LM,
    BootstrapFewShot,
    BootstrapFinetune,
    BootstrapRS,
    ChainOfThought,
    Evaluate,
    Example,
    LabeledFewShot,
    Module,
    OptimizerError,
    Predict,
    Prediction,
    Program,
    StateError,
    apply_defaults,
    context,
)
from dspyc.runtime.execution.progress import Progress
from dspyc.runtime.programs import capture as learned
from support.banking import DEV, TRAIN, demos, few_shot, same_label
from support.neighbour import Neighbour


def test_without_a_state_it_runs_as_its_module_and_says_so_once(
    tmp_path: Path, lm: Neighbour, caplog: pytest.LogCaptureFixture
) -> None:
    program = few_shot(tmp_path)
    assert caplog.messages == []
    assert program(text="I'd like to leave").label == "change_pin"
    assert program(text="Goodbye").label == "change_pin"
    [message] = caplog.messages
    assert message.startswith(
        "the program `router` has no state and runs unoptimized; create one with: dspyc optimize "
    )
    assert message.endswith("bank.dspy:router")


def test_a_built_program_without_a_state_names_its_source(
    tmp_path: Path, lm: Neighbour, caplog: pytest.LogCaptureFixture
) -> None:
    optimizer = BootstrapFewShot(metric=same_label)
    built = Program(
        optimizer, ChainOfThought("text -> label"), name="router", source=tmp_path / "bank.py", trainset=TRAIN
    )
    built(text="Goodbye")
    assert caplog.messages[0].endswith("`dspyc optimize bank.dspy:router`, then build bank.dspy again")


def test_optimising_writes_a_state_that_the_next_process_uses(tmp_path: Path, lm: Neighbour) -> None:
    student = ChainOfThought("text -> label")
    program = few_shot(tmp_path, student)
    evaluate = Evaluate(program, devset=DEV, metric=same_label)
    told: list[Progress] = []
    result = program.optimize(on_progress=told.append, evaluation=evaluate)
    assert result.state == tmp_path / "bank.router.state.json"
    assert result.score_before == 25.0
    assert result.score_after is not None
    assert result.score_after > 50
    assert {step.detail for step in told if step.stage == "evaluate"} == {"before", "after"}
    assert demos(student) == {"predict": []}

    later = few_shot(tmp_path)
    assert demos(later) == demos(program) == demos(result.program)
    assert Evaluate(later, devset=DEV, metric=same_label)().score == result.score_after
    assert later.named_predictors()[0][0] == "predict"


def test_the_state_is_readable(tmp_path: Path, lm: Neighbour) -> None:
    program = few_shot(tmp_path)
    program.optimize(evaluation=Evaluate(devset=DEV, metric=same_label))
    text = program.state_path.read_text(encoding="utf-8")
    content = json.loads(text)
    assert list(content) == [
        "dspyc_state", "program", "created", "optimizer", "arguments", "score", "predictors", "candidates",
    ]  # fmt: skip
    assert content["dspyc_state"] == 1
    assert datetime.datetime.fromisoformat(content["created"]).tzinfo is not None
    assert content["optimizer"]["name"] == "BootstrapFewShot"
    assert content["optimizer"]["parameters"]["metric"] == "same_label"
    assert content["arguments"] == {"trainset": "train.csv, 32 rows"}
    assert content["score"]["before"] == 25.0
    assert content["score"]["metric"] == "same_label"
    predictor = content["predictors"]["predict"]
    assert list(predictor) == ["instructions", "demos", "lm", "signature"]
    assert predictor["lm"] is None
    assert predictor["signature"]["inputs"] == {"text": "str"}
    assert predictor["signature"]["outputs"] == {"reasoning": "str", "label": "str"}
    assert list(predictor["demos"][0]) == ["augmented", "text", "reasoning", "label"]
    assert text.endswith("}\n")


def test_what_was_learned_outlives_a_measurement_that_breaks_off(tmp_path: Path, lm: Neighbour) -> None:
    calls = 0

    def interrupted(example: Any, pred: Any) -> bool:
        nonlocal calls
        calls += 1
        if calls > len(DEV):
            raise KeyboardInterrupt
        return same_label(example, pred)

    program = few_shot(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        program.optimize(evaluation=Evaluate(devset=DEV, metric=interrupted))
    assert demos(few_shot(tmp_path)) == demos(program)
    assert len(demos(program)["predict"]) == 12
    assert program.state is not None
    assert program.state.facts["score"] is None


def test_a_program_that_fails_on_many_rows_is_still_optimized(
    tmp_path: Path, lm: Neighbour, caplog: pytest.LogCaptureFixture
) -> None:
    lm.fails = lambda inputs: "card" in inputs["text"]
    with context(max_errors=1):
        optimizer = BootstrapFewShot(metric=same_label, max_bootstrapped_demos=2, max_errors=100)
        program = Program(
            optimizer, Predict("text -> label"), name="p", source=tmp_path / "f.dspy", trainset=TRAIN
        )
        result = program.optimize(evaluation=Evaluate(devset=DEV, metric=same_label))
        assert result.before is not None
        assert len(result.before.errors) > 1
        strict = program.optimize(evaluation=Evaluate(devset=DEV, metric=same_label, max_errors=1))
    assert strict.before is None
    assert any(
        text.startswith("the program was not measured before: the evaluation was stopped")
        for text in caplog.messages
    )


def test_the_same_seed_gives_the_same_state(tmp_path: Path, lm: Neighbour) -> None:
    written = []
    for _ in range(2):
        program = few_shot(tmp_path)
        program.optimize()
        content = json.loads(program.state_path.read_text(encoding="utf-8"))
        del content["created"], content["optimizer"]["seconds"]
        written.append(content)
    assert written[0] == written[1]


def test_fine_tuning_through_a_program(tmp_path: Path) -> None:
    weak = Neighbour({"label": "change_pin"})
    known = [({"text": row.text}, {"label": row.label}) for row in TRAIN]
    teacher = Predict("text -> label", lm=Neighbour(known=known))
    guide = Program(LabeledFewShot(k=1), teacher, name="guide", source=tmp_path / "f.dspy", trainset=TRAIN)
    program = Program(
        BootstrapFinetune(metric=same_label),
        Predict("text -> label"),
        name="tuned",
        source=tmp_path / "f.dspy",
        trainset=TRAIN,
        teacher=guide,
    )
    with context(lm=weak):
        result = program.optimize(evaluation=Evaluate(devset=DEV, metric=same_label))
        content = json.loads(result.state.read_text(encoding="utf-8"))
        assert content["predictors"]["self"]["lm"]["model"] == "test/neighbour-trained-1"
        assert content["arguments"] == {"trainset": "train.csv, 32 rows", "teacher": "guide"}
        assert program.predictors()[0].lm is not weak
    assert result.score_after is not None
    assert result.score_before is not None
    assert result.score_after > result.score_before


def test_the_best_candidates(tmp_path: Path, lm: Neighbour) -> None:
    optimizer = BootstrapRS(metric=same_label, num_candidate_programs=3, max_labeled_demos=6)

    def made() -> Program:
        return Program(
            optimizer,
            Predict("text -> label"),
            name="p",
            source=tmp_path / "f.dspy",
            trainset=TRAIN,
            valset=DEV,
        )

    best_two = made().top(2)
    with pytest.raises(StateError, match="has no state, so it has no best programs"):
        len(best_two)
    assert repr(best_two) == "TopPrograms(no state)"
    result = made().optimize()
    assert list(result.candidates) == sorted(result.candidates, reverse=True)
    assert len(result.candidates) == 6
    programs = made().top(3)
    assert [Evaluate(devset=DEV, metric=same_label)(one).score for one in programs] == list(
        result.candidates[:3]
    )
    assert demos(programs[0]) == demos(made())
    assert len(made().top(100)) == 6
    assert len(best_two) == 2
    assert repr(best_two) == f"TopPrograms({list(result.candidates[:2])})"
    result.state.write_text("{}", encoding="utf-8")
    assert repr(made().top(2)) == "TopPrograms(no readable state)"
    few_shot(tmp_path).optimize()
    assert repr(few_shot(tmp_path).top(2)) == "TopPrograms(1 program without a score)"


def test_a_program_of_a_program(tmp_path: Path, lm: Neighbour) -> None:
    first = few_shot(tmp_path, Predict("text -> label"))
    first.optimize()
    second = Program(BootstrapFinetune(), first, name="second", source=tmp_path / "bank.dspy", trainset=TRAIN)
    second.optimize()
    assert demos(second) == demos(first)
    assert [predictor.lm for predictor in first.predictors()] == [None]
    assert second.predictors()[0].lm is not None


def test_defaults_of_the_file_reach_the_module(tmp_path: Path) -> None:
    program = few_shot(tmp_path, Predict("text -> label"))
    apply_defaults({"lm": Neighbour({"label": "from the file"})}, program)
    assert program(text="x").label == "from the file"
    assert program.deepcopy()(text="x").label == "from the file"


async def _called(program: Program) -> str:
    label: str = (await program.acall(text="x")).label
    return label


def test_programs_are_called_in_every_way(tmp_path: Path, lm: Neighbour) -> None:
    import asyncio

    class Waits(Module):
        async def aforward(self, text: str) -> Prediction:
            await asyncio.sleep(0)
            return Prediction(label="waited")

    leaf, waits = few_shot(tmp_path, Predict("text -> label")), few_shot(tmp_path, Waits())
    assert (leaf.needs_loop, waits.needs_loop) == (False, True)
    assert (leaf(text="x").label, waits(text="x").label) == ("change_pin", "waited")
    assert asyncio.run(_called(leaf)) == "change_pin"
    assert asyncio.run(_called(waits)) == "waited"
    assert [one.label for one in waits.batch([{"text": "x"}] * 3)] == ["waited"] * 3
    # Inside another module it is a part that is finished: optimizers leave it alone.
    holder = Module()
    holder.part = leaf  # type: ignore[attr-defined]
    assert holder.named_predictors() == []


def test_nothing_is_lost_when_optimising_fails(tmp_path: Path, lm: Neighbour) -> None:
    program = few_shot(tmp_path)
    program.optimize()
    before = program.state_path.read_bytes()
    lm.fails = lambda inputs: True
    with pytest.raises(OptimizerError):
        program.optimize()
    assert program.state_path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["bank.router.state.json"]


@pytest.mark.parametrize("journal", [True, False])
def test_the_folder_of_a_state_is_created(tmp_path: Path, lm: Neighbour, journal: bool) -> None:
    program = few_shot(tmp_path, state="states/of/router.json")
    program.optimize(journal=journal)
    assert [path.name for path in (tmp_path / "states" / "of").iterdir()] == ["router.json"]
    assert program.state is not None


def test_a_folder_without_a_state_is_not_left_behind(tmp_path: Path, lm: Neighbour) -> None:
    (tmp_path / "states").mkdir()
    lm.fails = lambda inputs: True
    with pytest.raises(OptimizerError):
        few_shot(tmp_path, state="states/of/router.json").optimize()
    assert [path.name for path in tmp_path.rglob("*")] == ["states"]


@pytest.mark.parametrize("state", ["file/router.json", "file/of/router.json"])
def test_a_state_that_cannot_be_written_is_found_before_the_work(
    tmp_path: Path, lm: Neighbour, state: str
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StateError, match=r"cannot be written: the folder `.*` cannot be created: "):
        few_shot(tmp_path, state=state).optimize()
    assert lm.asked == []


@dataclasses.dataclass
class Opaque:
    """Something that JSON does not know."""


def test_parameters_are_described_for_a_reader() -> None:
    described = learned.describe(
        {
            "metric": same_label,
            "lm": LM("openai/x"),
            "rows": [Example(a=1)],
            "n": [1, None],
            "o": Opaque(),
            LM("a/b"): 1,
        }
    )
    assert described == {
        "metric": "same_label",
        "lm": "openai/x",
        "rows": "1 examples",
        "n": [1, None],
        "o": "Opaque",
        "a/b": 1,
    }
    assert json.dumps(described)
    assert learned.describe({"api_key": "sk-secret", "lm": LM("openai/x", api_key="sk-secret")}) == {
        "lm": "openai/x"
    }
    assert learned.describe(TRAIN) == "train.csv, 32 rows"


def test_warnings_go_to_the_log(tmp_path: Path, lm: Neighbour, caplog: pytest.LogCaptureFixture) -> None:
    few_shot(tmp_path).predictors()
    assert [(record.name, record.levelno) for record in caplog.records] == [("dspyc", logging.WARNING)]
