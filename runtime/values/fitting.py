"""JSON values bent to a type before pydantic judges them: keys in another case, numbers in strings, one item
for a list.

What is not clearly meant stays as it is, so that validation refuses it.
"""

from __future__ import annotations

import enum
from functools import partial
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
)

from ...base.later import loaded
from ..types.annotations import allows_none, is_text_type, kept_by_type, plain_annotation
from ..types.records import record_fields
from . import candidates, choices
from .items import items_of_dict, items_of_text, spaced_numbers
from .kinds import holds_dicts, is_choice, is_enum, takes_text
from .markup import Element
from .numbers import COMMAS, are_numbers, is_group
from .records import LISTS, Fit, RecordFitter
from .repair import NumberText
from .scalars import reader_of
from .validation import validate
from .words import ReadError, is_dash, is_none


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


@kept_by_type
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
        return partial(_fit_literal, allowed=get_args(annotation))
    if is_enum(annotation):
        return partial(_fit_enum, annotation=annotation)
    if annotation in LISTS or origin in LISTS:
        return partial(_fit_list, origin=origin or annotation, arguments=get_args(annotation))
    if annotation is dict or origin is dict:
        return partial(_fit_dict, arguments=get_args(annotation))
    if record_fields(annotation) is not None:
        return RecordFitter(annotation, fitter)
    return partial(_fit_scalar, annotation=annotation)


def _as_it_is(value: Any) -> Any:
    return float(value) if type(value) is NumberText else value


def _fit_scalar(value: Any, annotation: Any) -> Any:
    if annotation is str:
        if type(value) is Element:
            return value.raw
        return str(value) if type(value) in (int, float, NumberText) else value
    if not isinstance(value, str):
        if annotation is int and isinstance(value, float) and value.is_integer():
            return int(value)
        if annotation is bool and type(value) in (int, float) and value in (0, 1):
            return bool(value)
        if type(value) is bool and annotation is not bool and reader_of(annotation) is not None:
            return str(value)  # a truth value is no number, whatever Python says
        return value
    read = reader_of(annotation)
    if read is None:
        return value
    try:
        return read(value)
    except ReadError:
        return value


def _fit_literal(value: Any, allowed: tuple[Any, ...]) -> Any:
    if any(value == choice and type(value) is type(choice) for choice in allowed):
        return value
    if isinstance(value, (str, int, float, bool)):
        try:
            return choices.read_choice(str(value), allowed)
        except ReadError:
            return value
    return value


def _fit_enum(value: Any, annotation: type[enum.Enum]) -> Any:
    for member in annotation:
        if member.value == value and type(member.value) is type(value):
            return member
    if isinstance(value, (str, int, float)):
        try:
            return choices.read_enum(str(value), annotation)
        except ReadError:
            return value
    return value


def _fit_list(value: Any, origin: Any, arguments: tuple[Any, ...]) -> Any:
    if isinstance(value, str):
        value = items_of_text(value, arguments)
    if isinstance(value, dict):
        value = items_of_dict(value, arguments)
    elif isinstance(value, (int, float, bool)):
        value = [value]
    if not isinstance(value, (list, tuple)):
        return value
    if len(value) == 1 and isinstance(value[0], str) and arguments[:1] in ((int,), (float,)):
        value = spaced_numbers(value[0]) or value
    if are_numbers(arguments) and any(map(is_group, value, value[1:])):
        raise ReadError(COMMAS)
    if origin is tuple and arguments and arguments[-1] is not ...:
        fitted = [fit(item, kind) for item, kind in zip(value, arguments, strict=False)]
        return fitted + list(value[len(arguments) :])
    fit_item = fitter(arguments[0] if arguments else Any)
    return [fit_item(item) for item in value]


def _fit_dict(value: Any, arguments: tuple[Any, ...]) -> Any:
    if (
        isinstance(value, str)
        and value.strip()[:1] == "{"
        and (found := candidates.whole_json(value)) is not None
    ):
        value = found[0]
    if isinstance(value, list) and value:
        value = _from_entries(value)
    if _is_split(value) and len(arguments) == 2 and not holds_dicts(arguments[1]):
        value = {key: inner for item in value for key, inner in item.items()}
    if not isinstance(value, dict) or len(arguments) != 2:
        return value
    if (
        len(value) == 1
        and not holds_dicts(arguments[1])
        and isinstance(only := next(iter(value.values())), dict)
    ):
        value = only  # {"scores": {…}} where the scores were asked for
    return {fit(key, arguments[0]): fit(item, arguments[1]) for key, item in value.items()}


def _from_entries(value: list[Any]) -> Any:
    """The dict that a list of its entries means, as pairs or as `{"key": "a", "value": 1}`; else the list."""
    if all(isinstance(item, list) and len(item) == 2 for item in value):
        pairs = [tuple(item) for item in value]
        are_keys = all(isinstance(key, (str, int)) for key, _ in pairs)
    else:
        are_keys = all(_is_entry(item) for item in value)
        pairs = [tuple(item.values()) for item in value] if are_keys else []
    return dict(pairs) if are_keys and len({key for key, _ in pairs}) == len(pairs) else value


def _is_split(value: Any) -> bool:
    """Whether a list holds a dict's entries one by one: `[{"a": 1}, {"b": 2}]`."""
    if not isinstance(value, list) or not all(isinstance(item, dict) and len(item) == 1 for item in value):
        return False
    return bool(value) and len({key for item in value for key in item}) == len(value)


def _is_entry(item: Any) -> bool:
    """Whether a dict is one entry of another: `{"key": "a", "value": 1}`."""
    return (
        isinstance(item, dict)
        and tuple(item) in (("key", "value"), ("name", "value"))
        and isinstance(next(iter(item.values())), (str, int))
    )


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
    fitting = [fitted for arm in arms if _valid(fitted := _fit_arm(value, arm), arm)]
    if fitting and all(type(fitted) is type(fitting[0]) and fitted == fitting[0] for fitted in fitting):
        return fitting[0]
    return value


def _fit_arm(value: Any, arm: Any) -> Any:
    """The value, nearer to one of several types; as it is where it cannot be one of this."""
    try:
        return fit(value, arm)
    except ReadError:
        return value


def _fit_number(value: NumberText, annotation: Any) -> Any:
    kinds = [plain_annotation(arm) for arm in get_args(annotation)]
    kind = next((kind for kind in (*loaded("decimal", "Decimal"), float, int) if kind in kinds), None)
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
        and (is_none(value) or (is_dash(value) and not takes_text(annotation)))
        and not is_choice(value, annotation)
    )
