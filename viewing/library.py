"""What there is in a folder, as the page asks for it; what was read once is kept until it changes."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..base.files import UnreadableFile
from ..base.forks import new_lock
from ..base.secrets import redact_mapping
from ..runtime.errors import EvaluationError, StateError
from .finding import Folder, Found
from .journals import Progress
from .results import Unusable, of_file, of_trace
from .summaries import trace_line, whole_trace
from .traces import Trace, number_of

if TYPE_CHECKING:
    from ..runtime.evaluate.result import EvaluationResult

T = TypeVar("T")

MOST_LISTED = 500
"""So many files are listed, the newest ones."""
_LARGEST_LISTED = 1 << 26
"""Bytes; of a larger report or file of rows the list does not tell the score."""
_MOST_KEPT = 64
_DAMAGED = (OSError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
"""What reading a file raises that is not what it seemed to be."""

logger = logging.getLogger("dspyc")


class Missing(Exception):
    """What cannot be shown, and why, as a sentence without its capital and full stop."""


def number_in(text: str) -> int | None:
    """The number that a part of an address is; None for none, and for one beyond all that there may be."""
    return int(text) if text.isdecimal() and len(text) < 10 else None


class Library:
    """The files of a folder that can be looked at.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self._folder = Folder(root)
        # For what is known of files. Reading and telling them has locks of its own, so nobody waits for long.
        self._lock = new_lock()
        self._listing = new_lock()
        self._traces: dict[Path, Trace] = {}
        self._journals: dict[Path, Progress] = {}
        self._lines: dict[Path, tuple[float, int, dict[str, Any]]] = {}

    def fingerprint(self) -> str:
        """What is another text as soon as something in the folder has changed."""
        with self._lock:
            found = self._folder.look()
            # A process that is killed changes no file.
            running = [trace for trace in self._traces.values() if trace.finished is None]
        lines = [f"{one.name} {one.size} {one.modified}" for one in found]
        lines += [f"{trace.path} {trace.state}" for trace in running]
        text = "\n".join(lines)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def listing(self) -> dict[str, Any]:
        """Everything, the newest first."""
        with self._lock:
            found, is_cut = self._folder.look(), self._folder.is_cut
        with self._listing:
            files = [self._line(one) for one in found[:MOST_LISTED]]
        return {
            "folder": str(self._folder.root),
            "files": files,
            "more": max(0, len(found) - MOST_LISTED),
            "cut": is_cut,
        }

    def trace(self, key: str) -> dict[str, Any]:
        """A trace without what was said.

        Raises:
            Missing: there is none.
        """
        found = self._locked(key, "trace")
        with self._trace(found) as trace:
            return {"name": found.name, **whole_trace(trace)}

    def said(self, key: str, number: int) -> dict[str, Any]:
        """What was said in a call of a trace.

        Raises:
            Missing: there is no such call, or the file has been written anew meanwhile.
        """
        try:
            with self._trace(self._locked(key, "trace")) as trace:
                record = trace.said(number)
        except _DAMAGED:
            raise Missing(f"there is no call {number} in this trace") from None
        said: dict[str, Any] = redact_mapping(record)
        return said

    def journal(self, key: str) -> dict[str, Any]:
        """How far a run is.

        Raises:
            Missing: there is no journal; it is removed when the run is done.
        """
        found = self._locked(key, "journal")
        try:
            told: dict[str, Any] = redact_mapping(self._kept(self._journals, found.path, Progress).told())
        except OSError:
            raise Missing("the file is not there any more") from None
        return {"name": found.name, "modified": found.modified, **told}

    def report(self, key: str, number: int | None = None) -> str:
        """A report as a page.

        Args:
            key: of a report, a file of rows, a trace or a state.
            number: which of the results is wanted; all of them when None.

        Raises:
            Missing: there is none.
        """
        found = self._locked(key)
        if found.kind == "report" and number is None:
            return _read(found)
        if found.kind == "state" and number is None:
            return _of_state(found)
        from ..runtime.evaluate.report import Report, render_report

        results = self._results(found)
        if number is not None:
            results = [self._result(found, number)]
        if not results:
            raise Missing(f"{found.name} holds no result")
        return render_report(Report(found.name, tuple(results)))

    def compared(self, before: str, after: str) -> str:
        """The report of two results, each as `KEY/NUMBER`.

        Raises:
            Missing: one is not there, or they are of different rows.
        """
        from ..runtime.evaluate.comparison import compare
        from ..runtime.evaluate.report import Report, render_report

        first, second = (self._named(each) for each in (before, after))
        try:
            found = compare(first, second)
        except EvaluationError as problem:
            raise Missing(str(problem)) from None
        return render_report(
            Report(f"{first.program} and {second.program}", (second, first), comparison=found)
        )

    # --- files --------------------------------------------------------------------------------------------

    def _named(self, name: str) -> EvaluationResult:
        key, _, text = name.partition("/")
        number = number_in(text)
        if number is None:
            raise Missing("a comparison is of two results")
        found = self._locked(key)
        result = self._result(found, number)
        named: EvaluationResult = type(result)(
            result.rows, result.metric, result.program or found.name, result.require, result.seconds
        )
        return named

    def _result(self, found: Found, number: int) -> EvaluationResult:
        results = self._results(found)
        if number >= len(results):
            raise Missing(f"{found.name} has no result {number + 1}")
        return results[number]

    def _results(self, found: Found) -> list[EvaluationResult]:
        try:
            if found.kind in ("report", "rows"):
                return of_file(found)
            if found.kind == "trace":
                with self._trace(found) as trace:
                    return [of_trace(trace, number) for number in range(len(trace.results))]
        except UnreadableFile as problem:
            raise Missing(f"{found.name} {problem.message}") from None
        except Unusable as problem:
            raise Missing(f"{found.name} {problem}") from None
        except _DAMAGED:
            raise Missing(f"{found.name} has been written anew, or is damaged") from None
        raise Missing(f"{found.name} holds no result")

    def _locked(self, key: str, kind: str | None = None) -> Found:
        with self._lock:
            return self._found(key, kind)

    def _found(self, key: str, kind: str | None = None) -> Found:
        found = self._folder.file(key)
        if found is None or kind not in (None, found.kind):
            raise Missing("the file is not there any more")
        return found

    def _kept(self, kept: dict[Path, T], path: Path, begin: Callable[[Path], T]) -> T:
        """What reads a file, and remembers how far it has come."""
        with self._lock:
            reader = kept.get(path)
            if reader is None:
                while len(kept) >= _MOST_KEPT:
                    del kept[next(iter(kept))]
                reader = kept[path] = begin(path)
            return reader

    @contextmanager
    def _trace(self, found: Found) -> Iterator[Trace]:
        """A trace as far as it goes now, which stays as it is while the block runs."""
        trace = self._kept(self._traces, found.path, Trace)
        with trace.lock:
            try:
                trace.update()
            except OSError:
                raise Missing("the file is not there any more") from None
            yield trace

    def _line(self, found: Found) -> dict[str, Any]:
        """A file in the list."""
        known = self._lines.get(found.path)
        if known is not None and known[:2] == (found.modified, found.size) and known[2]["state"] != "running":
            return known[2]
        line = {
            "key": found.key,
            "name": found.name,
            "kind": found.kind,
            "modified": found.modified,
            "state": "finished",
            "results": [],
            **self._facts(found),
        }
        self._lines[found.path] = (found.modified, found.size, line)
        return line

    def _facts(self, found: Found) -> dict[str, Any]:
        try:
            if found.kind == "trace":
                with self._trace(found) as trace:
                    return trace_line(trace)
            if found.kind == "journal":
                return {"what": "unfinished", "state": "unfinished"}
            if found.kind == "state":
                return {"what": "learned", **_state_facts(found)}
            if found.size > _LARGEST_LISTED:
                return {"what": "evaluation"}
            results = [{"number": number, **one} for number, one in enumerate(_scores(of_file(found)))]
        except Exception as error:  # noqa: BLE001 one file that is damaged in a way of its own hides no other
            logger.debug("%s is listed without its facts: %r", found.key, error)
            return {"what": "evaluation" if found.kind == "rows" else found.kind}
        return {
            "what": "evaluation" if results else "optimisation",
            "results": results,
            "score": results[0]["score"] if results else None,
        }


def _scores(results: list[EvaluationResult]) -> list[dict[str, Any]]:
    return [
        {
            "program": one.program,
            "metric": one.metric,
            "score": one.score,
            "rows": len(one.by_example()),
            "errors": len(one.errors),
            "require": one.require,
        }
        for one in results
    ]


def _read(found: Found) -> str:
    from ..base.files import read_bytes
    from .results import LARGEST

    try:
        return read_bytes(found.path, LARGEST).decode("utf-8", "replace")
    except UnreadableFile as problem:
        raise Missing(f"{found.name} {problem.message}") from None


def _of_state(found: Found) -> str:
    from ..runtime.evaluate.report import render_report
    from ..runtime.programs.reporting import state_report
    from ..runtime.state.format import read

    try:
        return render_report(state_report(read(found.path)))
    except StateError as problem:
        raise Missing(str(problem)) from None


def _state_facts(found: Found) -> dict[str, Any]:
    from ..runtime.state.format import read

    try:
        state = read(found.path)
    except StateError:
        return {}
    score = state.facts.get("score")
    after = score.get("after") if isinstance(score, dict) else None
    optimizer = state.facts.get("optimizer")
    name = optimizer.get("name") if isinstance(optimizer, dict) else None
    return {
        "program": f"{state.program}, by {name}" if name else state.program,
        "score": number_of(after),
    }
