"""Optimizers that write instructions: killed at random moments, interrupted, and bounded."""

from __future__ import annotations

import json
import random
import re
import signal
from pathlib import Path

import pytest

from support.slow import calls, dspyc, killed, state
from support.slow_writing import OPTIMIZERS, project


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_killed_again_and_again(optimizer: str, tmp_path: Path) -> None:
    calm = project(tmp_path / "calm", optimizer, 3)
    done = dspyc(calm, "optimize", "p.dspy")
    assert done.returncode == 0, done.stderr
    total = calls(calm)
    assert state(calm)["score"]["after"] > state(calm)["score"]["before"]

    folder = project(tmp_path / "killed", optimizer, 3)
    rng = random.Random(optimizer)
    kills = 0
    while kills < 3 and not (folder / "p.tuned.state.json").exists():
        killed(folder, calls(folder) + rng.randint(1, total // 3), "optimize", "p.dspy")
        kills += 1
    last = dspyc(folder, "optimize", "p.dspy")
    assert last.returncode == 0, last.stderr
    assert state(folder) == state(calm)
    # A call that was under way may be made again, one for each thread; no other is.
    assert total <= calls(folder) <= total + kills * 3
    assert not [path.name for path in folder.iterdir() if "journal" in path.name]


def test_ctrl_c_leaves_the_best_so_far_and_the_same_command_goes_on(tmp_path: Path) -> None:
    calm = project(tmp_path / "calm", "copro", 2)
    assert dspyc(calm, "optimize", "p.dspy").returncode == 0
    folder = project(tmp_path / "p", "copro", 2)
    error = killed(folder, calls(calm) - 30, "optimize", "p.dspy", by=signal.SIGINT)
    assert "the best program so far, with a score of" in error
    assert "The same command resumes here." in error
    assert "Traceback" not in error
    content = state(folder)
    assert content["unfinished"] is True
    assert content["predictors"]["self"]["instructions"] in (folder / "model.py").read_text(encoding="utf-8")
    ran = dspyc(folder, "run", "p.dspy:tuned", "text=message 1")
    assert ran.returncode == 0, ran.stderr
    last = dspyc(folder, "optimize", "p.dspy")
    assert last.returncode == 0, last.stderr
    assert state(folder) == state(calm)


def test_ctrl_c_before_anything_better_is_found_leaves_the_state_alone(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", "gepa", 2)
    (folder / "p.tuned.state.json").write_text("{}", encoding="utf-8")
    error = killed(folder, 30, "optimize", "p.dspy", by=signal.SIGINT)
    assert "the best program so far" not in error
    assert (folder / "p.tuned.state.json").read_text(encoding="utf-8") == "{}"


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_budget_keeps_the_best_so_far(optimizer: str, tmp_path: Path) -> None:
    folder = project(tmp_path / "p", optimizer, 2)
    done = dspyc(folder, "optimize", "p.dspy", "--max-calls", "130")
    assert done.returncode == 0, done.stderr
    assert 130 <= calls(folder) <= 133
    assert "its budget of 130 calls is used up" in done.stderr
    assert (folder / "p.tuned.state.json").exists()


def test_a_plan_and_a_report(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", "mipro", 2)
    planned = dspyc(folder, "optimize", "p.dspy", "--plan", "--json")
    assert planned.returncode == 0, planned.stderr
    assert calls(folder) == 0
    plan = json.loads(planned.stdout)
    assert {line["role"] for line in plan["lines"]} == {"evaluation", "teacher", "prompt model", "program"}
    table = dspyc(folder, "optimize", "p.dspy", "--plan")
    assert all(line == line.rstrip() for line in table.stdout.splitlines())
    assert re.search(r"prompt model +test/slow +8 to 24", table.stdout)
    assert "not known" in table.stdout
    assert max(map(len, table.stdout.splitlines())) <= 80
    assert "no bound" not in table.stdout

    done = dspyc(folder, "optimize", "p.dspy", "--report", "report.html")
    assert done.returncode == 0, done.stderr
    assert plan["calls"]["least"] <= calls(folder) <= plan["calls"]["most"]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "MIPROv2" in page
