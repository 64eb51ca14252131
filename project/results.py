"""What the last run of each test and evaluation came to, kept for editors that show it beside the code.

Commands write it at their end: one file for each program, in the folder for caches, so that nothing appears
in a project. It only tells: without it, everything else is as it is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from ..base.files import UnreadableFile, read_bytes, write_atomically
from ..base.folders import cache_folder
from ..base.locks import Locked, exclusive

_LARGEST = 4 << 20
"""Bytes of the results of one program."""
_UNUSED_AFTER = 90 * 24 * 3600
"""Seconds after which the results of a program are removed, if it has not been run since."""
_Result = TypeVar("_Result")
_PATIENCE = 2.0
"""Seconds to wait for other processes that keep results of the same program."""


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
        return _kept_in(_file(path))
    except (OSError, RuntimeError, ValueError):
        return Results()


def keep_results(
    path: str,
    tests: Mapping[str, LastTest] | None = None,
    evaluations: Mapping[str, Sequence[LastScore]] | None = None,
    titles: Iterable[str] | None = None,
    names: Iterable[str] | None = None,
) -> None:
    """Keep the results of a run with those that are there already.

    A folder that cannot be written to keeps none, and where those that are there cannot be read, they stay.

    Args:
        path: the program's file.
        tests: the results of tests, by their titles.
        evaluations: the results of evaluations, by their names.
        titles: the tests that the program has now; the results of others are dropped.
        names: the names that it has now; the results of evaluations with others are dropped.
    """
    if not tests and not evaluations:
        return
    with suppress(OSError, RuntimeError, ValueError, Locked):
        file = _file(path)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if file.is_symlink():  # what it leads to is not ours
            file.unlink()
        with _alone(file):
            is_new = not file.exists()
            before = _kept_in(file)
            results = Results(
                os.path.realpath(path),
                _together(before.tests, tests, titles),
                _together(before.evaluations, evaluations, names),
            )
            content = msgspec.json.encode(_in_utf8(msgspec.to_builtins(results)))
            if len(content) <= _LARGEST:
                write_atomically(file, content)
        if is_new:
            _remove_unused(file.parent)


def in_utf8(text: str) -> str:
    """A title or a name as it is kept: halves of surrogate pairs, which UTF-8 cannot hold, are escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def _in_utf8(value: Any) -> Any:
    match value:
        case str():
            return in_utf8(value)
        case list():
            return [_in_utf8(each) for each in value]
        case dict():
            return {_in_utf8(key): _in_utf8(each) for key, each in value.items()}
        case _:
            return value


def _together(
    before: Mapping[str, _Result], new: Mapping[str, _Result] | None, declared: Iterable[str] | None
) -> dict[str, _Result]:
    every = {**before, **{in_utf8(name): each for name, each in (new or {}).items()}}
    left = every.keys() if declared is None else {in_utf8(name) for name in declared}
    return {name: each for name, each in every.items() if name in left}


def _kept_in(file: Path) -> Results:
    """What a file keeps; nothing where there is none, or it is damaged. Raises UnreadableFile."""
    try:
        return msgspec.json.decode(read_bytes(file, _LARGEST), type=Results)
    except UnreadableFile as problem:
        if problem.kind == "unreadable":
            raise
        return Results()
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Results()


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Be the only one to change a file. Raises Locked where another process is for too long."""
    end = time.monotonic() + _PATIENCE
    while True:
        with ExitStack() as stack:
            try:
                stack.enter_context(exclusive(file))
            except Locked:
                if time.monotonic() > end:
                    raise
            else:
                yield
                return
        time.sleep(0.01)


def _file(path: str) -> Path:
    name = os.path.realpath(path).encode("utf-8", "surrogateescape")
    return results_folder() / f"{blake2b(name, digest_size=12).hexdigest()}.json"


def _remove_unused(folder: Path) -> None:
    for path in folder.glob("*.json"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _UNUSED_AFTER:
                path.unlink()
