"""An answer cut into its sections: which text stands under which `[[ ## field ## ]]` marker."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, TypeAlias

from ...base.expressions import pattern
from ...base.frozen import frozen_record
from ..signature.fields import RESERVED

(END,) = RESERVED

_BEGIN, _CLOSE = "\n[[ ## ", " ## ]]"
_MARKED = r"\[\[[ \t]*+#{2,}+[ \t]*+([^\W\d]\w*+)[ \t]*+#{2,}+[ \t]*+\]\]"
_MARKER = pattern(_MARKED)
_LEADING = pattern(
    r"^(?P<before>[ \t]{0,40}(?:>[ \t]*+)*(?:(?:[-+•*]|\d{1,3}[.)])[ \t]++)?(?:#{1,6}[ \t]++)?[*_`\"'“]{0,4})"
    + _MARKED,
    re.MULTILINE,
)
_AFTER = pattern(r"[*_`\"'”]{0,4}(?P<colon>[ \t]*+:)?[*_]{0,3}[ \t]*+")
_REMAINS = pattern(r"(?:\A|\n)[ \t]*\[\[[ \t#\w]*\]?\Z|[ \t\n]\[\[[ \t]*##[ \t]*\w*[ \t]*#*[ \t]*\]?\Z")
_LAST = f"{_BEGIN}{END}{_CLOSE}"
_LINE_ENDS = ("\n", "")
_LONGEST_REMAINS = 100
_FENCE = pattern(r"^```\w*\n?|\n?```$")
_OPEN_DECORATION = "`\"'“"


Section: TypeAlias = tuple[str, str]
"""The name that a marker has, and the text below it, up to the next marker."""


@frozen_record
class _Mark:
    """A marker that counts: where its line's decoration begins, where its section's text does."""

    start: int
    end: int
    name: str


def split_sections(answer: str, fields: Collection[str]) -> list[Section]:
    """The sections of an answer, in order.

    A marker counts where it begins a line, as models are asked to write it: in any case and spacing, behind a
    list's bullet, quote marks or emphasis. Inside a sentence a marker is text, so an echo of the prompt's
    reminder is no answer. Two exceptions have no other reading: the end marker at the end of a line, and a
    whole answer on one line from the first marker to the end marker. What is left of a marker where the
    answer was cut off belongs to no section.

    Args:
        answer: what the model wrote.
        fields: the names of the fields that are looked for.
    """
    marks = answer.count("[[")
    if not marks:
        return []
    # The common case, fast: every marker is written as asked, alone on its line.
    _, *pieces = f"\n{answer}".split(_BEGIN)
    if len(pieces) < marks:
        return _split_tolerantly(answer, fields)
    sections: list[Section] = []
    for piece in pieces:
        name, closed, text = piece.partition(_CLOSE)
        if not closed or text[:1] not in _LINE_ENDS or (name not in fields and name != END):
            return _split_tolerantly(answer, fields)
        sections.append((name, text.strip()))
    return sections


def has_sections(answer: str, fields: Collection[str]) -> bool:
    """Whether an answer has the section of a field."""
    return "[[" in answer and any(name in fields for name, _ in split_sections(answer, fields))


AsAsked: TypeAlias = "tuple[tuple[str, Callable[[str], Any], str], ...]"
"""The fields of an answer as it was asked for, in their order: a field's name, what reads its text, and the
marker that follows.
"""


def read_as_asked(answer: str, first: str, fields: AsAsked) -> dict[str, Any] | None:
    """The values in an answer that has the markers it was asked for, in their order and no others, each alone
    on its line; None for any other answer, which `split_sections` cuts.

    Args:
        answer: what the model wrote.
        first: the marker of the first field; see `marker_of`.
        fields: the fields.

    Raises:
        ReadError: a text is no value of its field.
    """
    if not fields or answer.count("[[") != len(fields) + 1:
        return None
    _, found, rest = f"\n{answer}".partition(first)
    if not found:
        return None
    values: dict[str, Any] = {}
    for name, read, following in fields:
        text, found, rest = rest.partition(following)
        if not found:
            return None
        text = text.strip()
        if text[:1] in ECHO_STARTS and is_echo(name, text):
            return None
        values[name] = read(text)
    return values if rest[:1] in _LINE_ENDS else None


def as_asked(readers: Sequence[tuple[str, Callable[[str], Any]]]) -> tuple[str, AsAsked]:
    """The first marker, and the fields, for `read_as_asked`."""
    names = [name for name, _ in readers]
    following = [*map(marker_of, names[1:]), _LAST]
    fields = tuple((name, read, end) for (name, read), end in zip(readers, following, strict=bool(names)))
    return marker_of(names[0]) if names else "", fields


def marker_of(name: str) -> str:
    """The line of a field's marker, with the ends of the lines around it."""
    return f"{_BEGIN}{name}{_CLOSE}\n"


def is_echo(name: str, text: str) -> bool:
    """Whether a section repeats the prompt: its layout with the placeholders, or its reminder."""
    return is_placeholder(name, text) or is_reminder(text)


def is_placeholder(name: str, text: str) -> bool:
    """Whether a section is what stands for a value in the layout of an exchange."""
    head = f"{{{name}}}"
    return text == head or text.startswith(f"{head}        # note:")


def is_reminder(text: str) -> bool:
    """Whether a text is the reminder of the output format."""
    return text.startswith("Respond with the corresponding output fields, starting with the field `[[ ## ")


ECHO_STARTS = ("{", "R")
"""How a section begins that repeats the prompt."""


def _split_tolerantly(answer: str, fields: Collection[str]) -> list[Section]:
    answer = _without_remains(answer, fields)
    marks = list(_leading_marks(answer, fields))
    if len({mark.name for mark in marks}) == 1:
        marks = _marks_of_one_line(answer, marks[0], fields) or marks
    sections: list[Section] = []
    stops = [mark.start for mark in marks[1:]] + [len(answer)] if marks else []
    for mark, stop in zip(marks, stops, strict=True):
        text, ended = _up_to_end_marker(answer[mark.end : stop])
        sections.append((mark.name, text.strip()))
        if ended:
            sections.append((END, ""))
    return sections


def _leading_marks(answer: str, fields: Collection[str]) -> Iterator[_Mark]:
    """The markers that begin a line."""
    for match in _LEADING.finditer(answer):
        after = _AFTER.match(answer, match.end())
        end = match.end() if after is None else after.end()
        following = answer[end : end + 1]
        if following in (",", ".", ";", ")"):
            continue  # a line of prose happens to begin here
        quoted = match["before"][-1:] in tuple(_OPEN_DECORATION)
        if quoted and following not in ("", "\n", "\r") and not (after and after["colon"]):
            continue  # `[[ ## answer ## ]]` is mentioned, with words behind it
        yield _Mark(match.start(), end, _spelled(match[2], fields))


def _marks_of_one_line(answer: str, first: _Mark, fields: Collection[str]) -> list[_Mark]:
    """The markers of an answer that is one line from the first marker to the end marker, else none."""
    stop = answer.find("\n", first.end)
    found = [first]
    for match in _MARKER.finditer(answer, first.end, len(answer) if stop < 0 else stop):
        around = answer[match.start() - 1] + answer[match.end() : match.end() + 1]
        if any(char in _OPEN_DECORATION + ",.;" for char in around):
            return []
        found.append(_Mark(match.start(), match.end(), _spelled(match[1], fields)))
    names = [mark.name for mark in found]
    whole = names[-1] == END and len(set(names)) == len(names) and all(name in fields for name in names[:-1])
    return found if whole and len(names) > 2 else []


def _up_to_end_marker(text: str) -> tuple[str, bool]:
    """A section's text up to an end marker that ends a line, and whether there is one."""
    if END in text.lower():
        for match in _MARKER.finditer(text):
            if match[1].lower() == END and _ends_line(text, match):
                return text[: match.start()], True
    return text, False


def _ends_line(text: str, match: re.Match[str]) -> bool:
    before, after = text[max(0, match.start() - 1) : match.start()], text[match.end() : match.end() + 40]
    return before not in tuple(_OPEN_DECORATION) and not after.partition("\n")[0].strip(" \t\r*_")


def _without_remains(answer: str, fields: Collection[str]) -> str:
    """The answer without the beginning of a marker at its end, where it was cut off."""
    stripped = answer.rstrip()
    match = _REMAINS.search(stripped, max(0, len(stripped) - _LONGEST_REMAINS))
    if match is None:
        return answer
    begun = "".join(match[0].split()).lower().replace("#", "")
    wanted = begun.removeprefix("[[").rstrip("]")
    if not any(name.lower().startswith(wanted) for name in (END, *fields)):
        return answer
    return stripped[: match.start()]


def _spelled(name: str, fields: Collection[str]) -> str:
    """The field that a marker in another case names, or its own spelling when there is none."""
    if name in fields or name == END:
        return name
    lowered = name.lower()
    return END if lowered == END else next((field for field in fields if field.lower() == lowered), name)


def is_whole_object(answer: str) -> bool:
    """Whether an answer is one JSON object with nothing missing at its end, in a code fence or not."""
    text = _FENCE.sub("", answer.strip()).strip()
    if not (text.startswith("{") and text.endswith("}")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
