"""`Journal`: what a run has done so far, in a file that outlives it; the next process goes on from there.

The file is JSON Lines. The first line says what the run is; each other one is an answer of a model to a task,
or a task that is done:

    {"dspyc_journal":1,"run":{"program":"3f…","data":"a0…","settings":"77…","seed":"c1…"}}
    {"task":"9b…","request":"c4…","answer":[…]}
    {"task":"9b…","stage":"candidate -1/evaluate","value":{…},"usage":[1,230,0.0],"seconds":0.41}
    {"task":"04…","stage":"candidate -1/evaluate","error":"LMTimeoutError: no answer in 60 s"}

Each line goes to the system before anything else is done, so a process that is killed at any moment loses no
answer; half a last line is dropped. A task that is not done, or failed, is done again with the answers that
it has. Values are what programs read and predict; keys are masked in errors and stand nowhere else.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from ...base import json
from ...base.forks import new_lock
from ...base.locks import Locked, open_alone
from ...base.secrets import redact
from ..errors import JournalError, list_names
from .task import Usage

logger = logging.getLogger("dspyc")

VERSION = 1
LARGEST = 4 * 2**30
"""The size in bytes up to which a journal is read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A task that is done: its value in JSON's types, and what it took."""

    value: Any
    usage: Usage
    seconds: float


class Journal:
    """The journal of one run, open for this process alone.

    Args:
        path: the file; made where there is none.
        run: what the run is, as digests by name: of its program, data, settings and seed. A journal of
            another run is refused.
        fresh: begin anew, whatever run the file is of.

    Raises:
        JournalError: another process writes the file, it is the journal of another run or of another version,
            it is no journal, or it cannot be written.
    """

    def __init__(self, path: Path, run: Mapping[str, str], *, fresh: bool = False) -> None:
        self.path = path
        self._lock = new_lock()
        self._recorded = False
        self._kept = 0
        self._broken: str | None = None
        self._answers: dict[str, dict[str, list[Any]]] = {}
        self._file = _open_alone(path)
        try:
            self._entries = self._begin(dict(run), fresh)
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        """How many tasks earlier processes have done."""
        return len(self._entries)

    @property
    def is_empty(self) -> bool:
        """Whether there is neither an answer nor a task that is done, of this process or an earlier one."""
        return not (self._entries or self._answers or self._recorded)

    @property
    def answer_count(self) -> int:
        """How many answers of models the file holds, of this process and of earlier ones."""
        return self._kept

    def recall(self, key: str) -> Entry | None:
        """What an earlier process wrote of the task of this key, or None."""
        return self._entries.get(key)

    def answers(self, key: str) -> dict[str, list[Any]]:
        """The answers to a task that earlier processes got, by request, in the order in which they came."""
        return self._answers.pop(key, {})

    def record_answer(self, key: str, request: str, answer: Any) -> None:
        """Write what a model has answered to a request of a task; `answer` is in JSON's types."""
        self._recorded = True
        self._write({"task": key, "request": request, "answer": answer})
        with self._lock:
            self._kept += 1

    def record(self, key: str, stage: str, value: Any, usage: Usage, seconds: float) -> None:
        """Write that a task is done; `value` is in JSON's types."""
        self._recorded = True
        used = [usage.calls, usage.tokens, usage.cost]
        self._write(
            {"task": key, "stage": stage, "value": value, "usage": used, "seconds": round(seconds, 4)}
        )

    def record_failure(self, key: str, stage: str, error: Exception) -> None:
        """Write that a task failed, and how; the next process does it again."""
        text = " ".join(redact(f"{type(error).__name__}: {error}").split())
        self._write({"task": key, "stage": stage, "error": text[:1000]})

    def close(self) -> None:
        """Close the file, which stays for the next process.

        What threads that were not waited for write afterwards is ignored.
        """
        with self._lock:
            self._file.close()

    def discard(self) -> None:
        """Remove the file: the run is done."""
        # Removed before it is released, so that no other process takes it for a run to go on with.
        self.path.unlink(missing_ok=True)
        self.close()

    def _begin(self, run: dict[str, str], fresh: bool) -> dict[str, Entry]:
        data = self._file.read(len(_BEGINNING)) if fresh else self._content()
        whole = 0 if fresh else data.rfind(b"\n") + 1
        lines = data[:whole].split(b"\n")[:-1]
        # Looked at before anything is cut off: the file may be somebody else's.
        if lines:
            self._verify(_parse(self.path, 1, lines[0]), run)
        elif not (data.startswith(_BEGINNING) or _BEGINNING.startswith(data)):
            raise _foreign(self.path)
        self._file.truncate(whole)
        self._file.seek(whole)
        if not lines:
            self._write({"dspyc_journal": VERSION, "run": run})
            return {}
        return dict(self._read(lines))

    def _content(self) -> bytes:
        if os.fstat(self._file.fileno()).st_size > LARGEST:
            raise JournalError(f"{self.path} is larger than {LARGEST >> 30} GB; {_DELETE}")
        return self._file.read()

    def _verify(self, header: Any, run: dict[str, str]) -> None:
        version = header.get("dspyc_journal") if isinstance(header, dict) else None
        if version is None:
            raise _foreign(self.path)
        if version != VERSION:
            raise JournalError(
                f"{self.path} was written by another version of dspyc (format {version}, not {VERSION}); "
                f"{_DELETE}"
            )
        then = header.get("run")
        if then != run:
            then = then if isinstance(then, dict) else {}
            changed = [name for name in {**then, **run} if then.get(name) != run.get(name)]
            raise JournalError(
                f"{self.path} contains an unfinished run of something else: {list_names(changed)} changed "
                "since; start over with `--fresh`, or `fresh=True`"
            )

    def _read(self, lines: list[bytes]) -> Iterator[tuple[str, Entry]]:
        for number, line in enumerate(lines[1:], 2):
            record = _parse(self.path, number, line)
            try:
                if "request" in record:
                    kept = self._answers.setdefault(record["task"], {})
                    kept.setdefault(record["request"], []).append(record["answer"])
                    self._kept += 1
                elif "error" not in record:
                    calls, tokens, cost = record["usage"]
                    yield (
                        record["task"],
                        Entry(record["value"], Usage(calls, tokens, cost), record["seconds"]),
                    )
            except (TypeError, KeyError, ValueError):
                raise _damaged(self.path, number) from None

    def _write(self, record: dict[str, Any]) -> None:
        line = json.dump(record) + "\n"
        with self._lock:
            if self._file.closed:
                return
            if self._broken is None:
                self._broken = self._write_line(memoryview(line.encode("ascii")))
            if self._broken is not None:
                raise JournalError(f"{self.path} cannot be written: {self._broken}")

    def _write_line(self, left: memoryview) -> str | None:
        """What went wrong, or None. After that nothing may follow: half a line has to be the last."""
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            return error.strerror or str(error)
        return None


_DELETE = "delete it to start over"
_BEGINNING = b'{"dspyc_journal":'


def _open_alone(path: Path) -> FileIO:
    """The file, locked."""
    # Without blocking, or a named pipe at this path would be waited for.
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)

    def opened() -> int:
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise JournalError(f"{path} is not a regular file; {_DELETE}")
        return descriptor

    try:
        return FileIO(open_alone(path, opened), "r+b")
    except Locked:
        raise JournalError(f"another process is working on this run: it is writing {path}") from None
    except OSError as error:
        raise JournalError(f"{path} cannot be written: {error.strerror}") from error


def _parse(path: Path, number: int, line: bytes) -> Any:
    try:
        return json.load(line)
    except ValueError:
        raise _damaged(path, number) from None


def _foreign(path: Path) -> JournalError:
    return JournalError(f"{path} is not a journal; {_DELETE}")


def _damaged(path: Path, number: int) -> JournalError:
    return JournalError(f"{path} is damaged: line {number} is not a record of a journal; {_DELETE}")
