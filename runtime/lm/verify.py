"""A reply without an answer, or with one that a filter stopped, is an error, not an empty text."""

from __future__ import annotations

from ..errors import EmptyAnswerError, FilteredAnswerError
from .request import FILTERED, Response


def verify_response(response: Response, model: str) -> Response:
    """The response, which has an answer for each that was asked for.

    An answer that was cut off passes here: what it is worth depends on what it was asked for.

    Raises:
        EmptyAnswerError: it holds no answer, or one without any content.
        FilteredAnswerError: the provider's filter stopped one.
    """
    if not response.completions:
        raise EmptyAnswerError(model, None)
    for completion in response.completions:
        reason = completion.finish_reason
        if reason in FILTERED:
            raise FilteredAnswerError(model, reason)
        if completion.given == () and not completion.is_truncated:
            raise EmptyAnswerError(model, reason)
    return response
