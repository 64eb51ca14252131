"""What a stream gives: pieces of outputs, restarts, and what the program is doing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ...lm.stream import Delta
from ...prediction import Prediction
from ...values.partial import MISSING, PartialReader


@dataclass(frozen=True, slots=True)
class StreamResponse:
    """A piece of a field's text.

    Attributes:
        predict_name: the predictor that asked, by its name in the program.
        signature_field_name: the output.
        chunk: the next characters; empty where the last piece only says that the field is complete. For
            outputs that a provider gives beside the text in pieces, such as `Citations`, a value of the type.
        is_last_chunk: whether the field is complete.
    """

    predict_name: str
    signature_field_name: str
    chunk: Any
    is_last_chunk: bool = False
    _partial: PartialReader | None = field(default=None, repr=False, compare=False)

    @property
    def value(self) -> Any:
        """The field's value so far, in its type: texts grow, lists by their items, records by their
        attributes; None where there is none yet, or where a `StreamListener` is heard.
        """
        value = MISSING if self._partial is None else self._partial.value
        return None if value is MISSING else value


@dataclass(frozen=True, slots=True)
class StreamRestart:
    """A model is asked again, because its answer could not be used: discard what the predictor has shown.

    Attributes:
        predict_name: the predictor that asks, by its name in the program.
    """

    predict_name: str


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """What a program is doing, in a sentence for its user.

    Attributes:
        message: the sentence.
    """

    message: str


Piece: TypeAlias = StreamResponse | StreamRestart | StatusMessage | Delta | Prediction | Any
"""What a stream gives; the prediction is the last."""
