"""The cassettes of files with tests: where they are, and what their predictors are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .errors import Failure

if TYPE_CHECKING:
    from ..project.programs import Loaded
    from ..runtime.lm.cassettes.tape import Tape

Mode = Literal["record", "replay"]


def cassette_of(program: str) -> Path:
    """The cassette of a file with tests: `qa.cassette.jsonl` for `qa.dspy`."""
    path = Path(program)
    return path.with_name(f"{path.stem}.cassette.jsonl")


def open_tape(loaded: Loaded, mode: Mode) -> Tape:
    """The cassette of a file.

    Raises:
        Failure: it cannot be read.
    """
    from ..runtime.errors import ReplayError
    from ..runtime.lm.cassettes.tape import Tape

    try:
        return Tape(cassette_of(loaded.analysis.path), mode, _namer(loaded))
    except ReplayError as error:
        raise Failure(str(error)) from None


def save(tape: Tape, loaded: Loaded) -> None:
    """Write what was recorded.

    Raises:
        Failure: it cannot be written.
    """
    from ..runtime.errors import ReplayError

    try:
        tape.save(Path(loaded.analysis.path).name, list(loaded.compiled.tests))
    except ReplayError as error:
        raise Failure(str(error)) from None


@contextmanager
def recording_to(tape: Tape | None, loaded: Loaded) -> Iterator[None]:
    """Write what was recorded at the end, also of tests that failed."""
    try:
        yield
    finally:
        if tape is not None and tape.mode == "record":
            save(tape, loaded)


def _namer(loaded: Loaded) -> Callable[[Sequence[Any]], str]:
    names: dict[int, str] = {}

    def name(callers: Sequence[Any]) -> str:
        if not callers:
            return ""
        if not names:
            names.update(_names(loaded))
        predictor = callers[-1]
        known = names.get(id(predictor))
        if known is None:
            # A copy, or one that a function has made: its fields tell it apart.
            known = str(getattr(getattr(predictor, "signature", None), "signature", ""))
        return known

    return name


def _names(loaded: Loaded) -> dict[int, str]:
    """The predictors of the modules that a file declares or imports: `outline`, `article.outline`."""
    from ..runtime import Module

    found: dict[int, str] = {}
    for name, value in loaded.names.items():
        if isinstance(value, Module):
            for path, predictor in value.named_predictors():
                part = path.removeprefix("self").removeprefix(".")
                found.setdefault(id(predictor), f"{name}.{part}" if part else name)
    return found
