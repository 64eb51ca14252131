"""`majority`: one prediction out of several, by vote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from ..errors import EvaluationError
from ..prediction import Completions, Prediction
from .metrics import normalize_text


def normalize_vote(value: Any) -> Hashable | None:
    """A value as votes compare it: a text normalized, one without a letter or digit no vote, anything else as
    it prints.
    """
    if not isinstance(value, str):
        return None if value is None else repr(value)
    if not any(character.isalnum() for character in value):
        return None
    # The choice "A" is an article, of which nothing is left.
    return normalize_text(value) or value.strip().lower()


def majority(
    prediction_or_completions: Prediction | Completions | Sequence[Any],
    normalize: Callable[[Any], Hashable | None] | None = normalize_vote,
    field: str | None = None,
) -> Prediction:
    """The first of several answers whose value of a field is the most frequent one.

    Args:
        prediction_or_completions: a prediction with several completions, its completions, or a list of
            predictions.
        normalize: a function; values that it maps to the same result count as equal, and None gives no vote.
        field: the field to vote on; the last output unless given.

    Returns:
        that answer; among values with the same number of votes, the one that came first.

    Raises:
        EvaluationError: there are no answers, or none of them has a vote.
    """
    given = prediction_or_completions
    completions: Any = given.completions or [given] if isinstance(given, Prediction) else given
    answers = list(completions)
    if not answers:
        raise EvaluationError("there are no answers to vote on")
    signature = getattr(completions, "signature", None)
    if field is None:
        field = list(answers[0].keys() if signature is None else signature.output_fields)[-1]
    votes = [answer[field] if normalize is None else normalize(answer[field]) for answer in answers]
    counted = Counter(vote for vote in votes if vote is not None)
    if not counted:
        raise EvaluationError(f"no answer has a value for `{field}` to vote on")
    # The counter keeps the order in which values first came, and `max` takes the first of equals.
    winner = max(counted, key=lambda vote: counted[vote])
    return Prediction.from_completions([dict(answers[votes.index(winner)])], signature=signature)
