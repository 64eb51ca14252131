"""`--json-lines`, and a trace of tests: what an editor reads of tests and evaluations."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dspyc.cli.lines import telling
from dspyc.cli.main import run
from dspyc.cli.measuring import worst_rows
from dspyc.runtime import Evaluate, Example, Module, Prediction

PROGRAM = """
from noise import speak

lm small = DummyLM({"Peru": {"answer": "Lima"}, "Chile": {"answer": "Santiago"}})
configure(lm=small)

module qa = Predict("question -> answer")

dataset rows = Dataset(
    [{"question": "Peru", "answer": "Lima"}, {"question": "Chile", "answer": "Lima"}], inputs=["question"]
)
evaluate accuracy = Evaluate(qa, devset=rows, metric=answer_exact_match, require=80)

test "Lima":
    speak()
    pred = qa(question="Peru")
    assert pred.answer == "Lima"

test "Lima again":
    pred = qa(question="Chile")
    wanted = ["Lima", "Cusco"]
    assert [pred.answer, "Cusco"] == wanted

test "fails otherwise":
    pred = qa(question="Chile")
    assert pred.answer == "Lima", "not the capital"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a.dspy").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "noise.py").write_text("def speak() -> None:\n    print('noise')\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DSPYC_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_tests_tell_of_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["test", "a.dspy", "--json-lines"]) == 1
    told = events(capsys)
    assert [each["event"] for each in told] == [
        *("started", "passed", "started", "failed", "started", "failed", "finished")
    ]
    assert told[1]["title"] == "Lima"
    assert told[1]["calls"] == 1
    last = told[5]
    assert last["summary"] == "not the capital"
    assert (last["actual"], last["expected"]) == ("Santiago", "Lima")
    assert last["at"].endswith("a.dspy")
    assert PROGRAM.splitlines()[last["line"] - 1].strip().startswith("assert pred.answer ==")
    assert last["values"] == {"pred.answer": "Santiago"}
    assert "expected" not in told[3], "a side that is no value and no literal cannot be compared"
    assert (told[-1]["passed"], told[-1]["failed"]) == (1, 2)


def test_a_test_is_chosen_by_its_whole_title(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["test", "a.dspy", "--json-lines", "--title", "Lima"]) == 0
    assert [each.get("title") for each in events(capsys)] == ["Lima", "Lima", None]
    assert run(["test", "a.dspy", "--title", "Lim"]) == 2
    assert "no tests found called `Lim`" in capsys.readouterr().err


def test_a_broken_file_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("b.dspy").write_text('test "x":\n    assert nothing\n', encoding="utf-8")
    assert run(["test", "b.dspy", "--json-lines"]) == 1
    broken, finished = events(capsys)
    assert "unknown name `nothing`" in broken["message"]
    assert finished["broken"] == 1


def test_an_evaluation_tells_of_its_progress_and_its_worst_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", "a.dspy", "--json-lines"]) == 1
    *progress, result = events(capsys)
    assert [each["event"] for each in progress] == ["progress", "progress"]
    assert progress[-1]["done"] == progress[-1]["total"] == 2
    assert (result["evaluation"], result["score"], result["passed"]) == ("accuracy", 50.0, False)
    assert result["rows"][0] == {
        "row": 2,
        "score": 0.0,
        "inputs": {"question": "Chile"},
        "labels": {"answer": "Lima"},
        "outputs": {"answer": "Santiago"},
        "error": None,
    }


def test_a_value_that_json_does_not_have_leaves_the_others_of_its_row() -> None:
    class Bytes(Module):
        def forward(self, q: str) -> Prediction:
            return Prediction(raw=b"\xff", size=1)

    devset = [Example(q="1").with_inputs("q")]
    result = Evaluate(devset=devset, metric=lambda example, pred: True)(Bytes())
    assert worst_rows(result)[0]["outputs"] == {"raw": "b'\\xff'", "size": 1}


def test_tests_write_a_trace(folder: Path) -> None:
    words = ["test", "a.dspy", "--title", "Lima", "--trace", "t.jsonl", "--trace-content"]
    assert run(words) == 0
    head, *records = map(json.loads, (folder / "t.jsonl").read_text(encoding="utf-8").splitlines())
    assert head["command"] == "test"
    assert [each["what"] for each in records if "call" in each] == ["module", "lm"]
    assert [each["answers"] for each in records if "answers" in each] == [["[[ ## answer ## ]]\nLima"]]


def test_json_and_json_lines_are_one_or_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", "a.dspy", "--json", "--json-lines"]) == 2
    assert "cannot be combined" in capsys.readouterr().err


KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"


class Holder:
    """A value that JSON does not have, whose text holds a key."""

    def __str__(self) -> str:
        return f"key {KEY}"


class Broken:
    def __str__(self) -> str:
        raise RuntimeError("no text")


HIDDEN = "[redacted]"
VALUES: list[tuple[Any, Any]] = [
    (float("nan"), None),
    ([float("inf"), 1.5, 3, True, None], [None, 1.5, 3, True, None]),
    (Holder(), f"key {HIDDEN}"),
    ({"of": (Holder(),), 1: {2}, Holder(): 3}, {"of": [f"key {HIDDEN}"], "1": [2], f"key {HIDDEN}": 3}),
    (b"\xff", "b'\\xff'"),
    (Broken(), "<Broken>"),
    (10**5000, "<int>"),
    ("\ud800", "\ud800"),
]


@pytest.mark.parametrize(("value", "told"), VALUES, ids=range(len(VALUES)))
def test_any_value_is_told_as_json(value: Any, told: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with telling() as tell:
        tell("result", rows=[{"value": value}])
    text = capsys.readouterr().out
    assert "NaN" not in text
    assert json.loads(text)["rows"][0]["value"] == told


def test_what_contains_itself_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    around: dict[str, Any] = {}
    around["around"] = [around]
    with telling() as tell:
        tell("result", value=around)
    assert events(capsys)[0]["event"] == "result"


NOISE = """
import logging, os, sys
logging.getLogger("x").addHandler(logging.StreamHandler(sys.stdout))
from dspyc.cli.lines import telling
print("before")
with telling() as tell:
    tell("one")
    os.system("echo child")
    logging.getLogger("x").warning("handler")
    print("print")
    tell("two", text="\u00e9")
os.system("echo after")
print("last")
"""


def test_nothing_but_events_comes_on_standard_output() -> None:
    done = subprocess.run([sys.executable, "-c", NOISE], capture_output=True, text=True, check=True)
    first, *lines, after, last = done.stdout.splitlines()
    assert (first, after, last) == ("before", "after", "last")
    assert [json.loads(line)["event"] for line in lines] == ["one", "two"]
    assert done.stderr.split() == ["child", "handler", "print"]
