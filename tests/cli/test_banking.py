"""The example that ships, from the command line, on the model that ships: no key, no network."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "banking"


@pytest.fixture
def banking(tmp_path: Path) -> Path:
    folder = tmp_path / "banking"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.state.json", "*.gguf"))
    return folder


def dspyc(*arguments: str, folder: Path, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "dspyc", *arguments],
        cwd=folder,
        env={**os.environ, "DSPYC_CACHEDIR": str(folder / ".cache"), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_run_names_the_intent(banking: Path) -> None:
    assert (
        dspyc("run", "banking.dspy", "text=My card still has not arrived", folder=banking)
        == "label: card_arrival\n"
    )


def test_eval_reaches_what_it_requires(banking: Path) -> None:
    (line,) = json.loads(dspyc("eval", "banking.dspy", "--json", "--output", "rows.json", folder=banking))
    assert line["examples"] >= 100
    assert line["errors"] == 0
    assert line["passed"] is True
    assert line["score"] >= line["require"]
    assert len(json.loads((banking / "rows.json").read_text(encoding="utf-8"))) == line["examples"]


def test_the_weak_model_fails_the_gate(banking: Path) -> None:
    failed = dspyc("eval", "banking.dspy", "--lm", "embedded/banking-base", folder=banking, code=1)
    assert "failed: accuracy is at " in failed


def test_the_tests_of_the_example_pass(banking: Path) -> None:
    assert "2 passed" in dspyc("test", "banking.dspy", folder=banking)


def test_rows_of_a_table(banking: Path) -> None:
    dspyc("run", "banking.dspy", "--inputs", "dev.csv", "--output", "out.csv", folder=banking)
    with (banking / "dev.csv").open(encoding="utf-8", newline="") as asked:
        texts = [row["text"] for row in csv.DictReader(asked)]
    with (banking / "out.csv").open(encoding="utf-8", newline="") as answered:
        rows = list(csv.DictReader(answered))
    assert [row["text"] for row in rows] == texts
    # What the gate asks of the evaluation holds for the same rows here.
    assert sum(row["label"] == row["output_label"] for row in rows) >= 0.6 * len(rows)


def test_a_new_project_works(tmp_path: Path) -> None:
    dspyc("init", "triage", folder=tmp_path)
    folder = tmp_path / "triage"
    dspyc("check", folder=folder)
    dspyc("format", "--check", folder=folder)
    assert "1 passed" in dspyc("test", folder=folder)
    assert "accuracy" in dspyc("eval", "triage.dspy", folder=folder)


def test_the_prompt_is_what_the_model_is_asked(banking: Path) -> None:
    (prompt,) = json.loads(
        dspyc("prompt", "banking.dspy", "text=Where is my card?", "--json", folder=banking)
    )
    assert [message["role"] for message in prompt["messages"]] == ["system", "user"]
    assert "Name the intent of a bank customer's message." in prompt["messages"][0]["content"]
    assert prompt["messages"][1]["content"].startswith("[[ ## text ## ]]\nWhere is my card?\n")


def test_optimize_says_first_that_the_trainer_is_not_installed(banking: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; from dspyc.cli.main import run; "
        "sys.exit(run(['optimize', 'distil.dspy:router']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=banking, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode != 0
    assert "needs the package `torch`: pip install 'dspyc[train]'" in done.stderr
    assert "evaluate" not in done.stdout + done.stderr, "nothing is measured before that"
    assert not list(banking.glob("*.state.json"))
