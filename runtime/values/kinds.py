"""What readers and fitters ask about types."""

from __future__ import annotations

import enum
from collections.abc import Callable
from types import UnionType
from typing import Any, Literal, TypeGuard, Union, get_args, get_origin

from ...base.later import loaded
from ..types.annotations import allows_none, is_custom_type, is_text_type, plain_annotation
from ..types.records import record_fields
from . import choices
from .scalars import reader_of
from .words import bare


def is_enum(annotation: Any) -> TypeGuard[type[enum.Enum]]:
    """Whether a type is an enumeration."""
    return isinstance(annotation, type) and issubclass(annotation, enum.Enum)


def is_closed(annotation: Any) -> bool:
    """Whether the values of a type are told one by one."""
    return get_origin(annotation) is Literal or is_enum(annotation)


def is_single(annotation: Any) -> bool:
    """Whether the values of a type are single ones: a list of one can only mean that one."""
    kind = plain_annotation(annotation)
    return kind is str or is_closed(kind) or reader_of(kind) is not None


def may_be_text(annotation: Any) -> bool:
    """Whether a text, or a list of texts, is a value of a type."""
    kind = plain_annotation(annotation)
    origin = get_origin(kind)
    if origin in (Union, UnionType, list, set, frozenset, tuple):
        return any(may_be_text(each) for each in get_args(kind))
    return kind in (str, Any, object, list, set, frozenset, tuple) or is_text_type(kind)


def takes_text(annotation: Any) -> bool:
    """Whether a text, whichever it is, may be a value of a type."""
    kinds = [plain_annotation(each) for each in (annotation, *get_args(plain_annotation(annotation)))]
    return any(kind in (str, Any, object) or is_text_type(kind) for kind in kinds)


def holds_dicts(annotation: Any) -> bool:
    """Whether values of a type may be dicts."""
    kind = plain_annotation(annotation)
    if get_origin(kind) in (Union, UnionType):
        return any(holds_dicts(arm) for arm in get_args(kind))
    return kind in (Any, object, dict) or get_origin(kind) is dict or record_fields(kind) is not None


def is_choice(text: str, annotation: Any) -> bool:
    """Whether a word for nothing, such as "none" or "N/A", is one of the type's own choices."""
    kind = plain_annotation(annotation)
    if get_origin(kind) in (Union, UnionType):
        return any(is_choice(text, arm) for arm in get_args(kind))
    if get_origin(kind) is Literal:
        names = [str(choice) for choice in get_args(kind) if choice is not None]
    elif is_enum(kind):
        names = [name for name, member in choices.choices_of(kind).items() if member.value is not None]
    else:
        return False
    return bare(text).lower() in {name.lower() for name in names}


def is_readable_strictly(annotation: Any, within: tuple[Any, ...] = ()) -> bool:
    """Whether what pydantic reads strictly as JSON of a type is what it means here, too.

    Of a union with several types, which of them a value is meant to be is decided here; a type of the user's
    own says itself what it takes.
    """
    if annotation in within:
        return True
    kind = plain_annotation(annotation)
    if get_origin(kind) is Literal or kind in (str, int, float, bool) or is_enum(kind):
        return True
    arguments = [each for each in get_args(kind) if each not in (type(None), ...)]
    if get_origin(kind) in (list, dict) or (allows_none(kind) and len(arguments) == 1):
        return all(is_readable_strictly(each, within) for each in arguments)
    fields = None if is_custom_type(kind) else record_fields(kind)
    return fields is not None and all(
        is_readable_strictly(each, (*within, annotation)) for each, _ in fields.values()
    )


def mentions_decimal(annotation: Any) -> bool:
    """Whether a decimal number stands somewhere in a type, so that every digit counts."""
    decimals = loaded("decimal", "Decimal")
    return bool(decimals) and mentions(annotation, lambda kind: kind in decimals)


def mentions(annotation: Any, is_meant: Callable[[Any], bool]) -> bool:
    """Whether one of the types that a type is made of is meant, itself among them."""
    seen: set[Any] = set()
    stack = [annotation]
    while stack:
        kind = stack.pop()
        if is_meant(kind):
            return True
        stack += get_args(kind)
        if isinstance(kind, type) and kind not in seen and get_origin(kind) is None:
            seen.add(kind)
            try:
                stack += [hint for hint, _ in (record_fields(kind) or {}).values()]
            except NameError:
                continue  # a type that only its own function knows
    return False
