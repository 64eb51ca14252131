"""The fields of records: pydantic models, dataclasses and TypedDicts."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, get_type_hints


def record_fields(annotation: Any) -> dict[str, tuple[Any, bool]] | None:
    """The fields of a record by their names in its JSON schema: their types, and whether they are required.

    None for what is not a record.
    """
    if not isinstance(annotation, type):
        return None
    if (fields := getattr(annotation, "__pydantic_fields__", None)) is not None:
        record: Any = annotation
        keys = schema_keys(record)
        return {
            keys.get(name, name): (field.annotation, field.is_required()) for name, field in fields.items()
        }
    if is_dataclass(annotation):
        import dataclasses  # and `inspect`, which takes longer than all that reads a plain answer

        hints = get_type_hints(annotation)
        return {
            field.name: (
                hints[field.name],
                field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
            )
            for field in dataclasses.fields(annotation)
            if field.init
        }
    # Both typing's TypedDict and typing_extensions', which pydantic wants below Python 3.12.
    required: frozenset[str] | None = getattr(annotation, "__required_keys__", None)
    if required is not None and issubclass(annotation, dict):
        return {name: (hint, name in required) for name, hint in get_type_hints(annotation).items()}
    return None


def is_dataclass(value: Any) -> bool:
    """Whether it is a dataclass or a value of one; as that of `dataclasses`, without importing it."""
    return hasattr(value if isinstance(value, type) else type(value), "__dataclass_fields__")


def schema_keys(record: Any) -> dict[str, str]:
    """The names in a record's JSON schema of those fields that have another name (an alias) there."""
    return _cached_keys(record)


def _schema_keys(record: Any) -> dict[str, str]:
    fields: dict[str, Any] = getattr(record, "__pydantic_fields__", None) or {}
    keys = {name: _key(name, field.validation_alias) for name, field in fields.items()}
    return {name: key for name, key in keys.items() if key != name}


def _key(name: str, alias: Any) -> str:
    if isinstance(alias, str):
        return alias
    choices = getattr(alias, "choices", ())
    return next((choice for choice in choices if isinstance(choice, str)), name)


_cached_keys: Callable[[Any], dict[str, str]] = lru_cache(maxsize=4096)(_schema_keys)
