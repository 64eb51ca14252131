"""What fails on every run or row is never reported as a success: no score, no state, exit code 1."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from dspyc.cli.main import run
from dspyc.runtime import (
    LM,
    BootstrapFewShot,
    BootstrapRS,
    Evaluate,
    Example,
    LabeledFewShot,
    Module,
    Optimizer,
    OptimizerError,
    Predict,
    Program,
    context,
    parameters,
)
from support.neighbour import Neighbour

ROWS = [Example(text=f"message {n}", label="a").with_inputs("text") for n in range(6)]


def same(example: Any, pred: Any) -> bool:
    return bool(example.label == pred.label)


def broken(example: Any, pred: Any) -> bool:
    return bool(example.nothing)


def program(folder: Path, optimizer: Optimizer, student: Module | None = None) -> Program:
    student = student or Predict("text -> label")
    return Program(optimizer, student, name="p", source=folder / "f.dspy", trainset=ROWS)


OPTIMIZERS = {
    "few shot": lambda metric: BootstrapFewShot(metric=metric),
    "several rounds": lambda metric: BootstrapFewShot(metric=metric, max_rounds=3, max_errors=99),
    "search": lambda metric: BootstrapRS(metric=metric, num_candidate_programs=2),
    "many errors": lambda metric: BootstrapRS(metric=metric, num_candidate_programs=1, max_errors=99),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("breaks", ["model", "metric", "program"])
def test_an_optimisation_of_which_every_run_failed(name: str, breaks: str, tmp_path: Path) -> None:
    class Mistaken(Module):
        def __init__(self) -> None:
            self.part = Predict("text -> label")

        def forward(self, text: str) -> Any:
            return self.part(text=text).nothing

    student = Mistaken() if breaks == "program" else None
    made = program(tmp_path, OPTIMIZERS[name](broken if breaks == "metric" else same), student)
    expected = {"model": "out of order", "metric": "has no field `nothing`", "program": "nothing"}[breaks]
    with context(lm=Neighbour({"label": "a"}, fails=lambda inputs: breaks == "model")):
        with pytest.raises(OptimizerError) as raised:
            made.optimize()
        assert expected in str(raised.value)
        assert list(tmp_path.iterdir()) == []


def test_partial_failure_is_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lm = Neighbour({"label": "a"}, fails=lambda inputs: inputs["text"] in ("message 0", "message 2"))
    with context(lm=lm), caplog.at_level(logging.WARNING):
        program(tmp_path, BootstrapFewShot(metric=same, max_labeled_demos=0)).optimize()
    assert any(
        text.startswith("the teacher failed on 2 of 6 examples, with RuntimeError: the model is out of order")
        for text in caplog.messages
    )


def test_a_program_that_only_fails_after_it_was_optimized(tmp_path: Path) -> None:
    """The state and the models that were there before are there again."""
    trained = tmp_path / "trained.gguf"
    trained.write_bytes(b"new weights")

    @parameters
    class Spoil(Optimizer):
        """Puts in a model that does not answer."""

        def compile(self, student: Module, **arguments: Any) -> Module:
            twin = student.deepcopy()
            twin.set_lm(LM(f"gguf/{trained}"))
            return twin

    project = tmp_path / "project"
    project.mkdir()
    evaluation = Evaluate(devset=ROWS, metric=same)
    with context(lm=Neighbour({"label": "a"})):
        program(project, LabeledFewShot(k=2)).optimize(evaluation=evaluation)
        (project / "f.p.gguf").write_bytes(b"old weights")
        before = {path.name: path.read_bytes() for path in project.iterdir()}

        class Failing(Program):
            @property
            def module(self) -> Module:
                found = super().module.deepcopy()
                found.set_lm(Neighbour(fails=lambda inputs: True))
                return found

        spoiled = Failing(
            Spoil(), Predict("text -> label"), name="p", source=project / "f.dspy", trainset=ROWS
        )
        with pytest.raises(OptimizerError, match="the optimized program failed on all 6 examples") as raised:
            spoiled.optimize(evaluation=evaluation)
        assert "out of order" in str(raised.value)
        assert {path.name: path.read_bytes() for path in project.iterdir()} == before
        (project / "f.p.gguf").unlink()
        (project / "f.p.state.json").unlink()
        with pytest.raises(OptimizerError):
            spoiled.optimize(evaluation=evaluation)
        assert list(project.iterdir()) == []


def test_a_program_that_only_fails_before_is_made_better(tmp_path: Path) -> None:
    class Helpless(Neighbour):
        def complete(self, request: Any) -> Any:
            if len(request.messages) == 2:
                raise RuntimeError("no idea")
            return super().complete(request)

    with context(lm=Helpless({"label": "a"})):
        result = program(tmp_path, LabeledFewShot(k=2)).optimize(
            evaluation=Evaluate(devset=ROWS, metric=same)
        )
    assert result.before is None
    assert result.score_after == 100.0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    rows = "".join(json.dumps({"text": f"m{n}", "label": "a"}) + "\n" for n in range(4))
    (tmp_path / "rows.jsonl").write_text(rows, encoding="utf-8")
    return tmp_path


FILE = """\
from {module} import Answer

module answer = Answer()

def same(example: answer, pred: answer) -> bool:
    return example.label == pred.label

dataset rows = Dataset("rows.jsonl", inputs=["text"])
evaluate accuracy = Evaluate(answer, devset=rows, metric=same)
"""


@pytest.mark.parametrize("options", [(), ("--json",), ("--output", "rows.csv")])
@pytest.mark.parametrize("breaks", ["program", "metric"])
def test_eval_of_which_every_row_failed(
    folder: Path, breaks: str, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    module = f"answers_{breaks}_{len(options)}_{options[0][2:] if options else ''}"
    body = "raise AttributeError('a mistake')" if breaks == "program" else "return Prediction(other=text)"
    (folder / f"{module}.py").write_text(
        "from dspyc.runtime import Module, Prediction\n\n\nclass Answer(Module):\n"
        f"    def forward(self, text: str):\n        {body}\n",
        encoding="utf-8",
    )
    (folder / "p.dspy").write_text(FILE.format(module=module), encoding="utf-8")
    assert run(["eval", "p.dspy", *options]) == 1
    out, err = capsys.readouterr()
    assert "all 4 examples failed, with AttributeError: " in err
    assert "0.0 %" not in out + err
    assert out.strip() == ""
    assert sorted(path.suffix for path in folder.iterdir() if path.is_file()) == [".dspy", ".jsonl", ".py"]


NOTHING = """\
lm fake = DummyLM([{answers}])
configure(lm=fake)
module answer = Predict("text -> label")

def never(example: answer, pred: answer) -> bool:
    return False

dataset rows = Dataset("rows.jsonl", inputs=["text"])
optimizer few = BootstrapFewShot(metric=never, max_labeled_demos={labeled})
program better = few.compile(answer, trainset=rows)
"""


@pytest.mark.parametrize(("labeled", "learned"), [(0, False), (2, True)])
def test_an_optimisation_that_learned_nothing_says_so(
    folder: Path, labeled: int, learned: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    text = NOTHING.format(answers=", ".join(['{"label": "a"}'] * 8), labeled=labeled)
    (folder / "p.dspy").write_text(text, encoding="utf-8")
    assert run(["optimize", "p.dspy"]) == 0
    told = capsys.readouterr()
    assert ("`better` learned nothing" in told.err) is not learned
    saved = "What it learned is in `p.better.state.json`; commit it with the program."
    assert told.out.endswith(f"{saved}\n" if learned else "Its state is in `p.better.state.json`.\n")
