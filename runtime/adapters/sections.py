"""An answer cut into its sections: which text stands under which `[[ ## field ## ]]` marker."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import NamedTuple

_MARKER = re.compile(r"\[\[[ \t]*#{2,}[ \t]*([^\W\d]\w*)[ \t]*#{2,}[ \t]*\]\]")
_PLAIN = re.compile(r"(?:\A|\n)\[\[ ## ([^\W\d]\w*) ## \]\](?=\n|\Z)")
_FENCE = re.compile(r"^```\w*\n?|\n?```$")
_LEAD = re.compile(r"[ \t>#*_`\"'“‘•–—-]*(?:\d{1,3}[.)])?[ \t*_`\"'“‘]*")
_LONGEST_LEAD = 40
_AFTER_QUOTED = re.compile(r"[`*_]*[ \t]*(?::|\n|\Z)")
_CUT_OFF = re.compile(r"(?:\A|\n)[ \t]*\[\[[ \t]*#[^\n\]]*\]?\s*\Z")
"""The beginning of a marker at the end of an answer that was stopped inside it."""
_DECORATION = " \t*_`:"
END = "completed"


class Section(NamedTuple):
    """One marker with the text below it, up to the next marker."""

    name: str
    text: str


def split_sections(answer: str, fields: Collection[str]) -> list[Section]:
    """The sections of an answer, in order.

    A marker counts where it starts a line (behind a list bullet, emphasis, a quote mark or the like), as
    models are asked to write it, in any case and spacing. Inside a line it counts only where the whole line
    is markers and values: it starts with a marker, and ends with the end marker or is all there is. Any other
    marker is text: a sentence that names one is not an answer.

    Args:
        answer: what the model wrote.
        fields: the names of the fields that are looked for.
    """
    marks = answer.count("[[")
    if not marks:
        return []
    # The common case, fast: every marker is written as asked, alone on its line.
    _, *pieces = _PLAIN.split(answer)
    names = pieces[::2]
    if len(names) == marks and all(name in fields or name == END for name in names):
        return [Section(name, text.strip()) for name, text in zip(names, pieces[1::2], strict=True)]
    return _split_tolerantly(_CUT_OFF.sub("", answer), fields)


class _Mark(NamedTuple):
    """A marker in an answer: the line that it stands in, its span, and whether it starts that line."""

    line: int
    start: int
    end: int
    name: str
    leads: bool


def _split_tolerantly(answer: str, fields: Collection[str]) -> list[Section]:
    found: list[_Mark] = []
    for match in _MARKER.finditer(answer):
        start, end = match.span()
        name = match[1]
        if name not in fields and name != END:
            name = _spelled(name, fields)
        line = answer.rfind("\n", 0, start) + 1
        leads = line == start or _starts_line(answer, line, start, end)
        found.append(_Mark(line, start, end, name, leads))
    if not all(mark.leads for mark in found):
        found = _counted(found, answer, fields)
    sections: list[Section] = []
    stops = [mark.line if mark.leads else mark.start for mark in found[1:]]
    stops.append(len(answer))
    # Without a marker that counts there is a stop too many, and no section.
    for mark, stop in zip(found, stops, strict=False):
        sections.append(Section(mark.name, _body(answer[mark.end : stop])))
    return sections


def _starts_line(answer: str, line: int, start: int, end: int) -> bool:
    """Whether a marker stands at its line's start, behind nothing but decoration.

    One in backticks is the start of a section only alone on its line or before a colon; otherwise a sentence
    quotes it.
    """
    if start - line > _LONGEST_LEAD or _LEAD.fullmatch(answer, line, start) is None:
        return False
    return "`" not in answer[line:start] or _AFTER_QUOTED.match(answer, end) is not None


def _counted(found: list[_Mark], answer: str, fields: Collection[str]) -> list[_Mark]:
    """The markers that count, where some stand inside a line."""
    leading = {mark.name for mark in found if mark.leads}
    by_line: dict[int, list[_Mark]] = {}
    for mark in found:
        by_line.setdefault(mark.line, []).append(mark)
    counted: list[_Mark] = []
    for line, marks in by_line.items():
        inside = [mark for mark in marks if not mark.leads]
        if inside and marks[0].leads and _is_chain(marks, line, answer, fields):
            counted += [
                mark
                for mark in marks
                if mark.leads or (mark.name not in leading and (mark.name in fields or mark.name == END))
            ]
        else:
            counted += [mark for mark in marks if mark.leads]
    return counted


def _is_chain(marks: list[_Mark], line: int, answer: str, fields: Collection[str]) -> bool:
    """Whether a line is a whole answer of markers and values."""
    stop = answer.find("\n", line)
    last = marks[-1]
    if last.name == END and not answer[last.end : stop if stop >= 0 else len(answer)].strip(_DECORATION):
        return True
    is_all = not answer[:line].strip() and (stop < 0 or not answer[stop:].strip())
    return is_all and {mark.name for mark in marks}.issuperset(fields)


def _spelled(name: str, fields: Collection[str]) -> str:
    """The field that a marker in another case names, or its own spelling when there is none."""
    lowered = name.lower()
    return END if lowered == END else next((field for field in fields if field.lower() == lowered), name)


def _body(text: str) -> str:
    if text[:1] == "\n":
        return text.strip()
    first, newline, rest = text.partition("\n")
    # `**[[ ## answer ## ]]**` and `[[ ## answer ## ]]: 5` leave decoration on the marker's own line.
    if first.strip(f"{_DECORATION}\"'”’") == "":
        first = ""
    elif first.lstrip()[:1] in (":", "*", "`"):
        first = first.lstrip(_DECORATION)
    return (first + newline + rest).strip()


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
