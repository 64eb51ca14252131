"""Answers in a form that was not asked for: XML where JSON was, lines of `Answer: 4`, a call in Python.

All outputs together are read as one record, by the same reader as records inside of fields, so that what is
tolerated there is tolerated here. But what would be left out of a record may be an answer's last word, so a
whole answer is read only where every line and element of it belongs to an output.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, get_origin

from ..signature.fields import Field
from ..signature.signature import Signature
from ..types.annotations import allows_none
from ..values import outlines, repair
from ..values.meanings import Meanings
from ..values.reading import Reader, ReadError, reader_for
from .elements import are_all, core_of, find_fields, read_field

_RECORD = "outputs as a record"
_ABSENT: Any = object()


class _Outputs(Meanings):
    """The outputs as one record, out of nothing that holds more than them."""

    def itemized(self, text: str) -> Iterator[Iterable[Any]]:
        """Tables and lists that are the whole text."""
        return super().itemized(text) if outlines.is_itemized_throughout(text) else iter(())

    def yaml(self, text: str) -> Any:
        """What a text is as YAML, if nothing of it is lost."""
        tree = super().yaml(text)
        return None if tree is None or repair.lost(text, tree) else tree


def read_in_other_form(signature: type[Signature], answer: str) -> dict[str, Any] | None:
    """The outputs by name, those that may be absent where the answer has them; None for an answer that names
    none, does not have the others, says different things about them, or says more.
    """
    if "<" in answer and (found := _in_elements(signature, answer)) is not None:
        return found
    return _as_record(signature, answer) or None


def _in_elements(signature: type[Signature], answer: str) -> dict[str, Any] | None:
    """The outputs of an answer that is elements of them and nothing else."""
    fields = signature.output_fields
    try:
        found = find_fields(answer, fields)
        if not found or not are_all(found):
            return None
        for name, each in found.items():
            if _is_list(fields[name].annotation):
                if any(len({child.name for child in element.children}) > 1 for _, element in each):
                    return None  # not all of them are items
            elif len(each) > 1:
                return None
        if any(_is_needed(field) and name not in found for name, field in fields.items()):
            return None
        return {
            name: read_field(found[name], reader_for(field.annotation))
            for name, field in fields.items()
            if name in found
        }
    except ReadError:
        return None


def _as_record(signature: type[Signature], answer: str) -> dict[str, Any] | None:
    reader = _reader(signature)
    try:
        found = None if reader is None else reader(answer)
    except ReadError:
        return None
    if found is None:
        return None
    values = {name: getattr(found, name) for name in signature.output_fields}
    return {name: value for name, value in values.items() if value is not _ABSENT}


def _is_needed(field: Field) -> bool:
    return field.is_required() and not allows_none(field.annotation)


def _is_list(annotation: Any) -> bool:
    return get_origin(core_of(annotation)) is list


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
        if not _is_needed(field)
        else (name, field.annotation)
        for name, field in signature.output_fields.items()
    ]
    try:
        record: Any = dataclasses.make_dataclass("Outputs", fields, kw_only=True)
        record.__pydantic_config__ = {"extra": "forbid"}
        validator_for(record)
    except (SignatureError, TypeError):
        return None  # TypeError: a field has one of Python's own words as its name
    return Reader(record, _Outputs)
