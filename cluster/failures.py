"""Errors that cross from a worker: as what they are called and say, and back as errors of the same kind."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

from ..base.secrets import is_secret, redact
from ..runtime import errors
from ..runtime.errors import DspycError


class WorkerError(DspycError):
    """An error of a kind that this process does not know, or of the cluster itself."""


def failure_facts(error: BaseException) -> dict[str, Any]:
    """An error as JSON's types: its kind, its message, and the facts that it has, without secrets."""
    facts = {
        name: redact(value) if isinstance(value, str) else value
        for name, value in vars(error).items()
        if (value is None or isinstance(value, (str, int, float))) and not is_secret(name)
    }
    return {"kind": type(error).__name__, "message": redact(str(error)), "facts": facts}


def failure(written: Mapping[str, Any]) -> Exception:
    """The error again."""
    name, message = written["kind"], written["message"]
    kind: Any = getattr(errors, name, None) or getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = type(name, (WorkerError,), {})
    # With the message that it had: many errors make theirs of facts that do not travel.
    own = _with_message(name, kind, message)
    try:
        made: Exception = own.__new__(own, message)
    except (TypeError, ValueError):
        # A group of errors needs these, and they do not travel.
        own = _with_message(name, WorkerError, message)
        made = own.__new__(own, message)
    Exception.__init__(made, message)
    for each, value in written["facts"].items():
        try:
            setattr(made, each, value)
        except (AttributeError, TypeError):
            continue
    return made


def _with_message(name: str, kind: type[Exception], message: str) -> type[Exception]:
    return type(name, (kind,), {"__str__": lambda self: message, "__module__": kind.__module__})
