"""The JSON object with a signature's outputs in an answer: alone, in a fence, among prose, in an envelope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..values import candidates, repair
from ..values.words import ReadError

_DEEPEST_ENVELOPE = 3


def find_object(answer: str, names: frozenset[str], exact: bool = False) -> dict[str, Any] | None:
    """The object in an answer that has the fields, as it is written or mended; None if there is none.

    Objects that have different fields, as of a model that writes one for each, are one in pieces.

    Args:
        answer: what the model wrote.
        names: the fields.
        exact: give numbers with a fraction as `NumberText`.

    Raises:
        ReadError: there are several objects, and they say different things.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in _pieces(answer):
        read = candidates.whole_json(text, exact) or repair.repaired(text, exact)
        if read is not None and (inner := object_in(read[0], names)) is not None:
            found.setdefault(repr({name: value for name, value in inner.items() if name in names}), inner)
    objects = list(found.values())
    whole = [each for each in objects if names <= each.keys()]
    if not objects:
        return None
    if len(whole) == 1 or len(objects) == 1:
        return (whole or objects)[0]
    merged: dict[str, Any] = {}
    for each in objects:
        fields = {name: value for name, value in each.items() if name in names}
        if not merged.keys().isdisjoint(fields):
            raise ReadError("contains several different JSON objects; write one")
        merged |= fields
    return merged


def _pieces(answer: str) -> Iterator[str]:
    """The parts of an answer that may be its object."""
    text = answer.strip()
    if text[:1] in ("{", "["):
        yield text
    spans, fences = candidates.parts(answer)
    yield from fences
    for span in spans:
        yield span.text


def object_in(value: Any, names: frozenset[str]) -> dict[str, Any] | None:
    """The object with the fields: the value itself, the only item of a list, or what an envelope holds."""
    for _ in range(_DEEPEST_ENVELOPE):
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, dict):
            return None
        if not names.isdisjoint(value):
            return value
        if (spelled := _with_names(value, names)) is not None:
            return spelled
        inner = [each for each in value.values() if isinstance(each, (dict, list))]
        if len(inner) != 1:
            return None
        value = inner[0]
    return None


def _with_names(value: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any] | None:
    """The object with its keys as the fields are spelled, where only case and word breaks differ."""
    spelled = {_folded(name): name for name in names}
    found = {spelled[key]: each for name, each in value.items() if (key := _folded(str(name))) in spelled}
    return found if len(found) == len(names) == len(spelled) else None


def _folded(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
