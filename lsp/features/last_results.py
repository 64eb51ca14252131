"""What a lens tells of the last run of a test or an evaluation, and when lenses are asked for anew.

Commands keep their results (`project/results.py`), whoever starts them: the editor, a terminal, this server.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ...base.ages import age

if TYPE_CHECKING:
    from ...project.results import LastScore, LastTest, Results
    from ..session import Server

REFRESH_DELAY = 0.1
"""Seconds; the files of a run are written one after the other."""


def told(results: Results, action: str, name: str, text: str, now: datetime) -> str:
    """The last result of the test or the evaluation of a name; empty where there is none.

    `text` is the digest of the program's text as it is now.
    """
    if action == "test" and name in results.tests:
        return _test(results.tests[name], text, now)
    scores = results.evaluations.get(name) if action == "eval" else None
    return _scores(scores, text, now) if scores else ""


def _test(result: LastTest, text: str, now: datetime) -> str:
    outcome = "✓ passed" if result.passed else "✗ failed"
    return ", ".join([" ".join(filter(None, (outcome, _when(result.at, now)))), *_besides(result, text)])


def _scores(scores: Sequence[LastScore], text: str, now: datetime) -> str:
    """`✓ accuracy 78.5 % of 200 rows, 70 required, today 14:32`; of several programs each has its name."""
    first = scores[0]
    has_one = len(scores) == 1
    each = ", ".join(f"{_percent(one)}" if has_one else f"{one.program} {_percent(one)}" for one in scores)
    passed = [one.passed for one in scores if one.passed is not None]
    mark = ("✓ " if all(passed) else "✗ ") if passed else ""
    errors = max(one.errors for one in scores)
    parts = [
        f"{mark}{each} of {first.examples:,} rows",
        *([f"{errors:,} failed"] if errors else []),
        *([f"{first.require:g} required"] if first.require is not None else []),
        *filter(None, [_when(first.at, now)]),
        *_besides(first, text),
    ]
    return ", ".join(parts)


def _percent(score: LastScore) -> str:
    return "? %" if score.score is None else f"{score.score:.1f} %"


def _when(at: float, now: datetime) -> str:
    try:
        return age(datetime.fromtimestamp(at), now)
    except (OverflowError, OSError, ValueError):
        return ""


def _besides(result: LastTest | LastScore, text: str) -> list[str]:
    """What makes a result another one than a run would give now."""
    with_models = [f"with {result.models}"] if result.models else []
    return with_models + (["edited since"] if result.text != text else [])


# --- when lenses are asked for anew -----------------------------------------------------------------------


def can_refresh(server: Server) -> bool:
    """Whether the client asks for lenses anew when it is told to."""
    return bool(server.client_can("workspace.codeLens.refreshSupport"))


def watcher(server: Server) -> dict[str, object] | None:
    """What has the client watch the results; None where it cannot watch a folder outside of its own."""
    can_watch = server.client_can("workspace.didChangeWatchedFiles.relativePatternSupport")
    if not can_watch or not can_refresh(server):
        return None
    from .. import convert

    folder = _folder()
    if folder is None:
        return None
    return {"globPattern": {"baseUri": convert.uri_of(folder), "pattern": "*.json"}}


def is_result(path: str) -> bool:
    """Whether a file that has changed is one that only lenses tell of."""
    folder = _folder() if path.endswith(".json") else None
    # An editor writes the letter of a drive in its own way.
    return folder is not None and os.path.normcase(os.path.dirname(path)) == os.path.normcase(folder)


def _folder() -> str | None:
    """Where results are; None where there is no home folder."""
    from ...project.results import results_folder

    try:
        return os.path.abspath(results_folder())
    except (OSError, RuntimeError, ValueError):
        return None


def refresh_later(server: Server) -> None:
    """Have the client ask for lenses anew, once nothing has changed for a moment."""
    if not server.is_worker:
        server.later.add("lenses", REFRESH_DELAY, lambda: refresh(server))


def refresh(server: Server) -> None:
    """Have the client ask for lenses anew; may be called in any thread."""
    if can_refresh(server):
        server.connection.request("workspace/codeLens/refresh", None)
