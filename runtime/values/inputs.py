"""Values given from outside (by a caller, a row of data, a saved state) as values of a field's type.

This is the one door for all of them: a dict where a record is declared becomes the record, a text where an
enumeration is declared its member, and so on inside lists, dicts, optionals and unions. A value that is of
its type already stays the same object. Unlike a model's answer (see `reading`) a given value is read exactly:
nothing is guessed.
"""

from __future__ import annotations

import enum
import json
from collections import abc
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from ...base.later import loaded
from ..types.annotations import allows_none, is_text_type, kept_by_type, type_name
from ..types.records import is_dataclass
from .validation import validate

Door: TypeAlias = Callable[[Any], Any]
"""Takes a value and returns it in its type; raises `Misfit`."""


class Misfit(ValueError):
    """A value that is not one of its type.

    Attributes:
        path: where it is inside the value that was given, such as `[0].address.country`.
        value: the value itself.
        reason: what is wrong with it.
    """

    def __init__(self, value: Any, reason: str, path: str = "") -> None:
        self.value = value
        self.reason = reason
        self.path = path
        super().__init__(reason)

    def within(self, step: str | int) -> Misfit:
        """The same misfit, seen from one level above."""
        part = f".{step}" if isinstance(step, str) and step.isidentifier() else f"[{step!r}]"
        self.path = part + self.path
        return self

    def describe(self, name: str) -> str:
        """The whole sentence: "`seller.address.country` is 5, which …"."""
        path = self.path if len(self.path) <= _LONGEST_PATH else f"{self.path[:_LONGEST_PATH]}…"
        return f"`{name}{path}` is {_clipped(self.value)}, which {self.reason}"


_LONGEST_PATH = 200
"""Characters of a path that a sentence shows."""


def as_typed(value: Any, annotation: Any) -> Any:
    """The value in the type of a field.

    Raises:
        Misfit: it is not a value of that type.
    """
    return door(annotation)(value)


def door(annotation: Any) -> Door:
    """What takes values of a type; worked out once for each type."""
    try:
        return _cached_door(annotation)
    except TypeError:
        # A note in `Annotated` that cannot be hashed.
        return _make_door(annotation)


def take_anything(value: Any) -> Any:
    """A value of a field that is text, `Any` or untyped: it stays as it is.

    Raises:
        Misfit: a text in it holds half of a surrogate pair, which no request can carry.
    """
    if type(value) is str:
        if not value.isascii():
            _check_characters(value)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for index, item in enumerate(value):
            _inside(take_anything, index, item)
    elif isinstance(value, dict):
        for key, item in value.items():
            take_anything(key)
            _inside(take_anything, key, item)
    return value


def _check_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        character = f"U+{ord(text[error.start]):04X}"
        raise Misfit(
            text.encode(errors="replace").decode(),
            f"contains half of a character ({character}, a lone surrogate) at position {error.start}: "
            "the text was cut or decoded wrongly",
        ) from None


@kept_by_type
def _cached_door(annotation: Any) -> Door:
    return _make_door(annotation)


def _make_door(annotation: Any) -> Door:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return door(arguments[0])
    if origin in (Union, UnionType):
        return _UnionDoor(annotation)
    if origin is Literal:
        return _literal_door(annotation)
    if annotation in (str, Any, object):
        return take_anything
    if annotation is None:
        return _scalar_door(NoneType)
    kind = origin or annotation
    if kind in _TUPLES and arguments and arguments[-1] is not ...:
        return _positions_door(annotation)
    if kind in _LISTS:
        return _list_door(annotation, kind, arguments[0] if arguments else Any)
    if kind in _DICTS:
        return _dict_door(annotation, *(arguments or (Any, Any)))
    if not isinstance(kind, type):
        return take_anything
    if kind is not annotation:
        return _record_door(annotation, kind) if _is_record(kind) else take_anything
    if issubclass(annotation, enum.Enum):
        return _enum_door(annotation)
    if issubclass(annotation, (*_PLAIN, *_decimals(), *_written(), *loaded("pathlib", "PurePath"))):
        return _scalar_door(annotation)
    if _is_typed_dict(annotation):
        return _typed_dict_door(annotation)
    if is_text_type(annotation):
        return _text_door(annotation)
    if _is_record(annotation):
        return _record_door(annotation, kind)
    # A class that cannot be made of plain values: whatever is given stays.
    return take_anything


_PLAIN = (bool, int, float, complex, bytes, NoneType)


def _decimals() -> tuple[type, ...]:
    return loaded("decimal", "Decimal")


def _written() -> tuple[type, ...]:
    """What only a text can stand for: a number that is taken for a date is a guess."""
    return (bytes, *loaded("datetime", "date", "datetime", "time", "timedelta"), *loaded("uuid", "UUID"))


_TUPLES = (tuple,)
_LISTS: dict[Any, type] = {
    list: list, tuple: tuple, set: set, frozenset: frozenset,
    abc.Sequence: list, abc.MutableSequence: list, abc.Iterable: list, abc.Collection: list,
    abc.Set: set, abc.MutableSet: set,
}  # fmt: skip
_DICTS = (dict, abc.Mapping, abc.MutableMapping)


def _inside(take: Door, step: Any, value: Any) -> Any:
    try:
        return take(value)
    except Misfit as misfit:
        raise misfit.within(step) from None
    except RecursionError:
        raise Misfit(value, "contains itself or is nested too deeply") from None


def _of_text(value: Any, opening: str) -> Any:
    """What a text of JSON holds, where the type is not text; the value itself otherwise."""
    if isinstance(value, str) and value.lstrip()[:1] in opening:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


# --- scalars --------------------------------------------------------------------------------------------


def _scalar_door(kind: type) -> Door:
    is_decimal, is_written = kind in _decimals(), kind in _written()

    def take(value: Any) -> Any:
        # A whole number is a float, and a truth value a whole number, as in Python's own type checkers.
        if isinstance(value, kind) or (kind is float and isinstance(value, int)):
            return value
        if (is_decimal or kind in (int, float)) and isinstance(value, str) and len(value) > _LONGEST_NUMBER:
            raise Misfit(value, f"is too long for a number ({len(value)} characters)")
        if is_decimal and isinstance(value, float):
            value = str(value)
        if is_written and not isinstance(value, str):
            raise Misfit(value, f"is not {_of_type(kind)}")
        return _validated(value, kind)

    return take


_LONGEST_NUMBER = 4000
"""Digits; Python itself refuses to read more."""


def _literal_door(annotation: Any) -> Door:
    choices = get_args(annotation)

    def take(value: Any) -> Any:
        for choice in choices:
            if type(choice) is type(value) and choice == value:
                return value
        for choice in choices:
            if isinstance(choice, enum.Enum) and choice.value == value:
                return choice
        if isinstance(value, str):
            for choice in choices:
                if str(choice) == value:
                    return choice
        raise Misfit(value, f"is not one of {_listed(choices)}")

    return take


def _enum_door(kind: type[enum.Enum]) -> Door:
    def take(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        for member in kind:
            if member.value == value and type(member.value) is type(value):
                return member
        if isinstance(value, str):
            for member in kind:
                if value in (member.name, str(member.value)):
                    return member
        raise Misfit(value, f"is not one of {_listed([member.value for member in kind])}")

    return take


# --- containers -----------------------------------------------------------------------------------------


def _list_door(annotation: Any, kind: Any, item: Any) -> Door:
    make, take_item, own = _LISTS[kind], door(item), kind

    def take(value: Any) -> Any:
        if take_item is take_anything and type(value) is own:
            for each in value:
                if type(each) is not str or not each.isascii():
                    return take_anything(value)
            return value
        value = _of_text(value, "[")
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, (list, tuple, set, frozenset)):
            if isinstance(value, own) and not isinstance(value, (str, bytes, Mapping)):
                return value  # a sequence or iterator of another kind, which can be read only once
            raise Misfit(value, f"is not {_of_type(annotation)}")
        if take_item is take_anything and isinstance(value, own):
            return take_anything(value)
        items = [_inside(take_item, index, each) for index, each in enumerate(value)]
        if isinstance(value, own) and all(new is old for new, old in zip(items, value, strict=True)):
            return value
        try:
            return make(items)
        except TypeError as error:
            raise Misfit(value, f"is not {_of_type(annotation)}: {error}") from None

    return take


def _positions_door(annotation: Any) -> Door:
    doors = [door(argument) for argument in get_args(annotation)]

    def take(value: Any) -> Any:
        value = _of_text(value, "[")
        if not isinstance(value, (list, tuple)):
            raise Misfit(value, f"is not {_of_type(annotation)}")
        if len(value) != len(doors):
            raise Misfit(value, f"has {len(value)} items, not {len(doors)}")
        items = [
            _inside(take_item, index, each)
            for index, (take_item, each) in enumerate(zip(doors, value, strict=True))
        ]
        if isinstance(value, tuple) and all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return tuple(items)

    return take


def _dict_door(annotation: Any, key: Any, item: Any) -> Door:
    take_key, take_item = door(key), door(item)

    def take(value: Any) -> Any:
        value = _of_text(value, "{")
        if not isinstance(value, Mapping):
            raise Misfit(value, f"is not {_of_type(annotation)}")
        taken = {_inside(take_key, each, each): _inside(take_item, each, of) for each, of in value.items()}
        same = isinstance(value, dict) and all(
            new is old and inner is value[old]
            for (new, inner), old in zip(taken.items(), value, strict=False)
        )
        return value if same and len(taken) == len(value) else taken

    return take


# --- records --------------------------------------------------------------------------------------------


def _record_door(annotation: Any, kind: type) -> Door:
    def take(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        value = _of_text(value, "{")
        if not isinstance(value, Mapping) and callable(as_dict := getattr(value, "toDict", None)):
            value = as_dict()
        take_anything(value)
        return _validated(value, annotation)

    return take


def _text_door(annotation: Any) -> Door:
    def take(value: Any) -> Any:
        return value if isinstance(value, annotation) else _validated(take_anything(value), annotation)

    return take


def _typed_dict_door(kind: Any) -> Door:
    doors: dict[str, Door] = {}

    def take(value: Any) -> Any:
        value = _of_text(value, "{")
        if not isinstance(value, Mapping):
            raise Misfit(value, f"is not {_of_type(kind)}")
        if not doors:
            doors.update((name, door(_unwrapped(hint))) for name, hint in get_type_hints(kind).items())
        if missing := sorted(kind.__required_keys__ - value.keys()):
            raise Misfit(value, f"lacks `{missing[0]}`")
        taken = {name: _inside(doors.get(name, take_anything), name, each) for name, each in value.items()}
        return value if all(taken[name] is each for name, each in value.items()) else taken

    return take


def _is_typed_dict(kind: type) -> bool:
    # Both typing's and typing_extensions', which pydantic wants below Python 3.12.
    return issubclass(kind, dict) and hasattr(kind, "__required_keys__")


def _unwrapped(hint: Any) -> Any:
    """The type inside `Required[…]` and the like."""
    return get_args(hint)[0] if getattr(get_origin(hint), "_name", None) in _QUALIFIERS else hint


_QUALIFIERS = ("Required", "NotRequired", "ReadOnly")


def _is_record(kind: type) -> bool:
    is_named_tuple = issubclass(kind, tuple) and hasattr(kind, "_fields")
    return is_named_tuple or is_dataclass(kind) or hasattr(kind, "__get_pydantic_core_schema__")


# --- unions ---------------------------------------------------------------------------------------------


class _UnionDoor:
    """A value that is of one of the types stays; otherwise the first type that takes it decides."""

    def __init__(self, annotation: Any) -> None:
        self._annotation = annotation
        self._arms = [arm for arm in get_args(annotation) if arm is not NoneType]
        self._optional = allows_none(annotation)
        self._takes_text = any(_plain(arm) in (str, Any, object) for arm in self._arms)

    def __call__(self, value: Any) -> Any:
        if value is None and self._optional:
            return None
        if self._takes_text and isinstance(value, str):
            return take_anything(value)
        if len(self._arms) == 1 and self._takes_text:
            return take_anything(value)
        if self._optional and isinstance(value, str) and not value.strip() and not self._takes_text:
            return None  # an empty cell of a table
        if len(self._arms) == 1:
            return door(self._arms[0])(value)
        return self._one_of_several(value)

    def _one_of_several(self, value: Any) -> Any:
        taken: list[Any] = []
        misfits: list[tuple[Any, Misfit]] = []
        for arm in self._arms:
            if _plain(arm) in (str, Any, object):
                continue
            try:
                found = door(arm)(value)
            except Misfit as misfit:
                misfits.append((arm, misfit))
                continue
            if found is value:
                return value
            taken.append(found)
        if len(taken) > 1 and isinstance(value, Mapping):
            return _validated(value, self._annotation)
        if taken:
            return taken[0]
        if self._takes_text and not isinstance(value, (Mapping, list, tuple)):
            return value
        if len(misfits) == 1:
            raise misfits[0][1]
        each = "; ".join(f"as `{type_name(arm)}`: {misfit.describe('it')}" for arm, misfit in misfits[:4])
        raise Misfit(value, f"fits none of its types ({each})")


def _plain(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


# --- pydantic -------------------------------------------------------------------------------------------


def _validated(value: Any, annotation: Any) -> Any:
    from pydantic import ValidationError

    try:
        return validate(value, annotation)
    except ValidationError as error:
        raise _as_misfit(error, value, annotation) from None


def _as_misfit(error: Any, value: Any, annotation: Any) -> Misfit:
    first = error.errors(include_url=False, include_context=False)[0]
    steps = [step for step in first["loc"] if not (isinstance(step, str) and "[" in step)]
    if first["type"] == "missing":
        misfit = Misfit(first["input"], f"lacks `{steps[-1]}`")
        steps = steps[:-1]
    else:
        message = str(first["msg"])
        reason = _as_words(message)
        if not steps and not message.startswith("Value error"):
            reason = f"is not {_of_type(annotation)}"
        misfit = Misfit(first["input"], reason)
    for step in reversed(steps):
        misfit.within(step)
    return misfit


def _as_words(message: str) -> str:
    """Pydantic's "Input should be a valid string" as the end of a sentence that begins with the value."""
    if message.startswith("Input should"):
        return message.removeprefix("Input ")
    return f"does not fit: {message.removeprefix('Value error, ')}"


# --- words ----------------------------------------------------------------------------------------------


def _of_type(annotation: Any) -> str:
    return f"of type `{type_name(annotation)}`"


def _listed(choices: Any) -> str:
    shown = ", ".join(repr(choice) for choice in choices)
    return shown if len(shown) <= 300 else f"{shown[:299]}…"


def _clipped(value: Any) -> str:
    try:
        text = repr(value)
    except RecursionError:
        text = f"an object of type `{type(value).__name__}`"
    return text if len(text) <= 200 else f"{text[:199]}…"
