"""Objects bent to records: their keys to the fields that they name, and what stands around them away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, get_origin

from ..types.annotations import plain_annotation
from ..types.records import record_fields, schema_keys
from . import candidates
from .keys import attribute_of, covers, field_named, missing_of, wanted_fields
from .kinds import is_single
from .repair import Mended
from .words import ReadError
from .wrappers import OF_CALLS, in_envelope, inside, unprefixed

Fit: TypeAlias = "Callable[[Any], Any]"
"""Gives a value nearer to a type."""

LISTS = (list, set, frozenset, tuple)


class RecordFitter:
    """Fits dicts to a record; its fields are looked at on first use, because a record may hold itself.

    Args:
        annotation: the record.
        fitter: gives what fits values to the type of a field.
    """

    def __init__(self, annotation: Any, fitter: Callable[[Any], Fit]) -> None:
        self._annotation = annotation
        self._fitter = fitter
        self._fields: dict[str, tuple[Any, bool]] | None = None
        self._by_key: dict[str, tuple[str, Fit]] = {}
        self._empty: dict[str, Callable[[], Any]] = {}
        self._missing: Mapping[str, Any] = {}
        self._single: frozenset[str] = frozenset()
        self._records: Mapping[str, Mapping[str, tuple[Any, bool]]] = {}

    def __call__(self, value: Any) -> Any:
        """The value, nearer to the record; as it is where it is no object."""
        fields = self._prepared()
        if isinstance(value, str) and value.strip()[:1] == "{" and (found := candidates.whole_json(value)):
            value = found[0]
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            value = value[0]
        if not isinstance(value, dict):
            return value
        value = self._unwrapped(value, fields)
        fitted = self._by_field(value, fields)
        if self._missing and not fitted.keys() >= self._missing.keys() and covers(value, fields):
            return {**self._missing, **fitted}
        if self._records and not fitted.keys() >= self._records.keys():
            self._gather(fitted, fields)
        return fitted

    def _unwrapped(self, value: dict[Any, Any], fields: Mapping[str, tuple[Any, bool]]) -> dict[Any, Any]:
        """The record without what stands around it, or before each of its keys."""
        if (len(value) == 1 or value.keys() <= OF_CALLS) and not covers(value, fields):
            # {"person": {…}} or a call of a function where the record itself was asked for.
            return inside(value, fields) or value
        if (held := in_envelope(value)) is not None and not covers(value, fields):
            return held if covers(held, fields) else value
        if value.keys().isdisjoint(self._by_key) and not covers(value, fields):
            return unprefixed(value, self._annotation)
        return value

    def _by_field(self, value: dict[Any, Any], fields: Mapping[str, tuple[Any, bool]]) -> dict[str, Any]:
        """The values, nearer to the types of the fields that their keys name; others as they are."""
        fitted: dict[str, Any] = {}
        for key, inner in value.items():
            known = self._by_key.get(key)
            if known is None:
                name = field_named(key, fields)
                known = None if name is None else self._by_key[name]
                if known is None and isinstance(value, Mended):
                    raise ReadError(f"is broken JSON, with a stray key {str(key)[:80]!r}")
            if known is None or known[0] in fitted:
                fitted.setdefault(str(key), inner)
            else:
                name, fit_inner = known
                if type(inner) is list and len(inner) == 1 and name in self._single:
                    inner = inner[0]
                if inner is None and (empty := self._empty.get(name)) is not None:
                    inner = empty()
                fitted[name] = fit_inner(inner)
        return fitted

    def _gather(self, fitted: dict[str, Any], fields: Mapping[str, Any]) -> None:
        """Put the attributes of a record inside that stand beside it into it: `{"address.city": …}`,
        `{"address_city": …}`, or `{"city": …}` where only one record can have it.
        """
        missing = {name: inner for name, inner in self._records.items() if name not in fitted}
        stray = [key for key in fitted if key not in fields]
        taken: dict[str, dict[str, Any]] = {name: {} for name in missing}
        for key in stray:
            owners = [
                (name, found)
                for name, inner in missing.items()
                if (found := attribute_of(key, name, inner)) is not None
            ]
            if len(owners) == 1:
                taken[owners[0][0]].setdefault(owners[0][1], key)
        for name, keys in taken.items():
            if keys and all(attribute in keys for attribute, (_, must) in missing[name].items() if must):
                values = {attribute: fitted.pop(key) for attribute, key in keys.items()}
                fitted[name] = self._by_key[name][1](values)

    def _prepared(self) -> dict[str, tuple[Any, bool]]:
        if self._fields is None:
            fields = wanted_fields(self._annotation) or {}
            self._missing = missing_of(self._annotation)
            self._by_key = {
                name: (name, self._fitter(annotation)) for name, (annotation, _) in fields.items()
            }
            self._empty = {
                name: dict if origin is dict else list
                for name, (annotation, _) in fields.items()
                if (origin := get_origin(annotation) or annotation) is dict or origin in LISTS
            }
            self._single = frozenset(
                name for name, (annotation, _) in fields.items() if is_single(annotation)
            )
            self._records = {
                name: inner
                for name, (annotation, required) in fields.items()
                if required and (inner := record_fields(plain_annotation(annotation))) is not None
            }
            # A record may be written by its Python names, too, where its schema has others.
            for name, key in schema_keys(self._annotation).items():
                self._by_key.setdefault(name, self._by_key[key])
            self._fields = fields
        return self._fields
