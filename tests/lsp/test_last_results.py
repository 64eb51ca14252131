"""Lenses tell what the last run of a test and of an evaluation came to, whoever has started it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dspyc.base.ages import age, moment
from dspyc.base.files import UnreadableFile
from dspyc.cli.main import run
from dspyc.lsp.features import last_results
from dspyc.project import results
from dspyc.project.results import LastScore, LastTest, keep_results, read_results, text_digest
from support.lsp_client import CAPABILITIES, Client

PROGRAM = """\
lm dummy = DummyLM({"card": {"topic": "lost"}, "fee": {"topic": "money"}})
configure(lm=dummy)
module sort = Predict("message -> topic")
dataset rows = Dataset([
    {"message": "my card", "topic": "lost"},
    {"message": "a fee", "topic": "fees"},
], inputs=["message"])
evaluate plain = Evaluate(sort, devset=rows, metric=same)
evaluate strict = Evaluate(sort, devset=rows, metric=same, require=80)
evaluate both = Evaluate([sort, sort], devset=rows, metric=same)

def same(example: Example, pred: Prediction) -> bool:
    return example.topic == pred.topic

test "a card":
    assert sort(message="my card").topic == "lost"

test "a fee":
    assert sort(message="a fee").topic == "fees"
"""
REFRESHING = {
    **CAPABILITIES,
    "workspace": {
        "codeLens": {"refreshSupport": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True, "relativePatternSupport": True},
    },
}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.dspy"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


@pytest.fixture
def opened(client: Client, program: Path) -> Iterator[Path]:
    client.open(program.as_uri(), PROGRAM)
    yield program
    client.close(program.as_uri())


def told(client: Client, path: Path) -> list[str]:
    """What is told of last results, in the order of the text."""
    found: list[dict[str, Any]] = client.request(
        "textDocument/codeLens", {"textDocument": {"uri": path.as_uri()}}
    )
    return [
        each["command"]["title"] for each in found if "command" in each and not each["command"]["command"]
    ]


def test_what_a_run_in_a_terminal_came_to(client: Client, opened: Path) -> None:
    assert told(client, opened) == []
    assert run(["test", str(opened)]) == 1
    assert run(["eval", str(opened)]) == 1
    strict, plain = "✗ 50.0 % of 2 rows, 80 required, today ", "50.0 % of 2 rows, today "
    both = "sort 50.0 %, sort 50.0 % of 2 rows, today "
    starts = [plain, strict, both, "✓ passed today ", "✗ failed today "]
    found = told(client, opened)
    assert [each[: len(start)] for each, start in zip(found, starts, strict=True)] == starts
    assert all(len(each) == len(start) + len("14:32") for each, start in zip(found, starts, strict=True))


def test_a_later_run_of_one_test_leaves_the_others(client: Client, opened: Path) -> None:
    run(["test", str(opened)])
    before = read_results(str(opened))
    run(["test", str(opened), "--title", "a card", "--lm", "embedded/banking"])
    after = read_results(str(opened))
    assert after.tests["a fee"] == before.tests["a fee"]
    assert after.tests["a card"].at > before.tests["a card"].at
    [card, fee] = told(client, opened)
    assert card.endswith(", with embedded/banking")
    assert "with" not in fee


def test_a_program_that_was_edited_since(client: Client, opened: Path) -> None:
    run(["test", str(opened), "-k", "card"])
    client.change(opened.as_uri(), {"text": PROGRAM + "\n"})
    [card] = told(client, opened)
    assert card.endswith(", edited since")
    client.change(opened.as_uri(), {"text": PROGRAM})
    assert not told(client, opened)[0].endswith(", edited since")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"tests": {"a card": 1}}', b"\xff" * 9, b"[" * 9999])
def test_what_is_kept_may_be_damaged(client: Client, opened: Path, content: bytes) -> None:
    keep_results(str(opened), {"a card": LastTest(True, time.time())})
    results._file(str(opened)).write_bytes(content)
    assert told(client, opened) == []
    keep_results(str(opened), {"a card": LastTest(True, time.time(), text_digest(PROGRAM))})
    assert len(told(client, opened)) == 1


def test_strange_values_are_told_as_they_are(client: Client, opened: Path) -> None:
    text = text_digest(PROGRAM)
    keep_results(
        str(opened),
        {"a card": LastTest(True, 1e300, text), "a fee": LastTest(False, time.time() + 9e5, text)},
        {"plain": [LastScore("sort", None, 1234, 0.0, errors=3, text=text)], "gone": [], "strict": []},
    )
    days = (time.time() // 86400, time.time() // 86400 + 1, time.time() // 86400 - 1)
    assert told(client, opened) in [
        [f"? % of 1,234 rows, 3 failed, {day:.0f} days ago", "✓ passed", "✗ failed"] for day in days
    ]


def test_a_folder_that_cannot_be_written_to_keeps_nothing(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = tmp_path / "cache"
    in_the_way.write_text("a file", encoding="utf-8")
    monkeypatch.setenv("DSPYC_CACHE_DIR", str(in_the_way))
    assert run(["test", str(program), "-k", "card", "--lm", "embedded/banking"]) in (0, 1)
    assert read_results(str(program)).tests == {}


def passed(*titles: str) -> dict[str, LastTest]:
    return {title: LastTest(True, 1.0) for title in titles}


def test_runs_at_the_same_time_keep_the_results_of_each_other(program: Path) -> None:
    def run_all(number: int) -> None:
        for each in range(20):
            keep_results(str(program), passed(f"{number} {each}"))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run_all, range(3)))
    assert len(read_results(str(program)).tests) == 60
    assert [each.suffix for each in results.results_folder().iterdir() if "lock" in each.name] == []


def test_what_a_program_has_no_more_is_dropped(program: Path) -> None:
    path = str(program)
    keep_results(path, passed("a", "b\ud800"), {"plain": [], "gone": []})
    keep_results(path, passed("c"), titles=["b\ud800", "c"], names=["plain"])
    found = read_results(path)
    assert (list(found.tests), list(found.evaluations)) == ([r"b\ud800", "c"], ["plain"])
    run(["test", path, "-k", "card"])
    assert list(read_results(path).tests) == ["a card"]


def test_what_is_too_much_is_not_kept(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "_LARGEST", 1000)
    keep_results(str(program), passed("a"))
    keep_results(str(program), passed(*map(str, range(1000))))
    assert read_results(str(program)).tests == passed("a")


def test_what_cannot_be_read_for_a_moment_stays(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_results(str(program), passed("a"))

    def fail(path: Path, _limit: int) -> bytes:
        raise UnreadableFile(str(path), "unreadable", "cannot be read")

    with monkeypatch.context() as patch:
        patch.setattr(results, "read_bytes", fail)
        keep_results(str(program), passed("b"))
    assert read_results(str(program)).tests == passed("a")


@pytest.mark.parametrize("path", ["/a\0b.dspy", "/\ud800.dspy", f"/{chr(0xDCFF)}.dspy"])
def test_a_path_that_the_system_does_not_have(path: str) -> None:
    keep_results(path, passed("a"))
    assert list(read_results(path).tests) in ([], ["a"])


def test_a_link_in_place_of_results_is_not_followed(program: Path, tmp_path: Path) -> None:
    keep_results(str(program), passed("a"))
    file, victim = results._file(str(program)), tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    file.unlink()
    file.symlink_to(victim)
    keep_results(str(program), passed("b"))
    assert victim.read_text(encoding="utf-8") == "mine"
    assert read_results(str(program)).tests == passed("b")


def test_the_client_watches_the_results(new_client: Client, program: Path) -> None:
    new_client.initialize(program.parent, capabilities=REFRESHING)
    asked = new_client.wait_for_request("client/registerCapability")
    [registration] = [
        each for each in asked["registrations"] if each["method"].endswith("didChangeWatchedFiles")
    ]
    [_, watcher] = registration["registerOptions"]["watchers"]
    assert watcher["globPattern"] == {"baseUri": results.results_folder().as_uri(), "pattern": "*.json"}
    new_client.open(program.as_uri(), PROGRAM)
    run(["test", str(program), "-k", "card"])
    kept = results._file(str(program)).as_uri()
    new_client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": kept, "type": 1}]})
    new_client.wait_for_request("workspace/codeLens/refresh")
    assert len(told(new_client, program)) == 1


def test_which_files_are_results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = results.results_folder()
    assert last_results.is_result(str(folder / "x.json"))
    others = (folder / "x.csv", folder / "old" / "x.json", folder.with_name("results-old") / "x.json")
    assert not any(last_results.is_result(str(each)) for each in others)
    with monkeypatch.context() as patch:
        patch.setattr(os.path, "normcase", str.lower)
        assert last_results.is_result(str(folder / "x.json").swapcase().replace("JSON", "json"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DSPYC_CACHE_DIR", "cache")
    assert last_results.is_result(str(tmp_path / "cache" / "results" / "x.json"))
    monkeypatch.setenv("DSPYC_CACHE_DIR", "~nobody-of-this-name/cache")
    assert not last_results.is_result(str(tmp_path / "x.json"))


@pytest.mark.parametrize("cache", ["cache", None])
def test_what_is_watched_where_the_folder_of_results_is_odd(cache: str | None, tmp_path: Path) -> None:
    """It goes in the registration with all other files; without a home folder there is none."""
    set_up = {"DSPYC_CACHE_DIR": cache or "~nobody-of-this-name/cache"}
    client = Client(env=set_up)
    try:
        client.initialize(tmp_path, capabilities=REFRESHING)
        asked = client.wait_for_request("client/registerCapability")
        [options] = [each["registerOptions"] for each in asked["registrations"] if "watch" in str(each)]
        bases = [each["globPattern"]["baseUri"] for each in options["watchers"][1:]]
        assert [each.startswith("file://") for each in bases] == ([True] if cache else [])
    finally:
        client.kill()


def test_ages() -> None:
    now = moment("2026-03-01T12:00:00")
    assert now is not None
    days = {
        "2026-03-01T09:05:00": "today 09:05",
        "2026-03-01": "today",
        "2026-02-28T23:59:59": "yesterday",
        "2026-02-27": "2 days ago",
        "2025-03-01": "365 days ago",
        "2026-03-02": "",
        "soon": "",
        "": "",
    }
    assert {text: age(moment(text), now) for text in days} == days
    assert age(moment("2026-02-20T00:00:00+00:00"), now) in ("9 days ago", "10 days ago")
