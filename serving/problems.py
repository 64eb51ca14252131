"""Errors as callers see them: a status and a JSON document by RFC 9457, without a key or a traceback."""

from __future__ import annotations

import logging
from typing import Any

from msgspec import Struct

from ..base.secrets import redact
from ..runtime import errors

logger = logging.getLogger("dspyc")

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """What is answered in place of outputs.

    Args:
        status: the HTTP status.
        title: what kind of problem it is, in a few words.
        detail: what is wrong, and what to do instead.
        fields: the inputs that are wrong, each with why.
        retry_after: the seconds after which to try again.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str = "",
        fields: tuple[Wrong, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = redact(detail)
        self.fields = fields
        self.retry_after = retry_after

    def as_json(self) -> dict[str, Any]:
        """The document."""
        body: dict[str, Any] = {"title": self.title, "status": self.status}
        if self.detail:
            body["detail"] = self.detail
        if self.fields:
            body["errors"] = [{"field": one.field, "message": one.message} for one in self.fields]
        return body

    def headers(self) -> dict[str, str]:
        """The headers that the answer has because of it."""
        return {} if self.retry_after is None else {"retry-after": str(max(1, round(self.retry_after)))}


class Wrong(Struct, frozen=True):
    """An input that is wrong."""

    field: str
    """Its name, with the path inside it."""
    message: str


_NOT_SET_UP = (
    errors.ConfigurationError,
    errors.SignatureError,
    errors.LMAuthError,
    errors.LMBillingError,
    errors.LMUnknownModelError,
    errors.StateError,
)
_NO_ANSWER = (errors.LMError, errors.AdapterParseError, errors.ProgramAssertionError)


def problem_of_inputs(error: Exception, name: str) -> Problem:
    """What a caller is told when its inputs cannot be read; the arguments are those of `problem_of`."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        return Problem(422, "The inputs do not fit", fields=wrong_fields(error))
    if isinstance(error, errors.InputError):
        return Problem(422, "The inputs do not fit", str(error))
    return problem_of(error, name)


def problem_of(error: Exception, name: str) -> Problem:
    """What a caller is told when a program fails.

    What the caller cannot help (a key that is not set, a mistake in the program) is told to the service's log
    alone.

    Args:
        error: how it failed.
        name: the program.
    """
    match error:
        case Problem():
            return error
        case errors.BudgetExceededError():
            logger.warning("%s: %s", name, redact(str(error)))
            return Problem(503, "The budget of this service is spent")
        case errors.LMRateLimitError():
            return Problem(503, "The model has too much to do", retry_after=error.retry_after or 5)
        case TimeoutError() | errors.LMTimeoutError():
            return Problem(504, "The program took too long")
    logger.error("%s: %s", name, redact(f"{type(error).__name__}: {error}"), exc_info=not _is_ours(error))
    if isinstance(error, _NOT_SET_UP):
        return Problem(500, "The service is not set up", "its log says what is missing")
    if isinstance(error, _NO_ANSWER):
        return Problem(502, "The model gave no answer that can be used")
    return Problem(500, "The program failed", "the log of the service says why")


def _is_ours(error: Exception) -> bool:
    return isinstance(error, errors.DspycError)


def wrong_fields(error: Any) -> tuple[Wrong, ...]:
    """The inputs that pydantic found wrong, in words; at most twenty."""
    return tuple(
        Wrong(_place(each["loc"]), _WORDS.get(each["type"]) or str(each["msg"]).removeprefix("Value error, "))
        for each in error.errors(include_url=False, include_input=False, include_context=False)[:20]
    )


_WORDS = {"extra_forbidden": "there is no such input", "missing": "it is missing"}
"""Our words for what pydantic finds, by its types."""


def _place(steps: tuple[int | str, ...]) -> str:
    place = ""
    for step in steps:
        place += f"[{step}]" if isinstance(step, int) else f".{step}" if place else step
    return place
