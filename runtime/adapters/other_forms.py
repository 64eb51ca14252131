"""Answers in a form that was not asked for: XML where JSON was, lines of `Answer: 4`, a call in Python.

All outputs together are read as one record, by the same reader as records inside of fields, so that what is
tolerated there is tolerated here.
"""

from __future__ import annotations

from typing import Any

from ..signature.signature import Signature
from ..types.annotations import allows_none
from ..values.reading import Reader, ReadError, reader_for

_RECORD = "outputs as a record"


def read_in_other_form(signature: type[Signature], answer: str) -> dict[str, Any] | None:
    """The outputs by name, those that may be absent where the answer has them; None for an answer that does
    not have the others, or says different things about them.
    """
    reader = _reader(signature)
    try:
        found = None if reader is None else reader(answer)
    except ReadError:
        return None
    return found if isinstance(found, dict) else None


def _reader(signature: type[Signature]) -> Reader | None:
    """What reads the outputs as a record; None where pydantic has no schema for one of them."""
    kept = signature.__compiled__
    if _RECORD not in kept:
        kept[_RECORD] = _made(signature)
    reader: Reader | None = kept[_RECORD]
    return reader


def _made(signature: type[Signature]) -> Reader | None:
    from typing import NotRequired

    import typing_extensions  # pydantic needs its TypedDict below Python 3.12

    from ..errors import SignatureError
    from ..values.validation import validator_for

    fields = {
        name: NotRequired[field.annotation]
        if not field.is_required() or allows_none(field.annotation)
        else field.annotation
        for name, field in signature.output_fields.items()
    }
    make: Any = typing_extensions.TypedDict  # its fields are known now only
    record = make("Outputs", fields)
    try:
        validator_for(record)
    except SignatureError:
        return None
    return reader_for(record)
