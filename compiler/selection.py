"""Which kinds of findings are looked for, and as what they count: `[tool.dspyc.rules]` of a project.

    [tool.dspyc.rules]
    select = ["ALL"]                       # codes, names, beginnings of codes, categories
    extend-select = []                     # besides these
    ignore = ["W1", "unknown-field"]
    severity = { W101 = "error", data = "warning" }

    [tool.dspyc.rules.per-file-ignores]
    "drafts/**" = ["E3"]

The narrowest selector decides: a code or a name before a beginning of a code, a longer beginning before a
shorter, a category before `ALL`; of two alike, `ignore` wins. Syntax errors are always found.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, get_args

from msgspec import Struct
from msgspec.structs import replace

from ..base.diagnostic import Diagnostic, Severity
from ..base.once import once
from ..base.patterns import matches
from ..base.text import list_names, near
from .rules.kind import Kind
from .rules.register import CATEGORIES, KINDS, closest, find

KEYS = ("select", "extend-select", "ignore", "severity", "per-file-ignores")
ALL = "ALL"
_ALWAYS = frozenset({"syntax", "settings"})
"""Categories without which nothing else can be relied upon."""
_SELECTABLE = tuple(each for each in CATEGORIES if each not in _ALWAYS)
_SEVERITIES: tuple[Severity, ...] = get_args(Severity)


class Problem(NamedTuple):
    """Something that is wrong in the settings: the key or string that it is about, a sentence, and advice."""

    about: str
    message: str
    help: str | None = None
    severity: Severity = "error"
    meant: str = ""
    """What is probably meant instead of what it is about, or of `written` where that stands."""
    written: tuple[str, ...] = ()
    """The keys down to a string, and the string, where not the key is wrong but that."""
    keys: tuple[str, ...] = ()
    """The keys below which stands what it is about."""


class Selection(Struct, frozen=True):
    """What settings and options select.

    Selectors are codes, names, beginnings of codes, categories and `ALL`.
    """

    root: str = ""
    """The folder that patterns of files count from."""
    select: tuple[str, ...] = (ALL,)
    ignore: tuple[str, ...] = ()
    severity: tuple[tuple[str, Severity], ...] = ()
    """Selectors, and as what their kinds count."""
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Patterns of paths, and what is ignored besides in the files that they match."""

    def with_options(
        self, select: Sequence[str], ignore: Sequence[str], extend: Sequence[str] = ()
    ) -> Selection:
        """The selection with what a command's options say: `select` replaces, `extend` and `ignore` add."""
        selected = (*(tuple(select) or self.select), *extend)
        return replace(self, select=selected, ignore=(*self.ignore, *ignore))

    def for_file(self, path: str) -> FileSelection:
        """What is selected for one file."""
        more = tuple(
            name for pattern, names in self.per_file_ignores if self._matches(pattern, path) for name in names
        )
        return _for_file(replace(self, ignore=(*self.ignore, *more), per_file_ignores=()))

    def _matches(self, pattern: str, path: str) -> bool:
        relative = os.path.relpath(path, self.root) if self.root else path
        return matches(pattern, relative.replace(os.sep, "/"))


class FileSelection(Struct, frozen=True, dict=True):
    """What is selected for one file."""

    selection: Selection

    def is_selected(self, kind: Kind) -> bool:
        """Whether findings of a kind are looked for."""
        return kind.code in self._severities

    def apply(self, findings: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
        """The findings of kinds that are selected, as what they count."""
        for found in findings:
            severity = self._severities.get(found.code, found.severity if found.code not in KINDS else None)
            if severity is not None:
                yield found if severity == found.severity else replace(found, severity=severity)

    @once
    def _severities(self) -> dict[str, Severity]:
        return {
            kind.code: severity
            for kind in KINDS.values()
            if (severity := _severity(self.selection, kind)) is not None
        }


EVERYTHING = Selection()
"""All kinds of findings, as what they count by themselves."""


@lru_cache(maxsize=64)
def _for_file(selection: Selection) -> FileSelection:
    return FileSelection(selection)


def _severity(selection: Selection, kind: Kind) -> Severity | None:
    """As what a kind counts; None where it is not selected."""
    if kind.category in _ALWAYS:
        return kind.severity
    selected = max((_rank(each, kind) for each in selection.select), default=0)
    ignored = max((_rank(each, kind) for each in selection.ignore), default=0)
    if not selected or ignored >= selected:
        return None
    ranked = [(_rank(name, kind), severity) for name, severity in selection.severity]
    rank, severity = max(ranked, key=lambda each: each[0], default=(0, kind.severity))
    return severity if rank else kind.severity


def _rank(selector: str, kind: Kind) -> int:
    """How narrowly a selector names a kind; 0 where it does not."""
    if selector in (kind.code, kind.name):
        return 10
    if selector == kind.category:
        return 2
    if selector == ALL:
        return 1
    return 2 + len(selector) if kind.code.startswith(selector) and selector[:1].isupper() else 0


# --- reading --------------------------------------------------------------------------------------------


def read_selection(table: Any, root: str = "") -> tuple[Selection, tuple[Problem, ...]]:
    """The selection of a table of settings, and what is wrong with it; that counts as not written."""
    if not isinstance(table, dict):
        return Selection(root), (Problem("rules", "`rules` must be a table"),)
    problems: list[Problem] = []
    for key in table:
        if key not in KEYS:
            close = near(key, KEYS)
            ending = f"; did you mean `{close}`?" if close else f"; the settings are {list_names(KEYS)}"
            words = f"unknown setting `rules.{key}`{ending}"
            problems.append(Problem(key, words, None, "warning", close or ""))
    per_file = _read_table(table, "per-file-ignores", problems)
    severities = _read_table(table, "severity", problems)
    selection = Selection(
        root,
        (
            *(_read_selectors("select", table.get("select", [ALL]), problems) or (ALL,)),
            *_read_selectors("extend-select", table.get("extend-select", []), problems),
        ),
        _read_selectors("ignore", table.get("ignore", []), problems),
        tuple(_read_severities(severities, problems)),
        tuple(
            (pattern, _read_selectors(pattern, names, problems, ("per-file-ignores",)))
            for pattern, names in per_file.items()
        ),
    )
    return selection, tuple(problems)


def wrong_selectors(names: Iterable[str], *, may_be_all: bool = True) -> Iterator[Problem]:
    """What is wrong with selectors."""
    for name in names:
        kind = find(name)
        if (kind is not None and kind.category in _ALWAYS) or name in _ALWAYS:
            words = f"`{name}` cannot be selected or ignored: such errors are always reported"
            yield Problem(name, words, None, "warning")
        elif not (name == ALL and may_be_all) and not _is_selector(name):
            close = closest(name, _SELECTABLE)
            ending = f"; did you mean `{close}`?" if close else ""
            words = f"unknown rule or category `{name}`{ending}"
            advice = None if close else "`dspyc explain` lists the rules"
            yield Problem(name, words, advice, "warning", close or "")


def selectors() -> frozenset[str]:
    """All that may select rules: codes and their prefixes, names, categories, and `ALL`."""
    kinds = [each for each in KINDS.values() if each.category not in _ALWAYS]
    prefixes = {each.code[:length] for each in KINDS.values() for length in range(1, len(each.code))}
    always = {each.code for each in KINDS.values() if each.category in _ALWAYS}
    named = {name for each in kinds for name in (each.code, each.name)}
    return frozenset(named | (prefixes - always) | set(_SELECTABLE) | {ALL})


def _is_selector(name: str) -> bool:
    begins = name[:1].isupper() and any(code.startswith(name) for code in KINDS)
    return bool(name) and (begins or name in CATEGORIES or find(name) is not None)


def _read_selectors(
    key: str, value: Any, problems: list[Problem], keys: tuple[str, ...] = ()
) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        words = f'`{key}` must be a list of strings, like ["E201", "W1"]'
        problems.append(Problem(key, words, keys=keys))
        return ()
    wrong = [each._replace(keys=(*keys, key)) for each in wrong_selectors(dict.fromkeys(value))]
    problems += wrong
    return tuple(each for each in value if all(each != problem.about for problem in wrong))


def _read_severities(table: dict[str, Any], problems: list[Problem]) -> Iterator[tuple[str, Severity]]:
    for name, value in table.items():
        wrong = [each._replace(keys=("severity",)) for each in wrong_selectors([name])]
        problems += wrong
        if value not in _SEVERITIES:
            close = near(value, _SEVERITIES) if isinstance(value, str) else None
            ending = f"; did you mean `{close}`?" if close else ""
            words = f"the severity of `{name}` must be {list_names(_SEVERITIES, 'or')}{ending}"
            written = ("severity", name, value) if close else ()
            problems.append(Problem(name, words, None, "error", close or "", written, ("severity",)))
        elif not wrong:
            yield name, value


def _read_table(table: dict[str, Any], key: str, problems: list[Problem]) -> dict[str, Any]:
    value = table.get(key, {})
    if isinstance(value, dict):
        return value
    problems.append(Problem(key, f"`{key}` must be a table"))
    return {}
