"""What is known of a folder: what changes, and what is done once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dspyc.viewing import finding, journals, summaries
from dspyc.viewing.library import Library, Missing


def written(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    return path


def key(library: Library, name: str) -> str:
    return next(str(one["key"]) for one in library.listing()["files"] if one["name"] == name)


@pytest.mark.skipif(sys.platform == "win32", reason="there nobody knows whether a process runs")
def test_a_process_that_is_killed_is_a_change(tmp_path: Path) -> None:
    library = Library(tmp_path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        written(tmp_path / "a.jsonl", {"dspyc_trace": 1, "process": process.pid})
        assert library.listing()["files"][0]["state"] == "running"
        before = library.fingerprint()
        assert library.fingerprint() == before
        process.kill()
    assert library.fingerprint() != before
    assert library.listing()["files"][0]["state"] == "stopped"


def test_a_name_is_looked_through_for_secrets_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = [{"call": number, "within": None, "what": "lm", "name": "m", "at": 1} for number in range(50)]
    written(tmp_path / "a.jsonl", {"dspyc_trace": 1, "program": "p"}, *calls)
    seen: list[str] = []
    monkeypatch.setattr(summaries, "redact", lambda text: seen.append(text) or text)
    library = Library(tmp_path)
    assert library.trace(key(library, "a.jsonl"))["total"] == 50
    assert seen.count("m") == 1


@pytest.mark.parametrize(
    ("bound", "most", "is_cut"),
    [("FILES", 3, False), ("FILES", 2, True), ("FOLDERS", 2, False), ("FOLDERS", 1, True)],
)
def test_a_folder_that_holds_more_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, most: int, is_cut: bool
) -> None:
    (tmp_path / "below").mkdir()
    for name in ("a.jsonl", "b.jsonl", "below/c.jsonl"):
        written(tmp_path / name, {"dspyc_trace": 1})
    for number in range(5):
        (tmp_path / f"a{number}.txt").touch()
    monkeypatch.setattr(finding, f"MOST_{bound}", most)
    told = Library(tmp_path).listing()
    assert (told["cut"], len(told["files"])) == (is_cut, 2 if is_cut else 3)


TASK = {"task": "a", "stage": "s", "value": {"value": 1.0}, "usage": [1, 10, 0.5], "seconds": 0.1}


def test_a_journal_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"task": "a", "request": "b", "answer": []}
    path = written(tmp_path / "a.jsonl", {"dspyc_journal": 1}, answer, TASK)
    parsed: list[bytes] = []
    load = journals.json.load
    monkeypatch.setattr(journals.json, "load", lambda line: parsed.append(line) or load(line))
    library = Library(tmp_path)
    name = key(library, "a.jsonl")

    def told() -> tuple[int, list[tuple[int, float]]]:
        found = library.journal(name)
        return found["answers"], [(stage["done"], stage["score"]) for stage in found["stages"]]

    assert told() == (1, [(1, 100.0)])
    odd = {**TASK, "usage": [1, 10, float("inf")]}
    with path.open("a") as file:
        for line in (odd, 7, {**TASK, "value": {"value": 0.0}}):
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
    assert told() == (1, [(2, 50.0)])
    assert told() == (1, [(2, 50.0)])
    assert len(parsed) == 5
    # Begun anew under the same first line, and grown beyond what was there.
    written(path, {"dspyc_journal": 1}, *[{**TASK, "value": None}] * 9)
    assert told() == (0, [(9, None)])
    path.unlink()
    with pytest.raises(Missing, match="not there any more"):
        told()
