"""Which fields of a record the keys of an object name, in any spelling, and whether they are all there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from ..types.annotations import plain_annotation
from ..types.records import record_fields


def field_named(key: Any, fields: Mapping[str, Any]) -> str | None:
    """The field that a key names, in any case and with any separators; None for none."""
    if key in fields:
        return str(key)
    wanted = folded(str(key))
    found = [name for name in fields if folded(name) == wanted]
    return found[0] if len(found) == 1 else None


def attribute_of(key: str, record: str, attributes: Mapping[str, Any]) -> str | None:
    """The attribute of a record inside that a key beside it names."""
    found = field_named(key, attributes)
    if found is not None:
        return found
    name, prefix = folded(key), folded(record)
    return field_named(name.removeprefix(prefix), attributes) if name.startswith(prefix) else None


def folded(name: str) -> str:
    """A name without case and separators, so that `firstName` and `first_name` are the same."""
    return re.sub(r"[\W_]+", "", name).lower()


def covers(value: Mapping[Any, Any], fields: Mapping[str, tuple[Any, bool]]) -> bool:
    """Whether an object has all the fields of a record that are required, and at least one field."""
    names = {field_named(key, fields) for key in value}
    return bool(names - {None}) and all(name in names for name, (_, required) in fields.items() if required)


def wanted_fields(annotation: Any) -> dict[str, tuple[Any, bool]] | None:
    """The fields of a record, as `record_fields` gives them; those that need not be said are not required."""
    fields = record_fields(annotation)
    if fields is None or not (missing := missing_of(annotation)) or len(missing) == len(fields):
        return fields
    return {name: (kind, required and name not in missing) for name, (kind, required) in fields.items()}


@lru_cache(maxsize=4096)
def missing_of(annotation: Any) -> Mapping[str, Any]:
    """What stands for attributes of a record that are missing: the only value that they can have, and no
    items where the items are records of the same kind, whose lists have to end somewhere.
    """
    found: dict[str, Any] = {}
    for name, (kind, required) in (record_fields(annotation) or {}).items():
        kind = plain_annotation(kind)
        if not required:
            continue
        if get_origin(kind) is Literal and len(get_args(kind)) == 1:
            found[name] = get_args(kind)[0]
        elif get_origin(kind) in (list, tuple, set, frozenset) and annotation in get_args(kind):
            found[name] = []
    return found


def arms_of(annotation: Any) -> list[dict[str, tuple[Any, bool]]]:
    """The attributes of each of the records that a value may be."""
    if get_origin(annotation) not in (Union, UnionType):
        return []
    return [fields for arm in get_args(annotation) if (fields := wanted_fields(arm)) is not None]
