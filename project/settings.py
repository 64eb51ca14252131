"""The settings of a project: `[tool.dspyc]` in its `pyproject.toml`, or its `dspyc.toml`."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from ..base.diagnostic import Diagnostic, Severity
from ..base.files import UnreadableFile
from ..base.span import Span
from ..base.text import list_names, near

if TYPE_CHECKING:
    from ..compiler.selection import Problem, Selection

CODE, NAME = "E090", "invalid-settings"
KEYS = ("src", "pure", "rules")
FILES = ("dspyc.toml", "pyproject.toml")
_LISTS = ("src", "pure")
_FUNCTION = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_TOO_MANY_PARTS = re.compile(r"""(?<![\w"'-])(?:[\w"'-]+[ \t]*\.[ \t]*){200}""")
"""A dotted key for which Python's reader would take time and memory that grow with its square."""


class Settings(Struct, frozen=True):
    """What a project sets, and where it stands."""

    root: str
    """The folder of the file that holds the settings, or that is a project for another reason."""
    src: tuple[str, ...] = ("",)
    """The folders, under the root, in which imports are looked for."""
    pure: frozenset[str] = frozenset()
    """Python functions without effects, as `module.name`."""
    selection: Selection | None = None
    """Which kinds of findings are looked for; None for all."""
    path: str = ""
    """The file that holds the settings, where there is one."""
    problems: tuple[Diagnostic, ...] = ()
    """What is wrong in that file; it counts as not set."""

    @property
    def roots(self) -> tuple[str, ...]:
        """The source roots as paths."""
        return tuple(os.path.normpath(os.path.join(self.root, folder)) for folder in self.src)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The problems that keep the project's files from being run."""
        return tuple(each for each in self.problems if each.severity == "error")


class Files(Protocol):
    """Where settings are looked for."""

    def look_up(self, path: str) -> str | UnreadableFile:
        """The text of a file, or why there is none."""

    def exists(self, path: str) -> bool:
        """Whether there is anything at a path."""


def nearest(folder: str, files: Files) -> Settings | None:
    """The settings for the files of a folder: the nearest ones above it; None outside of any project.

    A `pyproject.toml` without `[tool.dspyc]` still marks the project's root, as `.git` does.
    """
    while True:
        for name in FILES:
            path = os.path.join(folder, name)
            found = files.look_up(path)
            if isinstance(found, str):
                return _with_folders(_settings(path, found), found, files.exists)
            if found.kind != "missing":
                problem = _problem("", "", f"this file {found.message}")
                return Settings(folder, path=path, problems=(problem,))
        if files.exists(os.path.join(folder, ".git")):
            return Settings(folder)
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


@lru_cache(maxsize=64)
def _settings(path: str, text: str) -> Settings:
    import tomllib

    root = os.path.dirname(path)
    if _TOO_MANY_PARTS.search(text):
        return Settings(
            root, path=path, problems=(_problem(text, "", "this file has a key of over 200 parts"),)
        )
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Settings(root, path=path, problems=(_not_toml(text, str(error)),))
    except ValueError:
        # Other than as its documentation says, it reads no number of over 4,300 digits.
        message = "this file has a number of over 4,300 digits"
        return Settings(root, path=path, problems=(_problem(text, "", message),))
    except RecursionError:
        return Settings(root, path=path, problems=(_problem(text, "", "this file is nested too deeply"),))
    if os.path.basename(path) == "pyproject.toml":
        tools = table.get("tool", {})
        table = tools.get("dspyc", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        message = f"`tool.dspyc` is {_kind(table)}, not a table"
        return Settings(root, path=path, problems=(_problem(text, "dspyc", message),))
    good = {key: value for key, value in table.items() if key in _LISTS and _is_strings(value)}
    selection, problems = _selection(text, table, root)
    return Settings(
        root,
        tuple(good.get("src", ("",))),
        frozenset(good.get("pure", ())),
        selection,
        path,
        (*_problems(text, table), *problems),
    )


def _selection(
    text: str, table: dict[str, Any], root: str
) -> tuple[Selection | None, tuple[Diagnostic, ...]]:
    """What `rules` selects, and what is wrong with it."""
    if "rules" not in table:
        return None, ()
    # The compiler's rules are imported for it, which a load that is kept does not need.
    from ..compiler.selection import read_selection

    selection, problems = read_selection(table["rules"], root)
    return selection, tuple(_in_rules(text, each) for each in problems)


def _in_rules(text: str, problem: Problem) -> Diagnostic:
    """A finding about `rules`, at the string or the key that it is about."""
    found = re.search(rf"(?<![\w-])({re.escape(problem.about)})(?![\w-])", text)
    span = Span(*found.span(1)) if found else Span(0, 0)
    return Diagnostic(CODE, NAME, problem.severity, span, problem.message, help=problem.help)


def _problems(text: str, table: dict[str, Any]) -> Iterator[Diagnostic]:
    for key, value in table.items():
        if key not in KEYS:
            close = near(key, KEYS)
            advice = f"did you mean `{close}`?" if close else f"there are {list_names(KEYS)}"
            yield _problem(text, key, f"unknown setting `{key}`", advice, "warning")
        elif key in _LISTS and not _is_strings(value):
            yield _problem(text, key, f"`{key}` must be a list of strings", f'write {key} = ["a", "b"]')
        elif key == "pure":
            for name in value:
                if not _FUNCTION.fullmatch(name):
                    message = f"`pure` takes functions as `module.name`, not `{name}`"
                    yield _problem(text, key, message)


def _with_folders(settings: Settings, text: str, exists: Callable[[str], bool]) -> Settings:
    """The settings, with a warning for each source root that does not exist."""
    missing = [
        _problem(text, "src", f"`src` names the folder `{name}`, which does not exist", None, "warning")
        for name, folder in zip(settings.src, settings.roots, strict=True)
        if not exists(folder)
    ]
    if not missing:
        return settings
    return replace(settings, problems=(*settings.problems, *missing))


def _problem(
    text: str, key: str, message: str, advice: str | None = None, severity: Severity = "error"
) -> Diagnostic:
    """A finding at a setting, which is found by its name; at the start of the file without one."""
    place = rf"(?m)^[ \t]*\[?(?:tool[ \t]*\.[ \t]*)?[\"']?({re.escape(key)})[\"']?\b"
    found = re.search(place, text) if key else None
    span = Span(*found.span(1)) if found else Span(0, 0)
    return Diagnostic(CODE, NAME, severity, span, message, help=advice)


def _not_toml(text: str, message: str) -> Diagnostic:
    """TOML's own message, at the line and column that it names."""
    found = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    words = message[: found.start()] if found else message
    start = len(text)
    if found and found[1]:
        start = sum(map(len, text.split("\n")[: int(found[1]) - 1])) + int(found[1]) - 1 + int(found[2]) - 1
    start = min(start, len(text))
    return Diagnostic(
        CODE, NAME, "error", Span(start, start), f"this file is not TOML: {words[:1].lower()}{words[1:]}"
    )


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _kind(value: object) -> str:
    names = {str: "a string", bool: "true or false", list: "a list", int: "a number", float: "a number"}
    return names.get(type(value), "a value")
