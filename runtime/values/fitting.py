"""JSON values bent to a type before pydantic judges them: keys in another case, numbers in strings, one item
for a list.

What is not clearly meant stays as it is, so that validation refuses it.
"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache, partial
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    TypeAlias,
    Union,
    get_args,
    get_origin,
)

from ..types.annotations import allows_none, is_text_type, plain_annotation
from ..types.records import record_fields, schema_keys
from . import candidates, scalars
from .repair import Mended, NumberText
from .validation import validate

Fit: TypeAlias = "Callable[[Any], Any]"

_LISTS = (list, set, frozenset, tuple)


def fit(value: Any, annotation: Any) -> Any:
    """The value, nearer to the type where that is certain."""
    return fitter(annotation)(value)


def fitter(annotation: Any) -> Fit:
    """What fits values to a type; worked out once for each type."""
    try:
        return _cached_fitter(annotation)
    except TypeError:
        # A note in `Annotated` that cannot be hashed.
        return _make_fitter(annotation)


@lru_cache(maxsize=4096)
def _cached_fitter(annotation: Any) -> Fit:
    return _make_fitter(annotation)


def _make_fitter(annotation: Any) -> Fit:
    origin = get_origin(annotation)
    if origin is Annotated:
        return fitter(get_args(annotation)[0])
    if annotation is Any or annotation is object or is_text_type(annotation):
        return _as_it_is
    if origin in (Union, UnionType):
        return partial(_fit_union, annotation=annotation)
    if origin is Literal:
        return partial(_fit_literal, choices=get_args(annotation))
    if inspect.isclass(annotation) and issubclass(annotation, enum.Enum):
        return partial(_fit_enum, annotation=annotation)
    if annotation in _LISTS or origin in _LISTS:
        return partial(_fit_list, origin=origin or annotation, arguments=get_args(annotation))
    if annotation is dict or origin is dict:
        return partial(_fit_dict, arguments=get_args(annotation))
    if record_fields(annotation) is not None:
        return _RecordFitter(annotation)
    return partial(_fit_scalar, annotation=annotation)


def _as_it_is(value: Any) -> Any:
    return float(value) if type(value) is NumberText else value


def _fit_scalar(value: Any, annotation: Any) -> Any:
    if annotation is str:
        return str(value) if type(value) in (int, float, NumberText) else value
    if not isinstance(value, str):
        if annotation is int and isinstance(value, float) and value.is_integer():
            return int(value)
        if annotation is bool and type(value) in (int, float) and value in (0, 1):
            return bool(value)
        return value
    try:
        if annotation is bool:
            return scalars.read_bool(value)
        if annotation is int:
            return scalars.read_int(value)
        if annotation is float:
            return scalars.read_float(value)
        if annotation is Decimal:
            return scalars.read_decimal(value)
    except scalars.ReadError:
        return value
    return value


def _fit_literal(value: Any, choices: tuple[Any, ...]) -> Any:
    if any(value == choice and type(value) is type(choice) for choice in choices):
        return value
    if isinstance(value, (str, int, float, bool)):
        try:
            return scalars.read_choice(str(value), choices)
        except scalars.ReadError:
            return value
    return value


def _fit_enum(value: Any, annotation: type[enum.Enum]) -> Any:
    for member in annotation:
        if member.value == value and type(member.value) is type(value):
            return member
    if isinstance(value, (str, int, float)):
        try:
            return scalars.read_enum(str(value), annotation)
        except scalars.ReadError:
            return value
    return value


def _fit_list(value: Any, origin: Any, arguments: tuple[Any, ...]) -> Any:
    if isinstance(value, str):
        value = _items_of_text(value, arguments)
    elif isinstance(value, dict):
        value = _items_of_dict(value, arguments)
    elif isinstance(value, (int, float, bool)):
        value = [value]
    if not isinstance(value, (list, tuple)):
        return value
    if origin is tuple and arguments and arguments[-1] is not ...:
        fitted = [fit(item, kind) for item, kind in zip(value, arguments, strict=False)]
        return fitted + list(value[len(arguments) :])
    fit_item = fitter(arguments[0] if arguments else Any)
    return [fit_item(item) for item in value]


def _items_of_text(text: str, arguments: tuple[Any, ...]) -> Any:
    stripped = text.strip()
    if stripped[:1] in "[{" and (found := candidates.whole_json(stripped)) is not None:
        return found[0]
    if (items := candidates.bullets(stripped)) is not None:
        return items
    kind = arguments[0] if arguments else Any
    if kind in (str, Any) or _is_closed(kind):
        return [text]
    if kind in (int, float) and "," in text:
        return [part for part in re.split(r"\s*,\s*", stripped) if part]
    return [text] if kind in (int, float, bool) else text


def _items_of_dict(value: dict[Any, Any], arguments: tuple[Any, ...]) -> Any:
    """One record for a list of them, or a list under a key that only wraps it."""
    fields = record_fields(arguments[0]) if arguments else None
    if fields is not None and _covers(value, fields):
        return [value]
    if len(value) == 1 and isinstance(inner := next(iter(value.values())), list):
        return inner
    return value


def _fit_dict(value: Any, arguments: tuple[Any, ...]) -> Any:
    if (
        isinstance(value, str)
        and value.strip()[:1] == "{"
        and (found := candidates.whole_json(value)) is not None
    ):
        value = found[0]
    if isinstance(value, list) and value and all(isinstance(item, list) and len(item) == 2 for item in value):
        keys = [item[0] for item in value]
        if all(isinstance(key, (str, int)) for key in keys) and len(set(keys)) == len(keys):
            value = dict(value)
    if not isinstance(value, dict) or len(arguments) != 2:
        return value
    return {fit(key, arguments[0]): fit(item, arguments[1]) for key, item in value.items()}


class _RecordFitter:
    """Fits dicts to a record; its fields are looked at on first use, because a record may hold itself."""

    def __init__(self, annotation: Any) -> None:
        self._annotation = annotation
        self._fields: dict[str, tuple[Any, bool]] | None = None
        self._by_key: dict[str, tuple[str, Fit]] = {}
        self._empty: dict[str, Callable[[], Any]] = {}

    def __call__(self, value: Any) -> Any:
        fields = self._prepared()
        if isinstance(value, str) and value.strip()[:1] == "{" and (found := candidates.whole_json(value)):
            value = found[0]
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            value = value[0]
        if not isinstance(value, dict):
            return value
        if (
            len(value) == 1
            and not _covers(value, fields)
            and isinstance(inner := next(iter(value.values())), dict)
        ):
            # {"person": {…}} where the record itself was asked for.
            value = inner if _covers(inner, fields) else value
        if value.keys() == {"name", "arguments"} and not _covers(value, fields):
            # A call of a function where its arguments were asked for.
            inner = value["arguments"]
            value = inner if isinstance(inner, dict) and _covers(inner, fields) else value
        fitted: dict[str, Any] = {}
        for key, inner in value.items():
            known = self._by_key.get(key)
            if known is None:
                name = _field_named(key, fields)
                known = None if name is None else self._by_key[name]
                if known is None and isinstance(value, Mended):
                    raise scalars.ReadError(f"is broken JSON, with a stray key {str(key)[:80]!r}")
            if known is None or known[0] in fitted:
                fitted.setdefault(str(key), inner)
            else:
                name, fit_inner = known
                if inner is None and (empty := self._empty.get(name)) is not None:
                    inner = empty()
                fitted[name] = fit_inner(inner)
        return fitted

    def _prepared(self) -> dict[str, tuple[Any, bool]]:
        if self._fields is None:
            fields = record_fields(self._annotation) or {}
            self._by_key = {name: (name, fitter(annotation)) for name, (annotation, _) in fields.items()}
            self._empty = {
                name: dict if origin is dict else list
                for name, (annotation, _) in fields.items()
                if (origin := get_origin(annotation) or annotation) is dict or origin in _LISTS
            }
            # A record may be written by its Python names, too, where its schema has others.
            for name, key in schema_keys(self._annotation).items():
                self._by_key.setdefault(name, self._by_key[key])
            self._fields = fields
        return self._fields


def _fit_union(value: Any, annotation: Any) -> Any:
    if value is None:
        return None
    if type(value) is NumberText:
        return _fit_number(value, annotation)
    if _says_none(value, annotation):
        return None
    arms = [arm for arm in get_args(annotation) if arm is not type(None)]
    if len(arms) == 1:
        return fit(value, arms[0])
    for arm in arms:
        if _valid(value, arm, strict=True):
            return value
    fitting = [fitted for arm in arms if _valid(fitted := fit(value, arm), arm)]
    if fitting and all(type(fitted) is type(fitting[0]) and fitted == fitting[0] for fitted in fitting):
        return fitting[0]
    return value


def _fit_number(value: NumberText, annotation: Any) -> Any:
    kinds = [plain_annotation(arm) for arm in get_args(annotation)]
    kind = next((kind for kind in (Decimal, float, int) if kind in kinds), None)
    if kind is None:
        arms = [arm for arm in get_args(annotation) if arm is not type(None)]
        return fit(value, arms[0]) if len(arms) == 1 else float(value)
    return fit(value, kind)


def _valid(value: Any, annotation: Any, strict: bool = False) -> bool:
    from pydantic import ValidationError

    try:
        validate(value, annotation, strict=strict)
    except ValidationError:
        return False
    return True


def _says_none(value: Any, annotation: Any) -> bool:
    return (
        isinstance(value, str)
        and allows_none(annotation)
        and scalars.is_none(value)
        and not is_choice(value, annotation)
    )


def is_choice(text: str, annotation: Any) -> bool:
    """Whether a word for nothing, such as "none" or "N/A", is one of the type's own choices."""
    kind = plain_annotation(annotation)
    if get_origin(kind) in (Union, UnionType):
        return any(is_choice(text, arm) for arm in get_args(kind))
    if get_origin(kind) is Literal:
        names = [str(choice) for choice in get_args(kind) if choice is not None]
    elif inspect.isclass(kind) and issubclass(kind, enum.Enum):
        names = [name for name, member in scalars.choices_of(kind).items() if member.value is not None]
    else:
        return False
    return scalars.bare(text).lower() in {name.lower() for name in names}


def _covers(value: Mapping[Any, Any], fields: Mapping[str, tuple[Any, bool]]) -> bool:
    names = {_field_named(key, fields) for key in value}
    return bool(names - {None}) and all(name in names for name, (_, required) in fields.items() if required)


def _field_named(key: Any, fields: Mapping[str, Any]) -> str | None:
    if key in fields:
        return str(key)
    wanted = _key(str(key))
    found = [name for name in fields if _key(name) == wanted]
    return found[0] if len(found) == 1 else None


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _is_closed(annotation: Any) -> bool:
    return get_origin(annotation) is Literal or (
        inspect.isclass(annotation) and issubclass(annotation, enum.Enum)
    )
