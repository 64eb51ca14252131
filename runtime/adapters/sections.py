"""An answer cut into its sections: which text stands under which `[[ ## field ## ]]` marker."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import NamedTuple

_MARKER = re.compile(r"\[\[[ \t]*#{2,}[ \t]*([^\W\d]\w*)[ \t]*#{2,}[ \t]*\]\]")
_PLAIN = re.compile(r"(?:\A|\n)\[\[ ## ([^\W\d]\w*) ## \]\](?=\n|\Z)")
_FENCE = re.compile(r"^```\w*\n?|\n?```$")
_DECORATION = " \t*_`:"
END = "completed"


class Section(NamedTuple):
    """One marker with the text below it, up to the next marker."""

    name: str
    text: str


def split_sections(answer: str, fields: Collection[str]) -> list[Section]:
    """The sections of an answer, in order.

    A marker counts where it begins a line (behind emphasis, a quote mark or the like), as models are asked to
    write it, in any case and spacing. In the middle of a line it counts only when it names one of the fields,
    and that field has no marker of its own at the beginning of a line: then it can be nothing else. Any other
    marker is text.

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
    return _split_tolerantly(answer, fields)


def _split_tolerantly(answer: str, fields: Collection[str]) -> list[Section]:
    found: list[tuple[int, int, str, bool]] = []
    all_lead = True
    for match in _MARKER.finditer(answer):
        start, end = match.span()
        name = match[1]
        if name not in fields and name != END:
            name = _spelled(name, fields)
        line = answer.rfind("\n", 0, start) + 1
        leads = line == start or not answer[line:start].strip(" \t>#*_`-")
        all_lead &= leads
        found.append((line if leads else start, end, name, leads))
    if not all_lead:
        leading = {name for _, _, name, leads in found if leads}
        found = [
            mark
            for mark in found
            if mark[3] or (mark[2] not in leading and (mark[2] in fields or mark[2] == END))
        ]
    sections: list[Section] = []
    stops = [mark[0] for mark in found[1:]]
    stops.append(len(answer))
    # Without a marker that counts there is a stop too many, and no section.
    for (_, end, name, _), stop in zip(found, stops, strict=False):
        sections.append(Section(name, _body(answer[end:stop])))
    return sections


def _spelled(name: str, fields: Collection[str]) -> str:
    """The field that a marker in another case names, or its own spelling when there is none."""
    lowered = name.lower()
    return END if lowered == END else next((field for field in fields if field.lower() == lowered), name)


def _body(text: str) -> str:
    if text[:1] == "\n":
        return text.strip()
    first, newline, rest = text.partition("\n")
    # `**[[ ## answer ## ]]**` and `[[ ## answer ## ]]: 5` leave decoration on the marker's own line.
    if first.strip(_DECORATION) == "":
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
