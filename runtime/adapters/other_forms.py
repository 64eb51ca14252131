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
_ABSENT: Any = object()


def read_in_other_form(signature: type[Signature], answer: str) -> dict[str, Any] | None:
    """The outputs by name, those that may be absent where the answer has them; None for an answer that does
    not have the others, or says different things about them.
    """
    reader = _reader(signature)
    try:
        found = None if reader is None else reader(answer)
    except ReadError:
        return None
    if found is None:
        return None
    values = {name: getattr(found, name) for name in signature.output_fields}
    return {name: value for name, value in values.items() if value is not _ABSENT}


def _reader(signature: type[Signature]) -> Reader | None:
    """What reads the outputs as a record; None where pydantic has no schema for one of them."""
    kept = signature.__compiled__
    if _RECORD not in kept:
        kept[_RECORD] = _made(signature)
    reader: Reader | None = kept[_RECORD]
    return reader


def _made(signature: type[Signature]) -> Reader | None:
    import dataclasses  # with `inspect`, which few answers need

    from ..errors import SignatureError
    from ..values.validation import validator_for

    fields: list[Any] = [
        (name, field.annotation, dataclasses.field(default=_ABSENT))
        if not field.is_required() or allows_none(field.annotation)
        else (name, field.annotation)
        for name, field in signature.output_fields.items()
    ]
    try:
        record = dataclasses.make_dataclass("Outputs", fields, kw_only=True)
        validator_for(record)
    except (SignatureError, TypeError):
        return None  # TypeError: a field has one of Python's own words as its name
    return reader_for(record)
