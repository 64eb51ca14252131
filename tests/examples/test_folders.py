"""The eight programs with data, tests and an evaluation: each does offline what its README says."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from dspyc.cli.main import run

FOLDER = Path(__file__).parents[2] / "examples"
OFFLINE = ["--lm", "offline"]
PROGRAMS = {
    "triage": ("triage.dspy", OFFLINE, 2),
    "invoices": ("invoices.dspy", OFFLINE, 2),
    "multihop": ("multihop.dspy", OFFLINE, 2),
    "agent": ("clerk.dspy", OFFLINE, 2),
    "translation": ("translation.dspy", OFFLINE, 3),
    "moderation": ("moderation.dspy", OFFLINE, 3),
    "sql": ("sql.dspy", OFFLINE, 3),
    "banking": ("banking.dspy", [], 2),
}
"""The file, how it runs without a network, and how many tests it has."""

each_program = pytest.mark.parametrize("name", PROGRAMS)


@pytest.fixture(autouse=True)
def _there(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The program's folder as the working folder, no key, and an environment of its own."""
    name = request.node.callspec.params.get("name") if hasattr(request.node, "callspec") else None
    monkeypatch.chdir(FOLDER / (name or "."))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("DSPYC_CACHE_DIR", str(tmp_path))
    # The agent's server is started as `python3`, which is the one that has the packages.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@each_program
def test_it_checks_without_a_finding_and_keeps_its_layout(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "."]) == 0, capsys.readouterr().out
    assert run(["format", "--check", "."]) == 0


@each_program
def test_its_tests_pass(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    file, offline, count = PROGRAMS[name]
    if name == "banking":
        pytest.importorskip("xllamacpp")
    assert run(["test", file, *offline]) == 0, capsys.readouterr().out
    assert re.search(rf"^{count} passed", capsys.readouterr().out, re.MULTILINE)


@each_program
def test_its_evaluation_is_good_enough_and_not_perfect(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    file, offline, _ = PROGRAMS[name]
    if name == "banking":
        pytest.importorskip("xllamacpp")
    assert run(["eval", file, *offline, "--json", "--num-threads", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["errors"] for each in found] == [0] * len(found)
    scores = [each["score"] for each in found]
    assert all(50 < score <= 100 for score in scores), scores
    assert min(scores) < 100, "an evaluation in which nothing is wrong shows nothing"


def test_the_cassette_of_the_translation_is_that_of_its_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(FOLDER / "translation")
    assert run(["test", "translation.dspy", "--replay"]) == 0
    assert "3 passed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "before", "after", "fails"),
    [
        # The scripted answer, what it becomes, and the test that notices.
        ("triage", '"team": "BILLING"', '"team": "SHIPPING"', "a double payment"),
        ("sql", "where city = 'Hamburg'", "where city = 'Lyon'", "a query that fails"),
        ("translation", "Sie bis Freitag eine", "Sie eine", "a fault that a second look finds"),
    ],
    ids=lambda value: value if value in PROGRAMS else "",
)  # fmt: skip
def test_a_wrong_answer_fails_a_test(
    name: str, before: str, after: str, fails: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = PROGRAMS[name][0]
    for path in (FOLDER / name).iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert before in text
    (tmp_path / file).write_text(text.replace(before, after), encoding="utf-8")
    assert run(["test", str(tmp_path / file), *OFFLINE]) == 1
    assert re.search(rf"FAILED .*: {fails}", capsys.readouterr().out)


def test_every_folder_is_a_program_of_the_list_and_has_a_readme() -> None:
    # The tutorial's program is there to be written by its reader, and tested with the tutorial.
    folders = {path.parent.name for path in FOLDER.glob("*/*.dspy")} - {"tutorial"}
    assert folders == set(PROGRAMS)
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name in folders:
        readme = (FOLDER / name / "README.md").read_text(encoding="utf-8")
        assert f"]({name})" in index
        # Files that a README links to are there.
        for link in re.findall(r"\]\(([^)]+)\)", readme):
            assert link.startswith("https://") or (FOLDER / name / link).exists(), link
