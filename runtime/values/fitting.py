"""JSON values bent to a type before pydantic judges them: keys in another case, numbers in strings, one item
for a list.

What is not clearly meant stays as it is, so that validation refuses it.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
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

from ...base.expressions import pattern
from ...base.later import loaded
from ..types.annotations import allows_none, is_text_type, kept_by_type, plain_annotation
from ..types.records import record_fields, schema_keys
from . import candidates, choices, outlines
from .markup import Element
from .repair import Mended, NumberText, repaired
from .scalars import reader_of
from .validation import validate
from .words import ReadError, bare, is_dash, is_none

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
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
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
        value = _items_of_text(value, arguments)
    if isinstance(value, dict):
        value = _items_of_dict(value, arguments)
    elif isinstance(value, (int, float, bool)):
        value = [value]
    if not isinstance(value, (list, tuple)):
        return value
    if len(value) == 1 and isinstance(value[0], str) and arguments[:1] in ((int,), (float,)):
        value = _spaced_numbers(value[0]) or value
    if any(map(_is_group, value, value[1:])) and any(map(_is_number, arguments)):
        raise ReadError(_COMMAS)
    if origin is tuple and arguments and arguments[-1] is not ...:
        fitted = [fit(item, kind) for item, kind in zip(value, arguments, strict=False)]
        return fitted + list(value[len(arguments) :])
    fit_item = fitter(arguments[0] if arguments else Any)
    return [fit_item(item) for item in value]


def _items_of_text(text: str, arguments: tuple[Any, ...]) -> Any:
    stripped = text.strip()
    kind = arguments[0] if arguments else Any
    is_decimal = kind in loaded("decimal", "Decimal")
    if stripped[:1] in "[{" and (found := candidates.whole_json(stripped, is_decimal)) is not None:
        return found[0]
    if (items := outlines.bullets(stripped)) is not None:
        return items
    if _is_number(kind):
        refuse_commas_inside(stripped)
    if _WRITTEN_OUT.match(stripped) is not None or (stripped[:1] == "[" and stripped[-1:] == "]"):
        written = repaired(stripped, is_decimal)
        if written is not None and isinstance(written[0], (list, dict)):
            return written[0]
        if stripped[:1] == "[" and _WRITTEN_OUT.match(stripped) is not None:
            return text  # a list, of which it cannot be told what is in it
    if is_none(stripped) and not is_choice(stripped, kind):
        return []
    if kind in (str, Any) and stripped[:1] == "<" and stripped[-1:] == ">":
        return [text]
    if (kind in (str, Any) or _is_closed(kind)) and "\n" not in stripped:
        return outlines.listed(stripped) or [outlines.unquoted(stripped) if stripped[:1] in "\"'" else text]
    if kind in (int, float):
        if is_one_or_several(stripped):
            return text
        if ";" in stripped and _NUMBERS.fullmatch(stripped):
            return [part.strip() for part in stripped.split(";")]
        if "\n" in stripped and "," in stripped and _NUMBERS.fullmatch(stripped):
            return [line.strip().removesuffix(",") for line in stripped.splitlines() if line.strip()]
        if _NUMBERS.fullmatch(stripped):
            return [part for part in re.split(r"\s*[,;\s]\s*(?:and\s+)?|\s+and\s+", stripped) if part]
        return [text] if _ONE_NUMBER.fullmatch(stripped) else text
    return [text] if kind is bool or is_decimal else text


def _is_number(kind: Any) -> bool:
    return kind in (int, float) or kind in loaded("decimal", "Decimal")


def _is_group(before: Any, value: Any) -> bool:
    """Whether two items of a list are one number with a comma inside: what of `1,000` stands behind it."""
    return (
        type(value) is str
        and _GROUP.fullmatch(value) is not None
        and _FIRST.fullmatch(str(before)) is not None
    )


def refuse_commas_inside(text: str) -> None:
    """Refuse a list of numbers with commas in and between them, which would be read as more numbers.

    Raises:
        ReadError: the text is such a list: `1,200, 3,400` or `0,5; 0,7`.
    """
    if _THOUSANDS.search(text) is not None or (";" in text and _FRACTIONS.search(text) is not None):
        raise ReadError(_COMMAS)


_COMMAS = "contains numbers with commas inside; write them without"
_THOUSANDS = pattern(
    r"(?<![\d.,])\d{1,3}(?:,\d{3})++(?:\.\d++)?(?:,[ \t]|[ \t]*+;)\s*+[^\w\s]?\d"
    r"|\d(?:,[ \t]|[ \t]*+;)\s*+[^\w\s]?\d{1,3}(?:,\d{3})++(?!\d)"
)
_FRACTIONS = pattern(r"\d,\d++\s*+;")


def is_one_or_several(text: str) -> bool:
    """Whether a text of digits may be one number with commas, or several: `1,234`."""
    return _WITH_COMMAS.fullmatch(text.strip()) is not None


def _spaced_numbers(text: str) -> list[str] | None:
    """The numbers of `[1 2 3]`, as NumPy writes lists; None for what may be one in groups, or is none."""
    if _SPACED.fullmatch(text) is None or _GROUPS.fullmatch(text) is not None:
        return None
    return text.split()


_WRITTEN_OUT = pattern(r"[\[({]\s*+[\"'“‘]")
"""How a list begins whose first item is a text."""
_FIRST = pattern(r"[^\w\s]{0,2}[1-9]\d{0,2}")
_GROUP = pattern(r"0\d\d(?:\.\d++)?")
_WITH_COMMAS = pattern(r"[-+]?\d{1,3}(?:,\d{3})++")
_SPACED = pattern(r"\s*+[-+]?\d++\.?\d*+(?:\s++[-+]?\d++\.?\d*+)++\s*+")
_GROUPS = pattern(r"[-+]?\d{1,3}(?: \d{3})++")
_ONE_NUMBER = pattern(r"[^\w()]{0,3}[\d.,]+(?:[eE][-+]?\d+)?\s?[^\W\d]{0,12}[^\w()]{0,3}")
_NUMBERS = pattern(r"[-+]?[\d.]+(?:(?:\s*[,;]\s*(?:and\s+)?|\s+and\s+|\s+)[-+]?[\d.]+)+")


def _items_of_dict(value: dict[Any, Any], arguments: tuple[Any, ...]) -> Any:
    """One record for a list of them, or a list under a key that only wraps it."""
    fields = _wanted_fields(arguments[0]) if arguments else None
    if fields is not None and _covers(value, fields):
        return [value]
    if arguments and any(_covers(value, arm) for arm in _arms_of(arguments[0])):
        return [value]
    if not value:
        return []
    if (numbered := _in_their_order(value)) is not None:
        return numbered
    if (held := _called_with(value)) is not None:
        return _items_of_dict(held, arguments) if isinstance(held, dict) else held
    if (items := _only_list(value)) is not None:
        return items
    if fields is not None and len(value) == 1:
        ((_, only),) = value.items()
        if isinstance(only, dict) and _covers(only, fields):
            return [only]  # {"people": {…}}
    if len(value) == 1 and type(value) is Element:
        return list(value.values())  # <tags><tag>a</tag></tags>
    return value


def _arms_of(annotation: Any) -> list[dict[str, tuple[Any, bool]]]:
    """The attributes of each of the records that a value may be."""
    if get_origin(annotation) not in (Union, UnionType):
        return []
    return [fields for arm in get_args(annotation) if (fields := _wanted_fields(arm)) is not None]


def _only_list(value: Mapping[Any, Any]) -> list[Any] | None:
    """The list that an object holds and nothing else, but how long it is: `{"people": […], "count": 2}`."""
    lists = [inner for inner in value.values() if isinstance(inner, list)]
    if len(lists) != 1:
        return None
    others = [(key, inner) for key, inner in value.items() if inner is not lists[0]]
    told = all(_key(str(key)) in _LENGTHS and str(inner) == str(len(lists[0])) for key, inner in others)
    return lists[0] if told else None


_LENGTHS = ("count", "total", "length")


def _in_their_order(value: Mapping[Any, Any]) -> list[Any] | None:
    """The items of a list whose keys number them, from 0 or 1; single values where there are several."""
    keys = list(value)
    if not all(isinstance(inner, dict) for inner in value.values()) and (
        len(keys) < 2 or any(isinstance(inner, (dict, list)) for inner in value.values())
    ):
        return None
    if keys[0] not in ("0", "1", 0, 1) or not all(str(key).isdecimal() for key in keys):
        return None
    start = int(keys[0])
    return (
        list(value.values()) if [int(key) for key in keys] == list(range(start, start + len(keys))) else None
    )


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
    if isinstance(value, list) and value and all(_is_entry(item) for item in value):
        pairs = [tuple(item.values()) for item in value]
        value = dict(pairs) if len({key for key, _ in pairs}) == len(pairs) else value
    if _is_split(value) and len(arguments) == 2 and not _holds_dicts(arguments[1]):
        value = {key: inner for item in value for key, inner in item.items()}
    if not isinstance(value, dict) or len(arguments) != 2:
        return value
    if (
        len(value) == 1
        and not _holds_dicts(arguments[1])
        and isinstance(only := next(iter(value.values())), dict)
    ):
        value = only  # {"scores": {…}} where the scores were asked for
    return {fit(key, arguments[0]): fit(item, arguments[1]) for key, item in value.items()}


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


def _holds_dicts(annotation: Any) -> bool:
    """Whether values of a type may be dicts."""
    kind = plain_annotation(annotation)
    if get_origin(kind) in (Union, UnionType):
        return any(_holds_dicts(arm) for arm in get_args(kind))
    return kind in (Any, object, dict) or get_origin(kind) is dict or record_fields(kind) is not None


@lru_cache(maxsize=4096)
def _missing_of(annotation: Any) -> Mapping[str, Any]:
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


def _wanted_fields(annotation: Any) -> dict[str, tuple[Any, bool]] | None:
    """The fields of a record, as `record_fields` gives them; those that need not be said are not required."""
    fields = record_fields(annotation)
    if fields is None or not (missing := _missing_of(annotation)) or len(missing) == len(fields):
        return fields
    return {name: (kind, required and name not in missing) for name, (kind, required) in fields.items()}


_CALLED = (
    "arguments", "parameters", "args", "kwargs", "input", "inputs", "function", "tool_calls", "function_call",
    "tool_call", "tool_input", "action_input", "properties",
)  # fmt: skip
_OF_CALLS = frozenset(_CALLED) | {
    "name", "type", "id", "tool", "tool_name", "index", "action", "recipient_name", "required", "title",
    "thought",
}  # fmt: skip
"""The keys of a tool's call, which may stand around the attributes of a record."""
_DEEPEST = 4


def _inside(value: Mapping[Any, Any], fields: Mapping[str, tuple[Any, bool]]) -> dict[Any, Any] | None:
    """The record inside of what only wraps it: a single key, or a tool's call."""
    for _ in range(_DEEPEST):
        inner = _called_with(value)
        if inner is None and len(value) == 1 and value.keys().isdisjoint(_CALLED):
            inner = next(iter(value.values()))
        if isinstance(inner, str) and inner.strip()[:1] == "{":
            inner = (candidates.whole_json(inner) or (None,))[0]
        if isinstance(inner, list) and len(inner) == 1:
            inner = inner[0]
        if not isinstance(inner, dict):
            return None
        if _covers(inner, fields):
            return inner
        value = inner
    return None


def _called_with(value: Mapping[Any, Any]) -> Any:
    """The dict or list that a tool is called with; None for what is no call, or may be one of two."""
    if not value.keys() <= _OF_CALLS:
        return None
    keys = [key for key in _CALLED if key in value and _may_hold(value[key])]
    if len(keys) != 1:
        return None
    held = value[keys[0]]
    if isinstance(held, str):
        held = (candidates.whole_json(held) or (None,))[0]
    if keys[0] == "properties" and isinstance(held, dict) and _is_schema(held):
        return None
    return held if isinstance(held, (dict, list)) else None


_ENVELOPE = frozenset(
    {
        "status", "success", "ok", "code", "message", "error", "errors", "data", "result", "response",
        "output", "answer", "payload",
    }
)  # fmt: skip
_SAYS_ERROR = ("error", "errors")


def _in_envelope(value: Mapping[Any, Any]) -> dict[Any, Any] | None:
    """The only object in what servers put around their answers: `{"status": "ok", "data": {…}}`."""
    if not value.keys() <= _ENVELOPE or any(value.get(key) for key in _SAYS_ERROR):
        return None
    held = [inner for inner in value.values() if isinstance(inner, dict)]
    return held[0] if len(held) == 1 and not any(isinstance(each, list) for each in value.values()) else None


def _unprefixed(value: dict[Any, Any], annotation: Any) -> dict[Any, Any]:
    """The attributes of a record without its name, which all stand behind: `{"person_name": …}`."""
    prefix = _key(getattr(annotation, "__name__", ""))
    keys = [_key(str(key)) for key in value]
    if not prefix or not all(key.startswith(prefix) and len(key) > len(prefix) for key in keys):
        return value
    return dict(zip((key[len(prefix) :] for key in keys), value.values(), strict=True))


_TYPE_WORDS = ("string", "integer", "number", "boolean", "array", "object", "null")


def _is_schema(properties: Mapping[Any, Any]) -> bool:
    """Whether properties are what types attributes have, as in a JSON schema, rather than their values."""
    kinds = [inner.get("type") if isinstance(inner, dict) else inner for inner in properties.values()]
    found = [isinstance(kind, list) or kind in _TYPE_WORDS for kind in kinds]
    return all(found) or any(
        each and isinstance(inner, dict) for each, inner in zip(found, properties.values(), strict=True)
    )


def _may_hold(value: Any) -> bool:
    return isinstance(value, (dict, list)) or (isinstance(value, str) and value.strip()[:1] == "{")


class _RecordFitter:
    """Fits dicts to a record; its fields are looked at on first use, because a record may hold itself."""

    def __init__(self, annotation: Any) -> None:
        self._annotation = annotation
        self._fields: dict[str, tuple[Any, bool]] | None = None
        self._by_key: dict[str, tuple[str, Fit]] = {}
        self._empty: dict[str, Callable[[], Any]] = {}
        self._missing: Mapping[str, Any] = {}
        self._single: frozenset[str] = frozenset()
        self._records: Mapping[str, Mapping[str, tuple[Any, bool]]] = {}

    def __call__(self, value: Any) -> Any:
        fields = self._prepared()
        if isinstance(value, str) and value.strip()[:1] == "{" and (found := candidates.whole_json(value)):
            value = found[0]
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            value = value[0]
        if not isinstance(value, dict):
            return value
        if (len(value) == 1 or value.keys() <= _OF_CALLS) and not _covers(value, fields):
            # {"person": {…}} or a call of a function where the record itself was asked for.
            value = _inside(value, fields) or value
        elif (held := _in_envelope(value)) is not None and not _covers(value, fields):
            value = held if _covers(held, fields) else value
        elif value.keys().isdisjoint(self._by_key) and not _covers(value, fields):
            value = _unprefixed(value, self._annotation)
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
        if self._missing and not fitted.keys() >= self._missing.keys() and _covers(value, fields):
            return {**self._missing, **fitted}
        if self._records and not fitted.keys() >= self._records.keys():
            self._gather(fitted, fields)
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
                if (found := _attribute_of(key, name, inner)) is not None
            ]
            if len(owners) == 1:
                taken[owners[0][0]].setdefault(owners[0][1], key)
        for name, keys in taken.items():
            if keys and all(attribute in keys for attribute, (_, must) in missing[name].items() if must):
                values = {attribute: fitted.pop(key) for attribute, key in keys.items()}
                fitted[name] = self._by_key[name][1](values)

    def _prepared(self) -> dict[str, tuple[Any, bool]]:
        if self._fields is None:
            fields = _wanted_fields(self._annotation) or {}
            self._missing = _missing_of(self._annotation)
            self._by_key = {name: (name, fitter(annotation)) for name, (annotation, _) in fields.items()}
            self._empty = {
                name: dict if origin is dict else list
                for name, (annotation, _) in fields.items()
                if (origin := get_origin(annotation) or annotation) is dict or origin in _LISTS
            }
            self._single = frozenset(
                name for name, (annotation, _) in fields.items() if _is_single(annotation)
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
        and (is_none(value) or (is_dash(value) and not _takes_text(annotation)))
        and not is_choice(value, annotation)
    )


def _takes_text(annotation: Any) -> bool:
    """Whether a text, whichever it is, may be a value of a type."""
    kinds = [plain_annotation(each) for each in (annotation, *get_args(plain_annotation(annotation)))]
    return any(kind in (str, Any, object) or is_text_type(kind) for kind in kinds)


def is_choice(text: str, annotation: Any) -> bool:
    """Whether a word for nothing, such as "none" or "N/A", is one of the type's own choices."""
    kind = plain_annotation(annotation)
    if get_origin(kind) in (Union, UnionType):
        return any(is_choice(text, arm) for arm in get_args(kind))
    if get_origin(kind) is Literal:
        names = [str(choice) for choice in get_args(kind) if choice is not None]
    elif isinstance(kind, type) and issubclass(kind, enum.Enum):
        names = [name for name, member in choices.choices_of(kind).items() if member.value is not None]
    else:
        return False
    return bare(text).lower() in {name.lower() for name in names}


def _covers(value: Mapping[Any, Any], fields: Mapping[str, tuple[Any, bool]]) -> bool:
    names = {field_named(key, fields) for key in value}
    return bool(names - {None}) and all(name in names for name, (_, required) in fields.items() if required)


def field_named(key: Any, fields: Mapping[str, Any]) -> str | None:
    """The field that a key names, in any case and with any separators; None for none."""
    if key in fields:
        return str(key)
    wanted = _key(str(key))
    found = [name for name in fields if _key(name) == wanted]
    return found[0] if len(found) == 1 else None


def _attribute_of(key: str, record: str, attributes: Mapping[str, Any]) -> str | None:
    """The attribute of a record inside that a key beside it names."""
    found = field_named(key, attributes)
    if found is not None:
        return found
    folded, prefix = _key(key), _key(record)
    return field_named(folded.removeprefix(prefix), attributes) if folded.startswith(prefix) else None


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _is_single(annotation: Any) -> bool:
    """Whether the values of a type are single ones: a list of one can only mean that one."""
    kind = plain_annotation(annotation)
    return kind is str or _is_closed(kind) or reader_of(kind) is not None


def _is_closed(annotation: Any) -> bool:
    return get_origin(annotation) is Literal or (
        isinstance(annotation, type) and issubclass(annotation, enum.Enum)
    )
