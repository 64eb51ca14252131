"""`dspyc optimize` and `dspyc eval`, killed at random moments: nothing is lost, nothing is asked twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.slow import calls, dspyc, killed, project, state


@pytest.mark.parametrize("threads", [1, 4])
def test_an_optimisation_that_is_killed_again_and_again(threads: int, tmp_path: Path) -> None:
    calm = project(tmp_path / "calm", threads)
    done = dspyc(calm, "optimize", "p.dspy")
    assert done.returncode == 0, done.stderr
    total = calls(calm)

    folder = project(tmp_path / "killed", threads)
    rng = random.Random(threads)
    kills = 0
    while kills < 3 and not (folder / "p.tuned.state.json").exists():
        killed(folder, calls(folder) + rng.randint(5, total // 4), "optimize", "p.dspy")
        kills += 1
    last = dspyc(folder, "optimize", "p.dspy")
    assert last.returncode == 0, last.stderr
    assert "from p.tuned.journal.jsonl" in last.stderr
    assert state(folder) == state(calm)
    # A call that was under way may be asked again, one for each thread; nothing that was answered is.
    assert total <= calls(folder) <= total + kills * threads
    assert [path.name for path in folder.iterdir() if "journal" in path.name] == []


def test_an_evaluation_that_is_killed(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", 2)
    calm = dspyc(folder, "eval", "p.dspy", "--json", "--output", "rows.csv")
    assert calm.returncode == 0, calm.stderr
    total, rows = calls(folder), (folder / "rows.csv").read_bytes()
    (folder / "calls.txt").unlink()
    killed(folder, 11, "eval", "p.dspy", "--json", "--output", "rows.csv")
    assert (folder / "p.eval.journal.jsonl").exists()
    # Another run with another number of threads is the same run.
    again = dspyc(folder, "eval", "p.dspy", "--json", "--output", "rows.csv", "--num-threads", "4")
    assert total <= calls(folder) <= total + 2
    (calm_line,), (line,) = json.loads(calm.stdout), json.loads(again.stdout)
    del calm_line["seconds"], line["seconds"]
    assert line == calm_line
    assert (folder / "rows.csv").read_bytes() == rows
    assert not (folder / "p.eval.journal.jsonl").exists()


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", 2)
    error = killed(folder, 20, "optimize", "p.dspy", by=signal.SIGINT)
    assert "The same command resumes here." in error
    assert error.strip().endswith("interrupted")
    assert "Traceback" not in error


def test_another_run_is_refused_until_it_is_fresh(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", 2)
    killed(folder, 10, "optimize", "p.dspy")
    before = calls(folder)
    with (folder / "rows.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"text": "message 99", "label": "red"}\n')
    refused = dspyc(folder, "optimize", "p.dspy")
    assert refused.returncode == 2
    assert "p.tuned.journal.jsonl contains an unfinished run of something else: `data` changed since" in (
        refused.stderr
    )
    assert "--fresh" in refused.stderr
    assert calls(folder) == before
    assert dspyc(folder, "optimize", "p.dspy", "--fresh").returncode == 0


def test_two_runs_at_a_time_are_refused(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", 1)
    process = subprocess.Popen(
        [sys.executable, "-m", "dspyc", "optimize", "p.dspy"], cwd=folder, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while calls(folder) < 3 and time.monotonic() < until:
        time.sleep(0.001)
    process.send_signal(signal.SIGSTOP)
    second = dspyc(folder, "optimize", "p.dspy")
    process.send_signal(signal.SIGCONT)
    assert second.returncode == 2
    assert "another process is working on this run" in second.stderr
    assert process.wait(60) == 0


def test_a_budget_bounds_the_run(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", 2)
    done = dspyc(folder, "optimize", "p.dspy", "--max-calls", "150")
    assert done.returncode == 0, done.stderr
    assert 150 <= calls(folder) <= 154
    assert "its budget of 150 calls is used up" in done.stderr
    assert (folder / "p.tuned.state.json").exists()
    assert os.listdir(folder).count("p.tuned.journal.jsonl") == 0


def test_a_budget_that_leaves_room_for_nothing_says_how_to_go_on(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", 1)
    for _ in range(2):
        stopped = dspyc(folder, "optimize", "p.dspy", "--max-calls", "10")
        assert stopped.returncode == 1
        assert (
            "no candidate was measured: the budget of 10 calls is used up; 10 answers are kept, "
            "and a larger `--max-calls`, or `budget=`, continues from there"
        ) in stopped.stderr
        assert "the search stopped" not in stopped.stderr
        assert calls(folder) == 10
    done = dspyc(folder, "optimize", "p.dspy", "--max-calls", "150")
    assert done.returncode == 0, done.stderr
    assert 150 <= calls(folder) <= 152


def test_a_program_that_a_budget_leaves_unmeasured_is_not_said_to_have_no_evaluation(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", 1)
    done = dspyc(folder, "optimize", "p.dspy", "--max-calls", "90")
    assert done.returncode == 0, done.stderr
    assert "the program was not measured after" in done.stderr
    assert "no evaluation in" not in done.stderr
