"""`dspyc eval --json`: what a program that reads it gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dspyc.cli.main import run

PROGRAM = """
configure(lm=DummyLM({"Belgium": {"answer": "Brussels"}, "Peru": {"answer": "Cusco"}}))

module qa = Predict("question -> answer", temperature=0.5)

dataset rows = Dataset("rows.csv", inputs=["question"])
evaluate accuracy = Evaluate(qa, devset=rows, metric=answer_exact_match, require=40)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a.dspy").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "rows.csv").write_text("question,answer\nBelgium,Brussels\nPeru,Lima\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DSPYC_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def test_the_figures_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", "a.dspy", "--json", "--repeats", "2"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    del record["seconds"]
    assert record == {
        "evaluation": "accuracy",
        "program": "qa",
        "metric": "answer_exact_match",
        "score": 50.0,
        "interval": [0.0, 100.0],
        "examples": 2,
        "repeats": 2,
        "pass_at": {"1": 50.0, "2": 50.0},
        "errors": 0,
        "require": 40,
        "passed": True,
        "calls": 4,
        "tokens": 0,
        "cost": None,
    }


def test_the_rows_of_an_event_are_counted_as_in_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", "a.dspy", "--json-lines", "--repeats", "2"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (found,) = [event for event in events if event["event"] == "result"]
    assert [(row["row"], row["run"], row["score"]) for row in found["rows"]] == [
        (2, 1, 0.0),
        (2, 2, 0.0),
        (1, 1, 1.0),
        (1, 2, 1.0),
    ]


def test_a_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", "a.dspy:accuracy", "--output", "rows.json"]) == 0
    capsys.readouterr()
    assert run(["eval", "a.dspy:accuracy", "--compare", "rows.json", "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["comparison"] == {
        "verdict": "indistinguishable",
        "before": 50.0,
        "after": 50.0,
        "difference": 0.0,
        "interval": [0.0, 0.0],
        "p_value": 1.0,
        "test": "McNemar's exact test",
        "worse": [],
        "better": [],
    }


def test_a_report_of_a_run_that_is_compared(folder: Path) -> None:
    assert run(["eval", "a.dspy:accuracy", "--output", "rows.json"]) == 0
    assert run(["eval", "a.dspy:accuracy", "--compare", "rows.json", "--report", "r.html"]) == 0
    page = (folder / "r.html").read_text(encoding="utf-8")
    assert "The two runs are indistinguishable" in page
    assert "rows.json" in page
    assert "Given the fields `question`, produce the fields `answer`." in page, "the prompt of a row"


def write_optimization(folder: Path) -> None:
    (folder / "b.dspy").write_text(
        PROGRAM
        + "optimizer search = BootstrapRS(metric=answer_exact_match, num_candidate_programs=1)\n"
        + "program tuned = search.compile(qa, trainset=rows, valset=rows)\n"
        + "evaluate after = Evaluate(tuned, devset=rows, metric=answer_exact_match)\n",
        encoding="utf-8",
    )


def test_an_optimization_with_a_report(folder: Path) -> None:
    write_optimization(folder)
    assert run(["optimize", "b.dspy", "--report", "r.html"]) == 0
    page = (folder / "r.html").read_text(encoding="utf-8")
    for text in ("Trials", "seed -3", "What was learned", "Comparison", "BootstrapFewShotWithRandomSearch("):
        assert text in page, text
    assert run(["optimize", "b.dspy", "--report", "r.txt"]) == 2


@pytest.mark.parametrize("command", ["eval a.dspy:accuracy", "optimize b.dspy"])
@pytest.mark.parametrize(
    ("name", "said"), [("nowhere/r.html", "there is no folder nowhere"), ("folder.html", "it is a folder")]
)
def test_a_report_that_cannot_be_written_is_refused_before_the_run(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str, name: str, said: str
) -> None:
    write_optimization(folder)
    (folder / "folder.html").mkdir()
    assert run([*command.split(), "--report", name]) == 2
    assert f"{name} cannot be written: {said}" in capsys.readouterr().err
    assert not (folder / "b.tuned.state.json").exists()


@pytest.mark.parametrize(
    ("command", "key"), [("eval a.dspy:accuracy --json", "score"), ("optimize b.dspy --json", "after")]
)
def test_a_report_that_fails_at_the_end_hides_no_result(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, key: str
) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    write_optimization(folder)
    monkeypatch.setattr("dspyc.runtime.evaluate.report.save_report", refuse)
    assert run([*command.split(), "--report", "r.html"]) == 1
    told = capsys.readouterr()
    assert f'"{key}": 50.0' in told.out
    assert "the report was not written: No space left on device" in told.err


SEVERAL = (
    PROGRAM
    + """
module other = Predict("question -> answer", temperature=0.25)
evaluate both = Evaluate([qa, other], devset=rows, metric=answer_exact_match)
"""
)


def test_the_rows_of_several_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.dspy").write_text(SEVERAL, encoding="utf-8")
    assert run(["eval", "a.dspy:both", "--output", "rows.json"]) == 2
    assert "the evaluation has several: `qa` and `other`" in capsys.readouterr().err
    assert run(["eval", "a.dspy:both", "--output", "rows.xml"]) == 0
    assert (folder / "rows.xml").read_text(encoding="utf-8").count("<testsuite ") == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "has 0 rows, and the evaluation has 2"),
        ('[{"repeat": "x"}]', "counts no run"),
        ('[{"question": "Mali", "answer": "x", "answer_exact_match": 1}]', "is the result of other rows"),
    ],
)
def test_an_earlier_run_is_looked_at_before_the_run(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    content: str,
    message: str,
) -> None:
    (folder / "rows.json").write_text(content, encoding="utf-8")
    monkeypatch.setattr("dspyc.runtime.evaluate.evaluate.perform", None)
    assert run(["eval", "a.dspy:accuracy", "--compare", "rows.json"]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("option", "file"), [("--output", "rows.csv.xml"), ("--report", "rows.html")])
def test_files_that_cannot_be_written_lose_no_run(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, option: str, file: str
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dspyc.runtime.state.files.write_atomically", full)
    monkeypatch.setattr("dspyc.runtime.evaluate.report.page.write_atomically", full)
    assert run(["eval", "a.dspy:accuracy", option, file]) == 1
    told = capsys.readouterr()
    assert "50.0 %" in told.out
    assert "not written: No space left on device" in told.err
    assert list(folder.glob("*.journal.jsonl"))
