"""Values of a signature's fields as JSON's types, and exactly those values again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import StateError
from ..example import Example
from ..values.inputs import Misfit, as_typed
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
    if value is None:
        return None
    try:
        return as_typed(value, annotation)
    except Misfit as misfit:
        raise StateError(f"a demo's {misfit.describe(name)}") from None
