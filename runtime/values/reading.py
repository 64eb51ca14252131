"""A field's text to a value of its type: tolerant of how models write, sound about what they mean."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from ...base.expressions import pattern
from ...base.later import loaded
from ..types.annotations import (
    allows_none,
    is_custom_type,
    is_text_type,
    kept_by_type,
    plain_annotation,
    type_name,
)
from ..types.records import record_fields
from . import candidates, choices, markup, outlines, repair
from .drafts import CHANNEL, final_channel, is_endless, without_leading_draft
from .fitting import field_named, fit, is_choice, is_one_or_several, refuse_commas_inside
from .rendering import unescape_markers
from .scalars import reader_of
from .validation import validator_for
from .words import ReadError, bare, is_dash, is_neutral, is_none, shown

__all__ = ["ReadError", "Reader", "read_object", "reader_for"]

_DRAFT_SIGNS = ("◁", "[")
_FEW = 16
_WIDE = "｛［"
_NARROW = str.maketrans("｛｝［］", "{}[]")
"""Brackets as keyboards of East Asia write them."""
_WIDE_OR_STRING = pattern(r'"(?:\\.|[^"\\])*+"|“[^”]*+”|＂[^＂]*+＂|[｛｝［］]', re.DOTALL)
MOST_PARTS = 1000
"""How many bracketed or fenced values an answer may hold; more are a runaway."""


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
        self._is_scalar = (
            reader_of(self._core) is not None or get_origin(self._core) is Literal or _is_enum(self._core)
        )
        # What the reader of a scalar gives needs no second look, unless notes in `Annotated` say more.
        self._direct = reader_of(plain) if self._bare else None
        given = get_args(plain) if self._bare and get_origin(plain) is Literal else ()
        self._choices = frozenset(choice for choice in given if type(choice) is str)
        # Whether numbers of JSON have to come with every digit.
        self.is_exact = mentions_decimal(annotation)
        self._names = frozenset(name.lower() for name in record_fields(self._core) or ())
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
        found = without_leading_draft(text, self._names)
        if found or not text.strip() or not (self.annotation is str or is_endless(text)):
            return found
        raise ReadError("holds what was thought only, and no answer behind it")

    def from_json(self, value: Any) -> Any:
        """The value that a value of JSON's types is."""
        if isinstance(value, str) and not (self._core is str or self._is_scalar):
            if value[:1] == "<" and not _may_be_text(self._core):
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
        found = self._json(text.strip())
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
        if _is_enum(core):
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
            _is_enum(self._core) and field_named(key, {self._core.__name__: 0}) is not None
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
        if self._of_numbers and outlines.bullets(text) is None:
            refuse_commas_inside(text)
        first_error: ReadError | None = None
        for group in self._readings(text):
            accepted: list[Any] = []
            pieces = self._is_list
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
            self._may_be_none = _mentions(self.annotation, allows_none)
            self._refusal = ValidationError
            self._validate_json = validator_for(self.annotation).validator.validate_json
        # Last, as another thread may read with the same reader.
        self._is_strict = is_strict

    def _readings(self, text: str) -> Iterator[Iterable[Any]]:
        """Groups of values that the text may be, the most literal first."""
        if (found := self._json(text)) is not None:
            yield found
            if isinstance(found[0], str) and (inner := self._json(found[0])) is not None:
                yield inner
        fences = candidates.fenced(text)
        spans = list(islice(candidates.bracketed(text), MOST_PARTS + 1))
        if max(len(spans), len(fences)) > MOST_PARTS:
            raise ReadError(f"contains more than {MOST_PARTS} separate values; write one")
        if self._of_texts:
            spans = [span for span in spans if span.alone or _is_list_in_sentence(text, span)]
        yield from self._values_of(fences)
        if self._is_list and outlines.BOX.match(text) is not None:
            yield from self._itemized(text)
        alone = [span.text for span in spans if span.alone]
        parts = [span.text for span in spans]
        if 0 < len(alone) < len(parts):
            # What has its lines for itself is meant before what a sentence mentions, such as `[2]`.
            yield from self._values_of(alone)
        yield self._all_json(parts)
        for source in (text, *fences[:1]):
            if (element := markup.elements(source)) is not None:
                yield self._of_element(*element)
        if (call := self._python(text)) is not None:
            yield [call]
        elif "=" in text and (names := self._record_names):
            yield repair.calls(text, names, self.is_exact)
        yield from self._itemized(text)
        if spans:
            if text[:1] in "{[":
                yield self._all_repaired([text])
            yield self._all_repaired(parts)
            yield self._all_repaired([text[spans[0].start :]])
            if '\\"' in text and (unescaped := _unescaped(parts[0])) is not None:
                yield self._all_repaired([unescaped])
        elif '":' in text:
            yield self._all_repaired(["{" + text + "}"])
        if text[:1] not in "{[":
            yield from self._outlined(text)
        if len(fences) == 1:
            yield from self._itemized(fences[0])
            yield from self._outlined(fences[0])
        if self._of_records and self._is_list:
            for source in (text, *fences[:1]):
                if (rows := outlines.comma_separated(source, self._item_names)) is not None:
                    yield [rows]
        if not spans:
            source = fences[0].strip() if len(fences) == 1 and text[:3] in ("```", "~~~") else text
            if (
                self._is_collection
                and not (self._of_numbers and is_one_or_several(source))
                and (listed := outlines.listed(source)) is not None
            ):
                yield [listed]
            yield from self._as_text(source)

    def _of_element(self, name: str, content: Any) -> list[Any]:
        """What XML may mean: its content, or a record that has the element as a field."""
        wrapped = {name: content} if name else content
        if isinstance(content, markup.Element) and (called := markup.called_with(content)) is not None:
            return [called]
        if isinstance(content, str):
            found = self._json(content) or repair.repaired(content, self.is_exact)
            return [wrapped, *(found or [content])]
        return [wrapped, content]

    def _itemized(self, text: str) -> Iterator[Iterable[Any]]:
        """Tables and lists with dashes or numbers."""
        if "|" in text and (rows := outlines.table(text)) is not None:
            yield [rows, *_as_pairs(rows)]
            if self._is_collection and not self._of_records and (column := _as_column(rows)) is not None:
                yield [column]
        if (items := outlines.bullets(text)) is not None:
            kind = (*get_args(self._core), Any)[0]
            if self._is_list and len(items) == 1 and is_none(items[0]) and not is_choice(items[0], kind):
                yield [[]]  # a list of which the only item says that there is none
            if self._is_collection and not self._of_records:
                yield [items]
            if not self._is_list and (found := outlines.pairs("\n".join(items))) is not None:
                yield [found]

    def _outlined(self, text: str) -> Iterator[Iterable[Any]]:
        """Headings, lines of `key: value`, YAML."""
        if (headed := outlines.headed(text)) is not None:
            yield [headed]
        if (found := outlines.pairs(text)) is not None:
            yield [found]
        if (tree := self._yaml(text)) is not None:
            yield [tree]
        if self._is_list and self._of_records and (several := outlines.paragraphs(text)) is not None:
            yield [several]
        if self._names and (said := outlines.labelled(text, self._names)) is not None:
            yield [said]

    def _yaml(self, text: str) -> Any:
        return outlines.yaml(text)

    def _as_text(self, text: str) -> Iterator[Iterable[Any]]:
        """What is plain text may still be a value: a date, a list of one, a type with a reader of its own."""
        if self._is_collection and self._core is not dict:
            if is_none(text) and text.strip() and not is_choice(text, self._core):
                yield [{} if get_origin(self._core) is dict else []]
                return
            if not text.strip() or "\n" in text.strip() or _is_prose(text):
                return
        is_value = record_fields(self._core) is None or is_custom_type(self._core)
        if is_value:
            yield [text]

    def _values_of(self, parts: list[str]) -> Iterator[Iterable[Any]]:
        yield self._all_json(parts)
        yield self._all_repaired(parts)

    def _all_json(self, parts: Iterable[str]) -> Iterator[Any]:
        return (value for part in parts for value in self._json(part) or ())

    def _all_repaired(self, parts: Iterable[str]) -> Iterator[Any]:
        return (value for part in parts for value in repair.repaired(part, self.is_exact) or ())

    def _json(self, text: str) -> tuple[Any] | None:
        return candidates.whole_json(text, self.is_exact)

    def _python(self, text: str) -> Any:
        """What Python writes for a value: `(1, "a")`, `set()`, `Note(title='…')`."""
        stripped = bare(text)
        name, opening, rest = stripped.partition("(")
        if not opening or stripped[-1:] != ")" or is_none(text):
            return None
        core = get_origin(self._core) or self._core
        name = _ASSIGNED.sub("", name)
        stripped = stripped[-len(name) - len(rest) - 1 :]
        allowed = {"set", "frozenset", "list", "tuple", "dict"} if self._is_collection else set()
        if core in (tuple, list, set, frozenset):
            allowed.add("")
        named = name.rpartition(".")[2] in allowed
        # A record's own name, another's of a union, or any function that is called with the attributes.
        if name in _SHOWN_BY and repair.is_call_by_name(rest):
            named = True  # print(Note(title='…'))
        if not named and (self._is_collection or not repair.is_call_by_name(stripped)):
            return None
        found = repair.repaired(stripped, self.is_exact)
        return None if found is None else found[0]

    @property
    def _of_records(self) -> bool:
        """Whether a list's items are records."""
        arguments = get_args(self._core)
        return bool(arguments) and record_fields(arguments[0]) is not None

    @property
    def _record_names(self) -> list[str]:
        """What the records that a value may be, or hold as items, are called."""
        kinds = (self._core, *map(plain_annotation, get_args(self._core)))
        return [kind.__name__ for kind in kinds if isinstance(kind, type) and record_fields(kind) is not None]

    @property
    def _of_texts(self) -> bool:
        """Whether a value is a list of texts, of which brackets may be a part: `Buy milk [urgent]`."""
        return self._is_list and get_args(self._core)[:1] == (str,)

    @property
    def _of_numbers(self) -> bool:
        """Whether a list's items are numbers."""
        return get_args(self._core)[:1] in ((int,), (float,))

    @property
    def _item_names(self) -> frozenset[str]:
        """What a list's records call their attributes, in lower case."""
        return frozenset(name.lower() for name in record_fields(get_args(self._core)[0]) or ())

    @property
    def _is_list(self) -> bool:
        return (get_origin(self._core) or self._core) is list

    @property
    def _is_collection(self) -> bool:
        core = get_origin(self._core) or self._core
        return core in (list, dict, set, tuple, frozenset)

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
            raise _as_read_error(error) from error

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
    exact = any(reader.is_exact for _, reader in readers)
    accepted: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    for source in (text, *candidates.fenced(text)):
        spans = list(islice(candidates.bracketed(source), MOST_PARTS + 1))
        if len(spans) > MOST_PARTS:
            return None
        for span in spans:
            if span.text in seen or not any(name in span.text for name, _ in readers):
                continue
            seen.add(span.text)
            found = candidates.whole_json(span.text, exact) or repair.repaired(span.text, exact)
            read = None if found is None else _read_fields(found[0], readers)
            if read is not None:
                accepted.setdefault(repr(read), read)
                if len(accepted) > 1:
                    return None
    return next(iter(accepted.values()), None)


def read_under(name: str, value: Any, read: Reader) -> tuple[Any] | None:
    """The value of a field that stands in an object, or a text of one, under the field's name and with
    nothing else: `{"approved": true}`. None for any other value.

    Raises:
        ReadError: it is no value of the type.
    """
    if isinstance(value, str):
        stripped = value.strip()
        value = (candidates.whole_json(stripped) or (None,))[0] if stripped[:1] == "{" else None
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((key, inner),) = value.items()
    if field_named(key, {name: None}) is None or isinstance(inner, (dict, list)):
        return None
    return (read.from_json(inner),)


def read_json(name: str, value: Any, read: Reader) -> Any:
    """The value of a field that is a value of JSON's types, of itself or in an object under the field's name.

    Raises:
        ReadError: it is no value of the type.
    """
    try:
        return read.from_json(value)
    except ReadError:
        if (own := read_under(name, value, read)) is None:
            raise
        return own[0]


def _read_fields(value: Any, readers: Sequence[tuple[str, Reader]]) -> dict[str, Any] | None:
    if not isinstance(value, dict) or not any(name in value for name, _ in readers):
        return None
    if not all(name in value or reader.optional for name, reader in readers):
        return None
    try:
        return {name: read_json(name, value[name], reader) for name, reader in readers if name in value}
    except ReadError:
        return None


@kept_by_type
def _cached_reader(annotation: Any) -> Reader:
    return Reader(annotation)


def _different(lists: list[Any]) -> Iterable[Any]:
    """The lists without those that are there already."""
    return {repr(each): each for each in lists}.values()


def _any_value(text: str) -> Any:
    found = candidates.whole_json(text.strip())
    return text if found is None else found[0]


def is_readable_strictly(annotation: Any, within: tuple[Any, ...] = ()) -> bool:
    """Whether what pydantic reads strictly as JSON of a type is what it means here, too.

    Of a union with several types, which of them a value is meant to be is decided here; a type of the user's
    own says itself what it takes.
    """
    if annotation in within:
        return True
    kind = plain_annotation(annotation)
    if get_origin(kind) is Literal or kind in (str, int, float, bool) or _is_enum(kind):
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
    return bool(decimals) and _mentions(annotation, lambda kind: kind in decimals)


def _mentions(annotation: Any, is_meant: Callable[[Any], bool]) -> bool:
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


_NOTHING: Any = object()
_OPENING = ("{", "[")
_NOTHING_SAID = pattern(
    r"[:\[,]\s*+\"[^\w\"~]*+(?:none|null|nil|n/a|na|not available|not applicable|~)?[^\w\"]*+\"", re.I
)
_SAYS_SO = pattern(r"(?:is|has|can|does|should|was)_(?!not|no_|non|un|in|dis|im|ir|il)", re.I)
_SHOWN_BY = frozenset({"print", "repr", "str", "return", "json.dumps", "console.log"})
_ASSIGNED = pattern(r"^[^\W\d]\w*(?:\s*:\s*\w+)?\s*=\s*(?:new\s+)?")


def _as_pairs(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a table of two columns as one dict, names in the first, and a table's only row."""
    if len(rows) == 1:
        return [rows[0]]
    cells = [list(row.values()) for row in rows]
    if len(cells[0]) != 2 or len({name for name, _ in cells}) < len(cells):
        return []
    return [{name.strip("*_`"): value for name, value in cells}]


def _as_column(rows: list[dict[str, Any]]) -> list[Any] | None:
    """The cells of a table of one column, or of one beside a column that numbers them."""
    cells = [list(row.values()) for row in rows]
    if cells and len(cells[0]) == 2 and all(row[0].rstrip(".") == str(at) for at, row in enumerate(cells, 1)):
        return [row[1] for row in cells]
    return [row[0] for row in cells] if cells and len(cells[0]) == 1 else None


def _unescaped(text: str) -> str | None:
    r"""What `{\"name\": \"Ada\"}` means, a text of JSON that was written as text once more."""
    try:
        found = json.loads('"' + text.replace("\n", "\\n").replace("\t", "\\t") + '"')
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def _is_list_in_sentence(text: str, span: candidates.Span) -> bool:
    """Whether what stands in brackets in a sentence is a list of texts, rather than a remark or a source."""
    if span.text[:1] != "[" or any(quote in span.text for quote in "\"'“‘`"):
        return True
    if text[: span.start].rstrip()[-1:] in (":", "="):
        return True
    return "," in span.text and any(char.isalpha() for char in span.text)


def _is_enum(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, enum.Enum)


def _may_be_text(annotation: Any) -> bool:
    """Whether a text, or a list of texts, is a value of a type."""
    kind = plain_annotation(annotation)
    origin = get_origin(kind)
    if origin in (Union, UnionType, list, set, frozenset, tuple):
        return any(_may_be_text(each) for each in get_args(kind))
    return kind in (str, Any, object, list, set, frozenset, tuple) or is_text_type(kind)


def _is_prose(text: str) -> bool:
    """Whether a text is a sentence rather than an item."""
    return text.rstrip().endswith((".", "!", "?")) and " " in text.strip()


_MOST_PROBLEMS = 3
"""How many of the things that are wrong in a value are told."""
_LONGEST_VALUE = 80
"""How much is shown of a value that is of another type; one that breaks a condition is shown whole."""
_OF_ANOTHER_FORM = pattern(r".*(_type|_parsing|extra_forbidden)$")


def _as_read_error(error: Any) -> ReadError:
    """What pydantic finds wrong, each with its path in the value."""
    inside: list[tuple[str, str, str]] = []
    for problem in error.errors(include_url=False)[:_MOST_PROBLEMS]:
        if problem["type"] == "missing":
            inside.append((_path(problem["loc"]), "", "is missing"))
            continue
        value = repr(problem["input"])
        if _OF_ANOTHER_FORM.match(problem["type"]):
            value = value[:_LONGEST_VALUE]
        reason = problem["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        inside.append((_path(problem["loc"]), value, reason))
    return ReadError("does not fit: " + "; ".join(_told(*each) for each in inside), inside)


def _told(path: str, value: str, reason: str) -> str:
    place = f"at `{path.removeprefix('.')}`: " if path else ""
    return f"{place}{reason} (it is {value})" if value else f"{place}it {reason}"


def _path(steps: Sequence[str | int]) -> str:
    """Steps into a value as one writes them: `.address.lines[0]`."""
    # Steps with a bracket are pydantic's own: the branch of a union, a function that checks.
    plain = [step for step in steps if isinstance(step, int) or "[" not in step]
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in plain)
