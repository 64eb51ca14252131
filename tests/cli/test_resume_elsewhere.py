"""A run that the command line begins goes on in a Python script, and the other way round."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.slow import calls, dspyc, project

SCRIPT = """\
import dspyc
import reporting
from dspyc.runtime.work.budget import Budget

HOW

p.tuned.optimize(
    journal=True,
    budget=Budget(calls=LIMIT),
    evaluation=p.accuracy if MEASURED else None,
)
"""

IMPORTED, LOADED = "import p", 'p = dspyc.load("p.dspy")'


def script(folder: Path, how: str, measured: bool, limit: int | None = None) -> tuple[int, str]:
    """Optimise from a script with another module of its own; its exit code and what it said."""
    (folder / "reporting.py").write_text("TITLE = 'weekly'\n", encoding="utf-8")
    text = SCRIPT.replace("HOW", how).replace("MEASURED", str(measured)).replace("LIMIT", str(limit))
    (folder / "script.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("how", [IMPORTED, LOADED])
@pytest.mark.parametrize("measured", [True, False])
def test_a_script_goes_on_where_the_command_stopped(how: str, measured: bool, tmp_path: Path) -> None:
    calm = project(tmp_path / "calm", 1)
    assert script(calm, how, measured) == (0, "")
    folder = project(tmp_path / "p", 1)
    stopped = dspyc(folder, "optimize", "p.dspy:tuned", "--max-calls", "10")
    assert stopped.returncode == 1, stopped.stderr
    assert (folder / "p.tuned.journal.jsonl").exists()
    before = calls(folder)
    assert script(folder, how, measured) == (0, "")
    # With the same evaluation nothing is asked again; without it, its rows are of no use.
    assert calls(folder) == calls(calm) + (0 if measured else before)
    assert not (folder / "p.tuned.journal.jsonl").exists()


@pytest.mark.parametrize("how", [IMPORTED, LOADED])
@pytest.mark.parametrize("measured", [True, False])
def test_the_command_goes_on_where_a_script_stopped(how: str, measured: bool, tmp_path: Path) -> None:
    folder = project(tmp_path / "p", 1)
    code, said = script(folder, how, measured, limit=10)
    assert (code, "the budget of 10 calls is used up" in said) == (1, True), said
    done = dspyc(folder, "optimize", "p.dspy:tuned")
    assert done.returncode == 0, done.stderr
    assert "from p.tuned.journal.jsonl" in done.stderr


def test_a_python_file_of_the_program_that_changed_is_told_of(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", 1)
    assert dspyc(folder, "optimize", "p.dspy", "--max-calls", "10").returncode == 1
    with (folder / "model.py").open("a", encoding="utf-8") as file:
        file.write("EDITED = True\n")
    code, said = script(folder, IMPORTED, True)
    assert code == 1
    assert "contains an unfinished run of something else: `sources` changed since" in said
