"""The items of a list that stand in a text or in an object."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from ...base.expressions import pattern
from ...base.later import loaded
from . import candidates, outlines
from .keys import arms_of, covers, folded, wanted_fields
from .kinds import is_choice, is_closed
from .markup import Element
from .numbers import are_numbers, is_one_or_several, refuse_commas_inside
from .repair import repaired
from .words import is_none
from .wrappers import called_with

_WRITTEN_OUT = pattern(r"[\[({]\s*+[\"'“‘]")
"""How a list begins whose first item is a text."""
_SPACED = pattern(r"\s*+[-+]?\d++\.?\d*+(?:\s++[-+]?\d++\.?\d*+)++\s*+")
_GROUPS = pattern(r"[-+]?\d{1,3}(?: \d{3})++")
_ONE_NUMBER = pattern(r"[^\w()]{0,3}[\d.,]+(?:[eE][-+]?\d+)?\s?[^\W\d]{0,12}[^\w()]{0,3}")
_NUMBERS = pattern(r"[-+]?[\d.]+(?:(?:\s*[,;]\s*(?:and\s+)?|\s+and\s+|\s+)[-+]?[\d.]+)+")
_IN_DOUBLE = pattern(r"(?<!\S)\"[^\"]*+\"|“[^“”]*+”"), pattern(r"[\"”]\s*+,|,\s*+[\"“]")
_IN_SINGLE = pattern(r"(?<!\S)'[^']*+'"), pattern(r"'\s*+,|,\s*+'")
"""What a text says in quotes, and the quotes beside commas that else end it."""
_OPENS_SINGLE = pattern(r"[\[({]\s*+'")
_LENGTHS = ("count", "total", "length")


def items_of_text(text: str, arguments: tuple[Any, ...]) -> Any:
    """The items that a text lists; the text itself where it is not clear how many it means."""
    stripped = text.strip()
    kind = arguments[0] if arguments else Any
    is_decimal = kind in loaded("decimal", "Decimal")
    if stripped[:1] in "[{" and (found := candidates.whole_json(stripped, is_decimal)) is not None:
        return found[0]
    if (items := outlines.bullets(stripped)) is not None:
        return items
    if are_numbers(arguments):
        refuse_commas_inside(stripped)
    if _WRITTEN_OUT.match(stripped) is not None or (stripped[:1] == "[" and stripped[-1:] == "]"):
        written = repaired(stripped, is_decimal) or _leading(stripped, is_decimal)
        if written is not None and isinstance(written[0], (list, dict)):
            return text if holds_marks(stripped, written[0]) else written[0]
        if stripped[:1] == "[" and _WRITTEN_OUT.match(stripped) is not None:
            return text  # a list, of which it cannot be told what is in it
    if is_none(stripped) and not is_choice(stripped, kind):
        return []
    if kind in (str, Any) and stripped[:1] == "<" and stripped[-1:] == ">":
        return [text]
    if (kind in (str, Any) or is_closed(kind)) and "\n" not in stripped:
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


def _leading(text: str, is_decimal: bool) -> tuple[Any] | None:
    """The list that a text begins with, in a tuple, where only words stand behind it: `["a"]  # a note`."""
    spans = list(islice(candidates.bracketed(text), 2))
    if len(spans) != 1 or spans[0].start > 0:
        return None
    part = spans[0].text
    return candidates.whole_json(part, is_decimal) or repaired(part, is_decimal)


def holds_marks(text: str, value: Any) -> bool:
    """Whether what was repaired holds marks that end texts: `["a", b]` as one text, with a quote and a comma.

    Args:
        text: a list or an object as it was written.
        value: what came of it.
    """
    if isinstance(value, str):
        quoted, marks = _IN_SINGLE if _OPENS_SINGLE.match(text) is not None else _IN_DOUBLE
        return marks.search(quoted.sub("", value)) is not None
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(holds_marks(text, each) for each in inner)


def spaced_numbers(text: str) -> list[str] | None:
    """The numbers of `[1 2 3]`, as NumPy writes lists; None for what may be one in groups, or is none."""
    if _SPACED.fullmatch(text) is None or _GROUPS.fullmatch(text) is not None:
        return None
    return text.split()


def items_of_dict(value: dict[Any, Any], arguments: tuple[Any, ...]) -> Any:
    """One record for a list of them, or a list under a key that only wraps it."""
    fields = wanted_fields(arguments[0]) if arguments else None
    if fields is not None and covers(value, fields):
        return [value]
    if arguments and any(covers(value, arm) for arm in arms_of(arguments[0])):
        return [value]
    if not value:
        return []
    if (numbered := _in_their_order(value)) is not None:
        return numbered
    if (held := called_with(value)) is not None:
        return items_of_dict(held, arguments) if isinstance(held, dict) else held
    if (items := _only_list(value)) is not None:
        return items
    if fields is not None and len(value) == 1:
        ((_, only),) = value.items()
        if isinstance(only, dict) and covers(only, fields):
            return [only]  # {"people": {…}}
    if len(value) == 1 and type(value) is Element:
        return list(value.values())  # <tags><tag>a</tag></tags>
    return value


def _only_list(value: Mapping[Any, Any]) -> list[Any] | None:
    """The list that an object holds and nothing else, but how long it is: `{"people": […], "count": 2}`."""
    lists = [inner for inner in value.values() if isinstance(inner, list)]
    if len(lists) != 1:
        return None
    others = [(key, inner) for key, inner in value.items() if inner is not lists[0]]
    told = all(folded(str(key)) in _LENGTHS and str(inner) == str(len(lists[0])) for key, inner in others)
    return lists[0] if told else None


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
