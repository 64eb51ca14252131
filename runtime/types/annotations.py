"""Types as text, and what can be asked of a type."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

T = TypeVar("T")


def type_name(annotation: Any) -> str:
    """The name of a type as the prompt shows it: `list[str]`, `Literal['a']`, `Union[str, NoneType]`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is None:
        if is_custom_type(annotation) and annotation.prompt_name is not None:
            return str(annotation.prompt_name)
        return getattr(annotation, "__name__", None) or str(annotation)
    if origin is UnionType:
        origin = Union
    if origin is Literal:
        inner = [_quoted(value) if isinstance(value, str) else type_name(value) for value in arguments]
    else:
        inner = [type_name(argument) for argument in arguments]
    return f"{type_name(origin)}[{', '.join(inner)}]"


def kept_by_type(make: Callable[[Any], T]) -> Callable[[Any], T]:
    """A function of types that keeps its results: one for each type as it is written.

    `int | str` and `str | int` are equal, so that what is kept by type alone depends on which came first.
    A type that cannot be hashed raises `TypeError`.
    """

    @lru_cache(maxsize=4096)
    def kept(annotation: Any, written: Any) -> T:
        return make(annotation)

    def of(annotation: Any) -> T:
        return kept(annotation, None if isinstance(annotation, type) else _order(annotation))

    return of


def _order(annotation: Any) -> Any:
    """What tells equal types apart: their arguments in order."""
    arguments = getattr(annotation, "__args__", None)
    if isinstance(arguments, tuple):
        return tuple([_order(argument) for argument in arguments])
    return type(annotation), annotation


def union_of(arms: Sequence[Any]) -> Any:
    """The union of several types, as they are written.

    `typing` keeps its unions by what they are equal to, so it may give one whose arms have their own arms in
    another order, from elsewhere in the process; this one is made anew.
    """
    subscript = getattr(type(Union).__getitem__, "__wrapped__", None)
    return Union[tuple(arms)] if subscript is None else subscript(Union, tuple(arms))  # noqa: UP007


def allows_none(annotation: Any) -> bool:
    """Whether None is a value of the type."""
    if annotation is None or annotation is type(None):
        return True
    if get_origin(annotation) in (Union, UnionType):
        return any(allows_none(arm) for arm in get_args(annotation))
    return get_origin(annotation) is Literal and None in get_args(annotation)


def plain_annotation(annotation: Any) -> Any:
    """The type without the notes that `Annotated` adds at its outside."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def is_history(annotation: Any) -> bool:
    """Whether the values of a type are conversations."""
    # Who annotates a field with History has imported it; importing it here would import pydantic for all.
    module = sys.modules.get(f"{__package__}.history")
    if module is None:
        return False
    arms = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return any(isinstance(arm, type) and issubclass(arm, module.History) for arm in arms)


def custom_types(annotation: Any) -> list[Any]:
    """The subclasses of `Type` in an annotation, at any depth."""
    module = sys.modules.get(f"{__package__}.type")  # as above: whoever has one has imported it
    return [] if module is None else module.Type.extract_custom_type_from_annotation(annotation)


def is_text_type(annotation: Any) -> bool:
    """Whether the values of a type are texts of a subclass of `Type`, such as `Code`."""
    return is_custom_type(annotation) and annotation.is_text is True


def is_custom_type(annotation: Any) -> bool:
    """Whether a type is a subclass of `Type`."""
    module = sys.modules.get(f"{__package__}.type")
    return module is not None and isinstance(annotation, type) and issubclass(annotation, module.Type)


def _quoted(text: str) -> str:
    if "'" in text and '"' not in text:
        return f'"{text}"'
    escaped = text.replace("'", "\\'") if "'" in text else text
    return f"'{escaped}'"
