"""Values of a signature's fields as JSON's types, and exactly those values again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..errors import StateError
from ..example import Example
from ..values.reading import ReadError, reader_for
from ..values.rendering import to_json_types


def plain_demo(signature: Any, demo: Any) -> dict[str, Any]:
    """A demo as JSON's types: the signature's fields, and whether it comes from a run."""
    plain: dict[str, Any] = {"augmented": True} if demo.get("augmented") else {}
    for name in signature.fields:
        if name in demo:
            plain[name] = to_json_types(demo[name])
    return plain


def typed_demo(signature: Any, plain: Mapping[str, Any]) -> Example:
    """A demo again, its values of their fields' types.

    Raises:
        StateError: a value is not one of its field's type.
    """
    return Example(typed_values(signature.fields, plain))


def typed_values(fields: Mapping[str, Any], plain: Mapping[str, Any]) -> dict[str, Any]:
    """Values of JSON's types as those of the fields of their names; other names stay as they are.

    Raises:
        StateError: a value is not one of its field's type.
    """
    return {
        name: typed_value(name, value, fields[name].annotation) if name in fields else value
        for name, value in plain.items()
    }


def typed_value(name: str, value: Any, annotation: Any) -> Any:
    """A value of JSON's types as one of a field's type.

    Read exactly, unlike a model's answer: the text "None" is a text, only null is None.

    Raises:
        StateError: it is not one; the message names the field.
    """
    if value is None or (annotation is str and isinstance(value, str)):
        return value
    adapter = _adapter(annotation)
    if adapter is not None:
        try:
            # A record with aliases was written by the names of its fields.
            return adapter.validate_python(value, by_alias=True, by_name=True)
        except (ValueError, RecursionError):
            pass
    try:
        return reader_for(annotation).from_json(value)
    except (ReadError, RecursionError) as error:
        text = repr(value)
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        raise StateError(f"a demo's `{name}` is {shown}: {error}") from error


_LONGEST = 200


def _adapter(annotation: Any) -> Any:
    try:
        return _cached_adapter(annotation)
    except TypeError:
        # A note in `Annotated` that cannot be hashed.
        return _made_adapter(annotation)


def _made_adapter(annotation: Any) -> Any:
    from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter

    try:
        return TypeAdapter(annotation)
    except (PydanticSchemaGenerationError, PydanticUserError):
        return None


_cached_adapter = lru_cache(maxsize=1024)(_made_adapter)
