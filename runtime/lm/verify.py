"""A reply without an answer, or with one that a filter stopped, is an error, not an empty text."""

from __future__ import annotations

from ..errors import EmptyAnswerError, FilteredAnswerError
from .request import Response


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
        if completion.is_filtered:
            raise FilteredAnswerError(model, completion.finish_reason)
        if not completion.parts and not completion.is_truncated:
            raise EmptyAnswerError(model, completion.finish_reason)
    return response
