"""The string form of a signature: `"context, question: str -> answer: float"`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import SignatureError
from .fields import Field, Kind
from .typenames import TypeReader


def parse_signature_string(text: str, custom_types: Mapping[str, Any] | None = None) -> list[Field]:
    """The fields that a signature's string names, inputs first.

    A field without a type is marked `untyped`; its annotation is `str`, as in DSPy.

    Raises:
        SignatureError: the text is no signature; the message shows where.
    """
    reader = TypeReader(text, custom_types)
    if reader.ended():
        raise SignatureError('a signature needs fields: "question -> answer"')
    fields = _fields(reader, "input")
    if not reader.at("->"):
        raise reader.error("a signature needs `->` between its inputs and outputs")
    reader.advance()
    fields += _fields(reader, "output")
    if not reader.ended():
        raise reader.error("a signature has only one `->`" if reader.at("->") else "`,` is missing")
    if all(field.kind == "input" for field in fields):
        raise reader.error("a signature needs at least one output after `->`")
    return fields


def _fields(reader: TypeReader, kind: Kind) -> list[Field]:
    fields: list[Field] = []
    while not (reader.at("->") or reader.ended()):
        name = reader.name()
        annotation: Any = str
        untyped = not reader.at(":")
        if not untyped:
            reader.advance()
            annotation = reader.type()
        fields.append(Field(kind, name, annotation, untyped=untyped))
        if not reader.at(","):
            break
        reader.advance()
    return fields
