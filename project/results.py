"""What the last run of each test and evaluation came to, kept for editors that show it beside the code.

Commands write it at their end: one file for each program, in the folder for caches, so that nothing appears
in a project. It only tells: without it, everything else is as it is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import msgspec
from msgspec import Struct, field

from ..base.files import UnreadableFile, read_bytes, write_atomically
from ..base.folders import cache_folder

_LARGEST = 4 << 20
"""Bytes of the results of one program."""
_UNUSED_AFTER = 90 * 24 * 3600
"""Seconds after which the results of a program are removed, if it has not been run since."""


class LastTest(Struct, frozen=True, omit_defaults=True):
    """The last run of a test."""

    passed: bool
    at: float
    """Seconds since 1970."""
    text: str = ""
    """The digest of the program's text, as it was run."""
    models: str = ""
    """The models that answered in place of the program's; empty where these did."""


class LastScore(Struct, frozen=True, omit_defaults=True):
    """What an evaluation has measured of one program."""

    program: str
    score: float | None
    """In percent; None where the scores have no mean."""
    examples: int
    at: float
    errors: int = 0
    """Rows on which the program failed."""
    require: float | None = None
    """What was required of it."""
    passed: bool | None = None
    """Whether it had that; None where nothing was required."""
    text: str = ""
    models: str = ""


class Results(Struct, frozen=True, omit_defaults=True):
    """The last results of a program's file: of tests by their titles, of evaluations by their names."""

    path: str = ""
    tests: Mapping[str, LastTest] = field(default_factory=dict)
    evaluations: Mapping[str, Sequence[LastScore]] = field(default_factory=dict)


def results_folder() -> Path:
    """Where the results of all programs are."""
    return cache_folder() / "results"


def text_digest(text: str) -> str:
    """What tells the text of a program from another one."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def read_results(path: str) -> Results:
    """The last results of a program's file; none where nothing has run, or what is kept cannot be read."""
    try:
        return msgspec.json.decode(read_bytes(_file(path), _LARGEST), type=Results)
    except (UnreadableFile, RuntimeError, msgspec.MsgspecError, RecursionError):
        return Results()


def keep_results(
    path: str,
    tests: Mapping[str, LastTest] | None = None,
    evaluations: Mapping[str, Sequence[LastScore]] | None = None,
) -> None:
    """Keep the results of a run with those that are there already.

    A folder that cannot be written to keeps none.
    """
    if not tests and not evaluations:
        return
    before = read_results(path)
    results = Results(
        os.path.realpath(path),
        {**before.tests, **(tests or {})},
        {**before.evaluations, **(evaluations or {})},
    )
    with suppress(OSError, RuntimeError, ValueError):
        file = _file(path)
        is_new = not file.exists()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(file, msgspec.json.encode(results))
        if is_new:
            _remove_unused(file.parent)


def _file(path: str) -> Path:
    name = os.path.realpath(path).encode("utf-8", "surrogateescape")
    return results_folder() / f"{blake2b(name, digest_size=12).hexdigest()}.json"


def _remove_unused(folder: Path) -> None:
    for path in folder.glob("*.json"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _UNUSED_AFTER:
                path.unlink()
