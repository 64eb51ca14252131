"""What a user is told when a program fails while it runs: the error, and the places in the program."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from ..project.errors import Misuse
from ..runtime import errors
from .errors import Failure, Refusal
from .files import shown

_PACKAGE = str(Path(__file__).resolve().parents[1])
_PYTHON = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})

FATAL = (
    errors.ConfigurationError,
    errors.SignatureError,
    errors.LMAuthError,
    errors.LMBillingError,
    errors.LMUnknownModelError,
    errors.BudgetExceededError,
)
"""What would fail in the same way for every input."""

MISUSE = (*FATAL, errors.InputError, errors.StateError, errors.DataError, errors.JournalError)
"""What no second try would cure: something has to be written differently first."""

_HELP: tuple[tuple[type[Exception], str], ...] = (
    (
        errors.NotConfiguredError,
        'write `configure(lm=LM("provider/model"))` in the file, or pass --lm',
    ),
)


@contextmanager
def told() -> Iterator[None]:
    """Turn what a program raises into a message; what dspyc itself raises goes on as it is."""
    try:
        yield
    except (Refusal, Misuse):
        raise
    except Exception as problem:
        if os.environ.get("DSPYC_TRACEBACK"):
            raise
        raise refusal(problem) from problem


def refusal(problem: Exception) -> Exception:
    """The `Refusal` or `Failure` that tells of an error; the error itself where it is dspyc's own mistake."""
    places = "".join(f"\n  at {place}" for place in user_places(problem.__traceback__))
    if isinstance(problem, errors.DspycError):
        kind = Refusal if isinstance(problem, MISUSE) else Failure
        hint = next((text for error, text in _HELP if isinstance(problem, error)), None)
        return kind(f"{str(problem).rstrip()}{places}", hint)
    if isinstance(problem, ImportError) and not places:
        return Refusal(str(problem))
    if places:
        return Failure(f"{one_line(problem)}{places}", "DSPYC_TRACEBACK=1 shows the whole traceback")
    return problem


def one_line(problem: BaseException) -> str:
    """`ValueError: the message`, without line breaks."""
    text = " ".join(str(problem).split())
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__


def user_places(traceback: TracebackType | None) -> list[str]:
    """`rag.dspy:15 in RAG.forward`, the innermost first: the frames that are neither dspyc's nor Python's."""
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if is_users(code.co_filename):
            name = code.co_qualname.replace("aforward", "forward")
            inside = "" if name == "<module>" else f" in {name}"
            places.append(f"{shown(code.co_filename)}:{traceback.tb_lineno}{inside}")
        traceback = traceback.tb_next
    return places[::-1]


def is_users(filename: str) -> bool:
    """Whether a file of a traceback belongs to the program that was run."""
    if filename.endswith(".dspy"):
        return True
    outside = not filename.startswith((_PACKAGE + os.sep, *(path + os.sep for path in _PYTHON)))
    return outside and not filename.startswith("<")
