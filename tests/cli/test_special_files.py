"""Commands that meet a named pipe, a device or a folder where a file should be say so, and do not wait."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dspyc.cli.main import run as main

PROGRAM = """
lm fake = DummyLM([{"answer": "x"}])
configure(lm=fake)
module ask = Predict("text -> answer")
dataset rows = Dataset("rows.csv", inputs=["text"])
optimizer tune = LabeledFewShot(k=1)
program tuned = tune.compile(ask, trainset=rows)
evaluate gate = Evaluate(ask, devset=rows, metric=answer_exact_match)

test "a":
    assert ask(text="x").answer == "x"
"""


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


KINDS: dict[str, Callable[[Path], None]] = {
    "a named pipe": os.mkfifo,
    "a device": device,
    "a folder": Path.mkdir,
}


def dspyc(folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit code and all output; a command that waits is an error of the test."""
    command = [sys.executable, "-m", "dspyc", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "DSPYC_TRACEBACK"}
    ended = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    output = ended.stdout + ended.stderr
    assert "dspyc itself failed" not in output
    assert "Traceback" not in output
    return ended.returncode, " ".join(output.split())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "m.dspy").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "rows.csv").write_text("text,answer\na,b\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_to_be_tested(kind: str, folder: Path) -> None:
    KINDS[kind](folder / "f.dspy")
    code, output = dspyc(folder, "test", "f.dspy")
    assert code != 0
    if kind != "a folder":
        assert f"is {kind}, not a file" in output


@pytest.mark.parametrize("kind", KINDS)
def test_a_state(kind: str, folder: Path) -> None:
    KINDS[kind](folder / "m.tuned.state.json")
    code, output = dspyc(folder, "run", "m.dspy:tuned", "text=a")
    assert (code, f"it is {kind}, not a file" in output) == (2, True)
    code, output = dspyc(folder, "build", "m.dspy")
    assert (code, f"is {kind}, not a file" in output) == (2, True)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_built_is_not_written_over_what_is_no_file(kind: str, folder: Path) -> None:
    (folder / "build").mkdir()
    KINDS[kind](folder / "build" / "m.py")
    code, output = dspyc(folder, "build", "m.dspy")
    assert (code, "was not written by dspyc" in output) == (2, True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model(kind: str, folder: Path) -> None:
    KINDS[kind](folder / "model.gguf")
    code, output = dspyc(folder, "run", "m.dspy:ask", "text=a", "--lm", "gguf/model.gguf")
    assert code != 0
    expected = "there is no model file" if kind == "a folder" else f"is {kind}, not a file"
    assert expected in output


def test_a_broken_state_is_not_a_defect_of_dspyc(folder: Path) -> None:
    (folder / "m.tuned.state.json").write_text('{"predictors": ', encoding="utf-8")
    for command in (["run", "m.dspy:tuned", "text=a"], ["prompt", "m.dspy:tuned", "text=a"]):
        code, output = dspyc(folder, *command)
        assert (code, "is not a state file" in output) == (2, True)
    (folder / "in.jsonl").write_text('{"text": "a"}\n', encoding="utf-8")
    code, output = dspyc(folder, "run", "m.dspy:tuned", "--inputs", "in.jsonl", "--output", "out.jsonl")
    assert (code, "is not a state file" in output) == (2, True)


def test_numbers_and_sums_beyond_reason_are_findings(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.dspyc]\nsrc = {'9' * 5_000}\n", encoding="utf-8")
    code, output = dspyc(folder, "check", "m.dspy")
    assert (code, "this file has a number of over 4,300 digits" in output) == (1, True)
    (folder / "pyproject.toml").unlink()
    (folder / "tools.py").write_text(f"X = {'-' * 90_000}1\nY = {'1+' * 50_000}1\n", encoding="utf-8")
    (folder / "i.dspy").write_text("from tools import X\n\ny = X\n", encoding="utf-8")
    code, output = dspyc(folder, "check", "i.dspy")
    assert (code, "`tools.py` is not valid Python" in output) == (1, True)
    (folder / "n.dspy").write_text('module ask = Predict("text: int -> label")\n', encoding="utf-8")
    code, output = dspyc(folder, "run", "n.dspy", f"text=0x{'f' * 50_000}")
    assert (code, "the input `text` takes `int`" in output) == (2, True)
    (folder / "m.tuned.state.json").write_text("[" * 100_000, encoding="utf-8")
    code, output = dspyc(folder, "run", "m.dspy:tuned", "text=a")
    assert (code, "it is nested too deeply" in output) == (2, True)


@pytest.mark.parametrize("name", ["m.pyi", "m.tuned.state.json"])
def test_what_others_have_written_is_not_overwritten_by_a_build(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, build = folder / "m.tuned.state.json", folder / "build"
    state.write_text('{"predictors": {}}', encoding="utf-8")
    command = ["build", str(folder / "m.dspy"), "--out", str(build)]
    assert main(command) == 0
    theirs = "mine: int" if name == "m.pyi" else '{"predictors": {}, "mine": 1}'
    (build / name).write_text(theirs, encoding="utf-8")
    assert main(command) == 2
    assert "Nothing was written" in capsys.readouterr().err
    assert (build / name).read_text(encoding="utf-8") == theirs
    # What was learned anew replaces the copy of what was learned before.
    (build / name).unlink()
    assert main(command) == 0
    os.utime(build / state.name, ns=(0, 0))
    state.write_text('{"predictors": {}, "newer": 1}', encoding="utf-8")
    assert main(command) == 0
    assert "newer" in (build / state.name).read_text(encoding="utf-8")
