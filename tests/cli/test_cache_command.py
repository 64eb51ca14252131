"""`dspyc cache` over a cache with answers: listing, explaining, exporting, deleting."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.cli.main import run
from dspyc.runtime.lm import cache

PROGRAM = '''"""Questions."""

from model import small, large

module qa = Predict("question -> answer", lm=small)
module big = Predict("question -> answer", lm=large)
'''
MODEL = """
import dspyc.runtime as dspy

class Model(dspy.BaseLM):
    cache = True

    def complete(self, request):
        return dspy.Response(["[[ ## answer ## ]]\\nfine\\n\\n[[ ## completed ## ]]"])

small = Model(model="small", temperature=0.0, api_key="sk-canary-0123456789abcdef")
large = Model(model="large", temperature=0.7)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with a program, and an empty cache beside it."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "qa.dspy").write_text(PROGRAM)
    (project / "model.py").write_text(MODEL)
    (project / "dspyc.toml").touch()
    kept = tmp_path / "kept"
    monkeypatch.chdir(project)
    monkeypatch.setenv("DSPYC_CACHE_DIR", str(kept))
    monkeypatch.setenv("COLUMNS", "100")
    dspy.configure_cache(disk_cache_dir=kept)
    yield kept
    cache.configure_cache(enable_disk_cache=False)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Any:
    def perform(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        assert run(["cache", *arguments]) == code
        given = capsys.readouterr()
        return given.out + given.err

    return perform


def ask(name: str, question: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", f"qa.dspy:{name}", f"question={question}"]) == 0
    capsys.readouterr()


def test_answers_are_listed_with_what_was_asked(call: Any, capsys: Any) -> None:
    ask("qa", "Who?", capsys)
    ask("big", "When?", capsys)
    lines = call("list").splitlines()
    assert len(lines) == 4, lines
    assert lines[0].split() == ["KEY", "ANSWERED", "MODEL", "SIZE", "QUESTION"]
    assert ["large" in lines[1], "small" in lines[2], "Who?" in lines[2]] == [True] * 3
    assert lines[3].startswith("2 answers, ")
    assert call("list", "--limit", "1").splitlines()[-1].endswith("of which 1 are shown")
    (only,) = json.loads(call("list", "--model", "small", "--json"))
    assert only["model"] == "small"
    assert "Who?" in only["question"]
    assert "No answers of other are kept." in call("list", "--model", "other")


def test_a_miss_is_explained_before_anything_is_sent(call: Any, capsys: Any) -> None:
    ask("qa", "Who was it, and where?", capsys)
    assert "is answered from the cache" in call("explain", "qa.dspy:qa", "question=Who was it, and where?")
    told = call("explain", "qa.dspy:qa", "question=Who was it, and when?")
    assert "message 2 (user)\n  - " in told
    assert "and where?" in told
    assert "setting" not in told
    found = json.loads(call("explain", "qa.dspy:big", "question=Who was it, and where?", "--json"))
    assert found["hit"] is False
    assert found["differences"] == [
        {"where": "model", "then": "small", "now": "large"},
        {"where": "setting temperature", "then": "0.0", "now": "0.7"},
    ]
    assert len(json.loads(call("list", "--json"))) == 1


def test_an_answer_is_compared_with_earlier_ones(call: Any, capsys: Any) -> None:
    ask("qa", "Who?", capsys)
    assert "no other request is kept" in call("explain")
    ask("qa", "When?", capsys)
    newest, oldest = json.loads(call("list", "--json"))
    assert "When?" in call("explain")
    assert "Who?" in call("explain", newest["key"][:10])
    assert "no other request is kept" in call("explain", oldest["key"])
    assert "no answer has a key that begins with ffffffff" in call("explain", "ffffffff", code=2)


def test_answers_are_exported_without_keys(call: Any, capsys: Any, tmp_path: Path) -> None:
    ask("qa", "Who?", capsys)
    (line,) = call("export").splitlines()
    kept = json.loads(line)
    assert kept["answers"] == ["[[ ## answer ## ]]\nfine\n\n[[ ## completed ## ]]"]
    assert kept["request"]["settings"] == {"temperature": 0.0}
    assert kept["request"]["messages"][0]["role"] == "system"
    assert "Wrote 1 answer to out.jsonl." in call("export", "--output", "out.jsonl")
    assert json.loads(Path("out.jsonl").read_text()) == kept
    content = b"".join(path.read_bytes() for path in (tmp_path / "kept").iterdir())
    assert b"canary" not in content


def age(folder: Path, days: float, key: str) -> None:
    cache.current().close()
    with sqlite3.connect(folder / "answers.sqlite3") as connection:
        connection.execute("UPDATE answers SET made = made - ? WHERE key = ?", (days * 86400, key))
    connection.close()


def test_answers_are_deleted_by_age_size_and_model(call: Any, capsys: Any, folder: Path) -> None:
    for question in ("one", "two", "three"):
        ask("qa", question, capsys)
    ask("big", "four", capsys)
    *_, oldest = json.loads(call("list", "--json"))
    age(folder, 40, oldest["key"])
    assert "Would delete 1 answer" in call("prune", "--older-than", "30d", "--dry-run")
    assert json.loads(call("prune", "--older-than", "720h", "--json"))["deleted"] == 1
    assert call("prune", "--older-than", "4w") == "Nothing to delete.\n"
    left = json.loads(call("list", "--json"))
    assert [one["key"] for one in left].count(oldest["key"]) == 0
    room = left[0]["bytes"] + left[1]["bytes"]
    assert "Deleted 1 answer" in call("prune", "--max-size", str(room))
    assert [one["key"] for one in json.loads(call("list", "--json"))] == [one["key"] for one in left[:2]]
    assert "Deleted 1 answer" in call("prune", "--model", "large")
    assert [one["model"] for one in json.loads(call("list", "--json"))] == ["small"]
    assert "Deleted 1 answer" in call("prune", "--all")
    assert call("list") == "No answers are kept.\n"
    with sqlite3.connect(folder / "answers.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM requests").fetchone() == (0,)
    connection.close()


def test_answers_of_an_earlier_version_are_listed_too(call: Any, capsys: Any, folder: Path) -> None:
    ask("qa", "Who?", capsys)
    cache.current().close()
    with sqlite3.connect(folder / "answers.sqlite3") as connection:
        connection.execute("DROP TABLE requests")
    connection.close()
    assert "  ?  " in call("list")
    assert "without its request" in call("explain", code=2)
    assert json.loads(call("export"))["request"] is None
