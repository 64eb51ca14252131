"""A field's text to a value of its type: tolerant of how models write, sound about what they mean."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin

from ..types.annotations import allows_none, plain_annotation, type_name
from ..types.records import record_fields
from . import candidates, repair, scalars
from .fitting import fit
from .rendering import unescape_markers
from .scalars import ReadError

__all__ = ["ReadError", "Reader", "read_object", "reader_for"]

_SCALARS: dict[Any, Callable[[str], Any]] = {
    bool: scalars.read_bool,
    int: scalars.read_int,
    float: scalars.read_float,
    Decimal: scalars.read_decimal,
}


class Reader:
    """Reads the values of one type; calling it reads a text, `from_json` a value of JSON's types.

    Both raise `ReadError` for what is no value of the type.
    """

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self.optional = allows_none(annotation)
        plain = plain_annotation(annotation)
        arms = [arm for arm in get_args(plain) if arm is not type(None)] if self.optional else []
        self._core = (
            plain_annotation(arms[0]) if len(arms) == 1 and get_origin(plain) is not Literal else plain
        )
        self._bare = annotation is plain
        self._is_scalar = self._core in _SCALARS or get_origin(self._core) is Literal or _is_enum(self._core)
        # What the reader of a scalar gives needs no second look, unless notes in `Annotated` say more.
        self._direct = _SCALARS.get(plain) if self._bare else None
        choices = get_args(plain) if self._bare and get_origin(plain) is Literal else ()
        self._choices = frozenset(choice for choice in choices if type(choice) is str)
        self._validator: Any = None

    def __call__(self, text: str) -> Any:
        """The value that a text is."""
        if self.annotation is str:
            return unescape_markers(text)
        if self._direct is not None:
            return self._direct(text)
        if text in self._choices:
            return text
        if self.optional and scalars.is_none(text):
            return None
        if self._core is str or self._core is Any:
            return self._validated(unescape_markers(text) if self._core is str else _any_value(text))
        return self._validated(self._scalar(text)) if self._is_scalar else self._structured(text)

    def from_json(self, value: Any) -> Any:
        """The value that a value of JSON's types is."""
        if isinstance(value, str) and not (self._core is str or self._is_scalar):
            try:
                return self._validated(fit(value, self.annotation))
            except ReadError:
                return self(value)
        if isinstance(value, str) and self._is_scalar:
            return self(value)
        return self._validated(fit(value, self.annotation))

    def _scalar(self, text: str) -> Any:
        core = self._core
        if (read := _SCALARS.get(core)) is not None:
            return read(text)
        if _is_enum(core):
            return scalars.read_enum(text, core)
        return scalars.read_choice(text, get_args(core))

    def _structured(self, text: str) -> Any:
        """The first reading of the text that the type accepts; among equals, all must agree."""
        text = text.strip().removeprefix("\ufeff")
        first_error: ReadError | None = None
        for group in self._readings(text):
            accepted: list[Any] = []
            for value in group:
                try:
                    found = self._validated(fit(value, self.annotation))
                except ReadError as error:
                    first_error = first_error or error
                else:
                    if found not in accepted:
                        accepted.append(found)
            if len(accepted) > 1:
                if (joined := self._joined(accepted)) is not None:
                    return joined
                raise ReadError(f"holds {len(accepted)} different values; write one")
            if accepted:
                return accepted[0]
        raise first_error or ReadError(f"is {text[:120]!r}, which is no {self._wanted()}")

    def _readings(self, text: str) -> Iterator[list[Any]]:
        """Groups of values that the text may be, the most literal first."""
        if (found := candidates.whole_json(text)) is not None:
            yield [found[0]]
            if isinstance(found[0], str) and (inner := candidates.whole_json(found[0])) is not None:
                yield [inner[0]]
        fences = candidates.fenced(text)
        yield [value for part in fences if (found := candidates.whole_json(part)) for value in found]
        for part in fences:
            if (found := repair.repaired(part)) is not None:
                yield [found[0]]
        spans = list(candidates.bracketed(text))
        yield [value for _, part in spans if (found := candidates.whole_json(part)) for value in found]
        if (element := candidates.elements(text)) is not None:
            name, content = element
            yield [{name: content}, content] if isinstance(content, dict) else [{name: content}]
            if isinstance(content, str):
                yield [
                    value
                    for _, part in candidates.bracketed(content)
                    for value in repair.repaired(part) or ()
                ]
        if (rows := candidates.table(text)) is not None:
            yield [rows]
        if (items := candidates.bullets(text)) is not None:
            yield [items]
        if spans:
            if text[:1] in "{[":
                yield list(repair.repaired(text) or ())
            yield [value for _, part in spans for value in repair.repaired(part) or ()]
            yield list(repair.repaired(text[spans[0][0] :]) or ())
        else:
            if (found_pairs := candidates.pairs(text)) is not None:
                yield [found_pairs]
            yield list(repair.repaired("{" + text + "}") or ()) if '":' in text else []
            # What is plain text may still be a value: a date, a list of one, a type with a reader of its own.
            if not (self._is_collection and _is_prose(text)) and record_fields(self._core) is None:
                yield [text]

    def _joined(self, accepted: list[Any]) -> Any:
        # Several lists, as from several fences with one record each, are one list in pieces.
        if all(isinstance(part, list) for part in accepted):
            return [item for part in accepted for item in part]
        return None

    @property
    def _is_collection(self) -> bool:
        core = get_origin(self._core) or self._core
        return core in (list, dict, set, tuple, frozenset)

    def _validated(self, value: Any) -> Any:
        if self._bare and type(value) is self.annotation and type(value) in (bool, int, float, str):
            return value
        from pydantic import TypeAdapter, ValidationError

        if self._validator is None:
            self._validator = TypeAdapter(self.annotation)
        try:
            return self._validator.validate_python(value, by_alias=True, by_name=True)
        except ValidationError as error:
            raise ReadError(_in_words(error)) from error

    def _wanted(self) -> str:
        return f"`{type_name(self.annotation)}`"


def reader_for(annotation: Any) -> Reader:
    """The reader of a type; one for each type, because validators are costly to make."""
    try:
        return _cached_reader(annotation)
    except TypeError:
        # A note in `Annotated` that cannot be hashed.
        return Reader(annotation)


def read_object(text: str, readers: Sequence[tuple[str, Reader]]) -> dict[str, Any] | None:
    """The one JSON object in a text that has all these fields (those that may be None may be absent), or
    None.
    """
    objects: list[dict[str, Any]] = []
    for source in (text, *candidates.fenced(text)):
        for _, part in candidates.bracketed(source):
            found = candidates.whole_json(part) or repair.repaired(part)
            if found is not None and isinstance(found[0], dict) and found[0] not in objects:
                objects.append(found[0])
    accepted: list[dict[str, Any]] = []
    for value in objects:
        if not all(name in value or reader.optional for name, reader in readers) or not any(
            name in value for name, _ in readers
        ):
            continue
        try:
            read = {name: reader.from_json(value[name]) for name, reader in readers if name in value}
        except ReadError:
            continue
        if read not in accepted:
            accepted.append(read)
    return accepted[0] if len(accepted) == 1 else None


@lru_cache(maxsize=4096)
def _cached_reader(annotation: Any) -> Reader:
    return Reader(annotation)


def _any_value(text: str) -> Any:
    found = candidates.whole_json(text.strip())
    return text if found is None else found[0]


def _is_enum(annotation: Any) -> bool:
    return inspect.isclass(annotation) and issubclass(annotation, enum.Enum)


def _is_prose(text: str) -> bool:
    """Whether a text is a sentence rather than an item."""
    return text.rstrip().endswith((".", "!", "?")) and " " in text.strip()


def _in_words(error: Any) -> str:
    problems = []
    for problem in error.errors(include_url=False)[:3]:
        place = ".".join(str(step) for step in problem["loc"])
        problems.append(
            f"{f'at `{place}`: ' if place else ''}{problem['msg']} (it is {problem['input']!r:.80})"
        )
    return "does not fit: " + "; ".join(problems)
