"""An answer cut into its sections: which text stands under which `[[ ## field ## ]]` marker."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_MARKER = re.compile(r"\[\[[ \t]*#{2,}[ \t]*([^\W\d]\w*)[ \t]*#{2,}[ \t]*\]\]")
_DECORATION = " \t*_`:"
END = "completed"


@dataclass(frozen=True, slots=True)
class Section:
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
    if "[[" not in answer:
        return []
    names = {name.lower(): name for name in fields}
    found: list[tuple[int, int, str, bool]] = []
    for match in _MARKER.finditer(answer):
        name = match[1] if match[1] in fields else names.get(match[1].lower(), match[1])
        leading = _line_start(answer, match.start())
        found.append((match.start() if leading is None else leading, match.end(), name, leading is not None))
    at_line_start = {name for _, _, name, leads in found if leads}
    marks = [
        (start, end, name)
        for start, end, name, leads in found
        if leads or (name not in at_line_start and (name in fields or name == END))
    ]
    sections: list[Section] = []
    for index, (_, end, name) in enumerate(marks):
        stop = marks[index + 1][0] if index + 1 < len(marks) else len(answer)
        sections.append(Section(name.lower() if name.lower() == END else name, _body(answer[end:stop])))
    return sections


def _line_start(answer: str, offset: int) -> int | None:
    """Where the line's decoration before a marker begins, or None when other text stands before it."""
    line = answer.rfind("\n", 0, offset) + 1
    return line if not answer[line:offset].strip(" \t>#*_`-") else None


def _body(text: str) -> str:
    first, newline, rest = text.partition("\n")
    # `**[[ ## answer ## ]]**` and `[[ ## answer ## ]]: 5` leave decoration on the marker's own line.
    if first.strip(_DECORATION) == "":
        first = ""
    elif first.lstrip()[:1] in (":", "*", "`"):
        first = first.lstrip(_DECORATION)
    return (first + newline + rest).strip()
