"""A field's text to a value of its type: tolerant of how models write, sound about what they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Literal, get_args, get_origin

from ...base.expressions import pattern
from ..types.annotations import (
    allows_none,
    is_text_type,
    kept_by_type,
    plain_annotation,
    type_name,
)
from . import candidates, choices
from .drafts import CHANNEL, final_channel, is_endless, without_leading_draft
from .fitting import fit
from .keys import field_named
from .kinds import is_choice, is_enum, is_readable_strictly, may_be_text, mentions, mentions_decimal
from .meanings import Meanings
from .rendering import unescape_markers
from .scalars import reader_of
from .validation import as_read_error, validator_for
from .words import ReadError, is_dash, is_neutral, is_none, shown

__all__ = ["ReadError", "Reader", "reader_for"]

_DRAFT_SIGNS = ("◁", "[")
_FEW = 16
_WIDE = "｛［"
_NARROW = str.maketrans("｛｝［］", "{}[]")
"""Brackets as keyboards of East Asia write them."""
_WIDE_OR_STRING = pattern(r'"(?:\\.|[^"\\])*+"|“[^”]*+”|＂[^＂]*+＂|[｛｝［］]', re.DOTALL)


class Reader:
    """Reads the values of one type; calling it reads a text, `from_json` a value of JSON's types.

    Both raise `ReadError` for what is no value of the type.

    Args:
        annotation: the type.
        meanings: finds what a text may mean.
    """

    def __init__(self, annotation: Any, meanings: type[Meanings] = Meanings) -> None:
        self.annotation = annotation
        self.optional = allows_none(annotation)
        plain = plain_annotation(annotation)
        arms = [arm for arm in get_args(plain) if arm is not type(None)] if self.optional else []
        self._core = (
            plain_annotation(arms[0]) if len(arms) == 1 and get_origin(plain) is not Literal else plain
        )
        self._bare = annotation is plain
        self._is_scalar = (
            reader_of(self._core) is not None or get_origin(self._core) is Literal or is_enum(self._core)
        )
        # What the reader of a scalar gives needs no second look, unless notes in `Annotated` say more.
        self._direct = reader_of(plain) if self._bare else None
        given = get_args(plain) if self._bare and get_origin(plain) is Literal else ()
        self._choices = frozenset(choice for choice in given if type(choice) is str)
        # Whether numbers of JSON have to come with every digit.
        self.is_exact = mentions_decimal(annotation)
        self._meanings = meanings(self._core, self.is_exact)
        self._validator: Any = None
        self._is_strict: bool | None = None
        self._may_be_none = True
        self.quick: Callable[[str], Any] = self._quick()
        """The same for a text that most likely is written as it was asked for."""

    def _quick(self) -> Callable[[str], Any]:
        if self.annotation is str:
            return self._quick_text
        if self.annotation in (int, float):
            return self._quick_number
        return self._quick_choice if self._choices else self

    def _quick_text(self, text: str) -> Any:
        return self(text) if "<" in text or "##" in text or text[:1] in _DRAFT_SIGNS else text

    def _quick_number(self, text: str) -> Any:
        return int(text) if text.isdecimal() and len(text) < _FEW and self.annotation is int else self(text)

    def _quick_choice(self, text: str) -> Any:
        return text if text in self._choices else self(text)

    def __call__(self, text: str) -> Any:
        """The value that a text is."""
        if "<" in text or text[:1] == "◁" or text[:7] == "[THINK]":
            if CHANNEL in text and self.annotation is not str:
                text = final_channel(text)
            text = self._answered(text)
        if self.annotation is str:
            return unescape_markers(text)
        if self._direct is not None:
            if text[:1] == "{":
                self._refuse_another(text)
            return self._direct(text)
        if text in self._choices:
            return text
        if self.optional and is_none(text) and not is_choice(text, self.annotation):
            return None
        if self.optional and self._is_scalar and is_dash(text) and not is_choice(text, self.annotation):
            return None
        if self._core is str or self._core is Any:
            return self._validated(unescape_markers(text) if self._core is str else _any_value(text))
        if is_text_type(self._core):
            return self._text(unescape_markers(text))
        return self._validated(self._scalar(text)) if self._is_scalar else self._structured(text)

    def _answered(self, text: str) -> str:
        """The text behind the draft that it begins with. Raises ReadError where there is nothing behind."""
        found = without_leading_draft(text, self._meanings.names)
        if found or not text.strip() or not (self.annotation is str or is_endless(text)):
            return found
        raise ReadError("holds what was thought only, and no answer behind it")

    def from_json(self, value: Any) -> Any:
        """The value that a value of JSON's types is."""
        if isinstance(value, str) and not (self._core is str or self._is_scalar):
            if value[:1] == "<" and not may_be_text(self._core):
                return self(value)  # XML inside of JSON
            try:
                return self._fitted(value)
            except ReadError:
                return self(value)
        if self._is_scalar:
            if isinstance(value, str):
                return self(value)
            if isinstance(value, dict) and len(value) == 1:
                ((key, inner),) = value.items()
                if self._is_named_by(str(key)) and not isinstance(inner, dict):
                    return self.from_json(inner)  # {"answer": true} where a truth value was asked for
        return self._fitted(value)

    def _text(self, text: str) -> Any:
        """A text of a type of its own; one that stands in an object, as the type's schema has it, too."""
        found = self._meanings.whole_json(text.strip())
        if (
            found is not None
            and isinstance(found[0], dict)
            and found[0].keys() == self._core.model_fields.keys()
        ):
            return self._validated(found[0])
        return self._validated(text)

    def _scalar(self, text: str) -> Any:
        core = self._core
        if text[:1] == "{":
            self._refuse_another(text)
        if (read := reader_of(core)) is not None:
            return read(text)
        if is_enum(core):
            return choices.read_enum(text, core)
        return choices.read_choice(text, get_args(core))

    def _refuse_another(self, text: str) -> None:
        """Refuse an object whose key says something else than its value: `{"rejected": true}`."""
        value = (candidates.whole_json(text) or (None,))[0]
        while isinstance(value, dict) and len(value) == 1:
            ((key, value),) = value.items()
            if not self._is_named_by(key):
                raise ReadError(f"is {shown(text)}, which says something else")

    def _is_named_by(self, key: str) -> bool:
        """Whether a key says no more than that its value is one of this type."""
        if self._core is bool and _SAYS_SO.match(key):
            return True
        if key.lower() == getattr(self._core, "__name__", ""):
            return True  # {"date": …}
        return is_neutral(key) or (
            is_enum(self._core) and field_named(key, {self._core.__name__: 0}) is not None
        )

    def _structured(self, text: str) -> Any:
        """The first reading of the text that the type accepts; among equals, all must agree."""
        if text[:1] in _OPENING and (found := self._strictly(text)) is not _NOTHING:
            return found
        text = unescape_markers(text.strip().removeprefix("\ufeff"))
        if text[:1] in _WIDE and text[:1]:
            text = _WIDE_OR_STRING.sub(
                lambda part: part[0].translate(_NARROW) if len(part[0]) == 1 else part[0], text
            )
        first_error: ReadError | None = None
        for group in self._meanings.of(text):
            accepted: list[Any] = []
            pieces = self._meanings.is_list
            for value in group:
                try:
                    accepted.append(self._fitted(value))
                except ReadError as error:
                    first_error = first_error or error
                    continue
                # Several records, each for itself, are one list in pieces; several lists are not.
                pieces = pieces and isinstance(value, dict)
                if len(accepted) > 1 and not pieces:
                    if any(each != accepted[0] for each in accepted[1:]):
                        if (last := candidates.said_last(text)) is not None:
                            return self(last)
                        raise ReadError("contains several different values; write one")
                    del accepted[1:]
            if len(accepted) > 1:
                return [item for part in _different(accepted) for item in part]
            if accepted:
                return accepted[0]
        raise first_error or ReadError(f"is {text[:120]!r}, which is not of type {self._wanted()}")

    def _strictly(self, text: str) -> Any:
        """The value that a text is as JSON of the type, to the letter; `_NOTHING` where it is not.

        This is what a model writes that does as it is told, and pydantic reads it in one step. Words for
        nothing in a text that may be None, and markers, are read in the other way.
        """
        if self._is_strict is None:
            self._prepare_strict()
        if not self._is_strict or "##" in text:
            return _NOTHING
        if self._may_be_none and _NOTHING_SAID.search(text) is not None:
            return _NOTHING
        try:
            # A key that no attribute has may be one in another spelling.
            return self._validate_json(text, strict=True, extra="forbid", by_alias=True, by_name=True)
        except self._refusal:
            return _NOTHING

    def _prepare_strict(self) -> None:
        """Find out, with the first answer, how the type is read strictly; for some types it is not."""
        from pydantic import ValidationError

        is_strict = not self.is_exact and is_readable_strictly(self.annotation)
        if is_strict:
            self._may_be_none = mentions(self.annotation, allows_none)
            self._refusal = ValidationError
            self._validate_json = validator_for(self.annotation).validator.validate_json
        # Last, as another thread may read with the same reader.
        self._is_strict = is_strict

    def _fitted(self, value: Any) -> Any:
        try:
            return self._validated(fit(value, self.annotation))
        except RecursionError:
            raise ReadError("is nested too deeply") from None

    def _validated(self, value: Any) -> Any:
        if self._bare and type(value) is self.annotation and type(value) in (bool, int, float, str):
            return value
        from pydantic import ValidationError

        if self._validator is None:
            self._validator = validator_for(self.annotation)
        try:
            return self._validator.validate_python(value, by_alias=True, by_name=True)
        except ValidationError as error:
            raise as_read_error(error) from error

    def _wanted(self) -> str:
        return f"`{type_name(self.annotation)}`"


def reader_for(annotation: Any) -> Reader:
    """The reader of a type; one for each type, because validators are costly to make."""
    try:
        return _cached_reader(annotation)
    except TypeError:
        # A note in `Annotated` that cannot be hashed.
        return Reader(annotation)


@kept_by_type
def _cached_reader(annotation: Any) -> Reader:
    return Reader(annotation)


def _different(lists: list[Any]) -> Iterable[Any]:
    """The lists without those that are there already."""
    return {repr(each): each for each in lists}.values()


def _any_value(text: str) -> Any:
    found = candidates.whole_json(text.strip())
    return text if found is None else found[0]


_NOTHING: Any = object()
_OPENING = ("{", "[")
_NOTHING_SAID = pattern(
    r"[:\[,]\s*+\"[^\w\"~]*+(?:none|null|nil|n/a|na|not available|not applicable|~)?[^\w\"]*+\"", re.I
)
_SAYS_SO = pattern(r"(?:is|has|can|does|should|was)_(?!not|no_|non|un|in|dis|im|ir|il)", re.I)
