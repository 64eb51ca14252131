"""The journal of a run: what is written, what is read again, and what is refused."""

from __future__ import annotations

import json
import math
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dspyc.runtime import (
    Evaluate,
    context,
)
from dspyc.runtime.errors import JournalError
from dspyc.runtime.work.journal import Journal
from dspyc.runtime.work.run import journalled
from dspyc.runtime.work.task import Usage
from support.resumable import (
    ANSWERS,
    DEV,
    RUN,
    Counting,
    Killed,
    Steps,
    same_label,
    task,
)


def written(path: Path, count: int) -> bytes:
    journal = Journal(path, RUN, fresh=True)
    for number in range(count):
        journal.record(
            task(number).key, "evaluate", {"n": number, "text": "é\u2028\n"}, Usage(1, 20, 0.5), 0.25
        )
    journal.close()
    return path.read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
@given(data=st.data())
def test_a_journal_that_is_cut_off_anywhere_keeps_every_whole_line(
    data: st.DataObject, tmp_path: Path
) -> None:
    path = tmp_path / "j.jsonl"
    whole = written(path, 5)
    size = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:size])
    journal = Journal(path, RUN)
    kept = max(0, whole[:size].count(b"\n") - 1)
    assert len(journal) == kept
    for number in range(5):
        entry = journal.recall(task(number).key)
        if number < kept:
            assert entry is not None
            assert (entry.value, entry.usage) == ({"n": number, "text": "é\u2028\n"}, Usage(1, 20, 0.5))
        else:
            assert entry is None
            journal.record(
                task(number).key, "evaluate", {"n": number, "text": "é\u2028\n"}, Usage(1, 20, 0.5), 0.25
            )
    journal.close()
    assert path.read_bytes() == whole


def test_a_journal_of_another_run_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    before = written(path, 2)
    with pytest.raises(JournalError, match="an unfinished run of something else: `data` changed since"):
        Journal(path, {**RUN, "data": "c"})
    with pytest.raises(JournalError, match="`sources` changed since"):
        Journal(path, {**RUN, "sources": "x"})
    assert path.read_bytes() == before
    fresh = Journal(path, {**RUN, "data": "c"}, fresh=True)
    assert len(fresh) == 0
    fresh.close()
    assert path.read_bytes().count(b"\n") == 1


BROKEN = {
    "not a journal": (b'{"a": 1}\n', "is not a journal"),
    "not JSON": (b"hello\n", "is damaged: line 1"),
    "another version": (b'{"dspyc_journal":99,"run":{}}\n', r"another version of dspyc \(format 99, not 1\)"),
    "a list": (b"[]\n", "is not a journal"),
    "brackets": (b"[" * 100_000 + b"\n", "is damaged: line 1"),
    "digits": (b"9" * 5_000 + b"\n", "is damaged: line 1"),
    "one line without an end": (b"hello", "is not a journal"),
    "another object without an end": (b'{"dspyc":1}', "is not a journal"),
    "a last line without an end": (b'{"a": 1}\nhello', "is not a journal"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_no_journal_is_not_touched(name: str, tmp_path: Path) -> None:
    content, message = BROKEN[name]
    path = tmp_path / "j.jsonl"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=message):
        Journal(path, RUN)
    assert path.read_bytes() == content
    if not content.startswith(b'{"dspyc_journal":'):
        with pytest.raises(JournalError, match="is not a journal"):
            Journal(path, RUN, fresh=True)
        assert path.read_bytes() == content


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b'{"task":"x","value":1}', b'{"task":"x","value":1,"usage":3}']
)
def test_a_damaged_line_in_the_middle_is_named(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    header, first, *others = written(path, 3).splitlines(keepends=True)
    path.write_bytes(b"".join([header, first, line + b"\n", *others]))
    with pytest.raises(JournalError, match="line 3 is not a record"):
        Journal(path, RUN)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    first = Journal(path, RUN)
    for fresh in (False, True):
        with pytest.raises(JournalError, match="another process is working on this run"):
            Journal(path, RUN, fresh=fresh)
    first.record("k", "s", 1, Usage(), 0)
    first.close()
    second = Journal(path, RUN)
    assert len(second) == 1
    second.discard()
    assert not path.exists()
    third = Journal(path, RUN)
    assert len(third) == 0
    third.discard()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(JournalError, match="is not a regular file"):
        Journal(tmp_path / "pipe", RUN)
    (tmp_path / "folder").mkdir()
    with pytest.raises(JournalError, match="cannot be written"):
        Journal(tmp_path / "folder", RUN)
    with pytest.raises(JournalError, match="cannot be written"):
        Journal(tmp_path / "nowhere" / "j.jsonl", RUN)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_ends_the_run_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    whole = written(path, 2)
    journal = Journal(path, RUN)
    full = os.open("/dev/full", os.O_WRONLY)
    descriptor = journal._file.fileno()
    kept = os.dup(descriptor)
    os.dup2(full, descriptor)
    for _ in range(2):
        with pytest.raises(JournalError, match="cannot be written: No space left on device"):
            journal.record("k", "s", 1, Usage(), 0)
    os.dup2(kept, descriptor)
    with pytest.raises(JournalError, match="No space left"):
        journal.record("k", "s", 1, Usage(), 0)
    journal.close()
    journal.record("k", "s", 1, Usage(), 0)
    for each in (full, kept):
        os.close(each)
    assert path.read_bytes() == whole


def test_answers_of_a_task_that_is_not_done_are_not_asked_for_again(tmp_path: Path) -> None:
    lm = Counting(ANSWERS)
    evaluation = Evaluate(Steps(), devset=DEV[:3], metric=same_label, num_threads=1)
    for kill_at in (2, 3, 4):
        lm.kill_at = kill_at
        with context(lm=lm), pytest.raises(Killed), journalled(tmp_path / "j", RUN):
            evaluation()
    lm.kill_at = 10**9
    with context(lm=lm), journalled(tmp_path / "j", RUN):
        result = evaluation()
    assert [sorted(inputs) for inputs in lm.asked] == [["text"], ["text", "topic"]] * 3
    assert [row.prediction.label for row in result] == ["label 1"] * 3


def test_lines_of_many_threads_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    journal = Journal(path, RUN)

    def write(worker: int) -> None:
        for number in range(50):
            journal.record(f"{worker}-{number}", "s", "x" * 5_000, Usage(), 0)

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    again = Journal(path, RUN)
    assert len(again) == 400
    again.close()


@pytest.mark.parametrize(
    "value",
    [
        math.inf, -0.0, 5e-324, 0.1 + 0.2, 2**70, "half \ud800 a pair", "</script>/", {"": None}, [[], {}],
        "\x00\x1f", True, [1, 1.0],
    ],
)  # fmt: skip
def test_values_come_back_as_json_has_them(value: Any, tmp_path: Path) -> None:
    """The fast library and Python's own agree on all that a journal may hold."""
    path = tmp_path / "j.jsonl"
    journal = Journal(path, RUN)
    journal.record("k", "s", value, Usage(), 0)
    journal.close()
    assert repr(json.loads(path.read_text(encoding="utf-8").splitlines()[1])["value"]) == repr(value)
    again = Journal(path, RUN)
    entry = again.recall("k")
    again.close()
    assert entry is not None
    assert repr(entry.value) == repr(value)


def test_no_key_stands_in_a_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "canary-of-the-environment")
    path = tmp_path / "j.jsonl"
    journal = Journal(path, RUN)
    journal.record_failure(
        "k", "s", ValueError("canary-of-the-environment and sk-abcdefghijklmnopqrstuvwxyz")
    )
    journal.close()
    text = path.read_text(encoding="utf-8")
    assert "canary" not in text
    assert "sk-abc" not in text
    assert "ValueError" in text
