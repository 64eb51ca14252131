"""Findings that follow from others: what one mistake does in several places is one finding."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable

from msgspec.structs import replace

from ..base.diagnostic import Diagnostic, Label
from ..grammar import syntax
from ..grammar.parse import File

_UNKNOWN = frozenset({"E101", "E110"})
"""The codes of names that nothing declares."""
_QUOTED = re.compile(r"unknown (?:name|type) `(\w+)`|`(\w+)` is an output, not a variable")
_MEANT = re.compile(r"did you mean `(\w+)`\?")
_UNUSED_IMPORT = "W101"
_NO_MODEL = "E301"
_MISCONFIGURED = re.compile(r"`configure` has no setting")
_LACKED = frozenset({"E201", "E202", "E220"})
"""The codes of fields, members and arguments that their owner does not have."""
_MISFIT = re.compile(r"(`[^`]*` of `[^`]*` takes `[^`]*`), not ")
"""What is said of an argument of the wrong type, without the argument."""
_OF_A_NAME = frozenset({"E111", "E201", "E202", "E204", "E205"})
"""The codes of what a name has or takes, which may be another's than that of a broken import."""
_OWNERS = re.compile(r"`[^`]*`(?= has | takes )")
"""The names in what is said of their inputs, fields and arguments."""
_HAS = "; it has "
_WORD = re.compile(r"\w+")
_MOST = 4_000
"""How many characters of a declaration are looked at."""
_MOST_LABELS = 4
"""How many of the other places are shown where one mistake shows in several."""
_LINE = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n?|\n))*([^\r\n]*)")
_HEAD = re.compile(r"^[^\W\d][^\r\n=(]*", re.MULTILINE)
"""What stands before the `=` or `(` of a line in the first column."""


def without_repeats(file: File, found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The findings in their order: of what has one cause only the first, with labels at the others.

    So it is with an unknown name, a field that its owner does not have, an argument whose declared type does
    not fit, and inputs that do not fit: it may be the declaration that was changed, or misspelt. What
    declarations that do not parse may declare or import is not missed.
    """
    kept: list[Diagnostic] = []
    first: dict[Hashable, int] = {}
    heads: set[str] | None = None
    imported: set[str] | None = None
    for each in found:
        if each.code in _OF_A_NAME:
            imported = _words_of_heads(file, lines_too=False) if imported is None else imported
            root = _WORD.match(file.source.text, each.span.start)
            if root is not None and root[0] in imported:
                continue
        found_name = _QUOTED.match(each.message) if each.code in _UNKNOWN else None
        name = found_name[1] or found_name[2] if found_name is not None else None
        if name is not None:
            heads = _words_of_heads(file) if heads is None else heads
            if name in heads:
                continue
        cause = name if name is not None else _cause(file, each)
        at = first.setdefault(cause, len(kept)) if cause is not None else len(kept)
        if at == len(kept):
            kept.append(each)
        else:
            kept[at] = _also_at(kept[at], each)
    if any(_MISCONFIGURED.match(each.message) for each in kept):
        kept = [each for each in kept if each.code != _NO_MODEL]
    return _without_misspelt_imports(file, kept)


def _without_misspelt_imports(file: File, found: list[Diagnostic]) -> list[Diagnostic]:
    """The findings without those about imports that nothing uses because their use is misspelt."""
    if all(each.code != _UNUSED_IMPORT for each in found):
        return found
    meant = {match[1] for each in found if each.code in _UNKNOWN for match in _MEANT.finditer(each.message)}
    text = file.source.text
    return [
        each
        for each in found
        if each.code != _UNUSED_IMPORT or text[each.span.start : each.span.end] not in meant
    ]


def _cause(file: File, found: Diagnostic) -> Hashable:
    """What findings of one cause have in common; None where a finding stands for itself."""
    if found.code == "E401":
        return ("inputs", _OWNERS.sub("", found.message))
    if found.code in _LACKED:
        written = file.source.text[found.span.start : found.span.end]
        return ("lacked", written, found.fix.title if found.fix else _without_owner(found.message))
    misfit = _MISFIT.match(found.message)
    return None if misfit is None else ("misfit", misfit[1])


def _without_owner(message: str) -> str:
    """What is said of something that its owner lacks; of owners that have the same, it is the same."""
    return _OWNERS.sub("", message) if _HAS in message else message


def _also_at(kept: Diagnostic, other: Diagnostic) -> Diagnostic:
    """A finding that shows another place of the same mistake, and whose fixes change that, too."""
    others = {each.title: each.edits for each in other.fixes}
    fixes = tuple(replace(each, edits=(*each.edits, *others.get(each.title, ()))) for each in kept.fixes)
    if sum(each.message == _ALSO for each in kept.labels) >= _MOST_LABELS:
        return replace(kept, fixes=fixes)
    return replace(kept, fixes=fixes, labels=(*kept.labels, Label(other.span, _ALSO)))


_ALSO = "also here"


def _words_of_heads(file: File, lines_too: bool = True) -> set[str]:
    """The words in the first lines of the declarations that do not parse, unless only others are wanted; of
    imports, and of what could not be read at all, all words.
    """
    words: set[str] = set()
    for item in file.items:
        if not item.parsed.problems:
            continue
        line = _LINE.match(item.text)
        is_short = item.declaration is None or isinstance(item.declaration, syntax.FromImport | syntax.Import)
        if not is_short and not lines_too:
            continue
        text = item.text[:_MOST]
        heads = (text,) if is_short or line is None else (line[1], *_HEAD.findall(text))
        words.update(word for head in heads for word in _WORD.findall(head))
    return words
