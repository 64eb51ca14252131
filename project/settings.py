"""The settings of a project: `[tool.dspyc]` in its `pyproject.toml`, or its `dspyc.toml`."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from msgspec import Struct
from msgspec.structs import replace

from ..base.diagnostic import Diagnostic, Edit, Fix, Severity
from ..base.files import UnreadableFile
from ..base.span import Span
from ..base.text import list_names, near
from .schema import DEFAULT_EXCLUDE, FUNCTION, PROPERTIES

if TYPE_CHECKING:
    from ..compiler.selection import Selection

CODE, NAME = "E090", "invalid-settings"
KEYS = tuple(PROPERTIES)
RULES = PROPERTIES["rules"]["properties"]
FILES = ("dspyc.toml", "pyproject.toml")
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
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    """Patterns of what is left out where a folder is checked."""
    respects_gitignore: bool = True
    """Whether what git ignores is left out there."""
    baseline: str = ""
    """The path of a file with known findings, where one is set."""
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
    def reported(self) -> tuple[Diagnostic, ...]:
        """What is wrong, for a report: without fixes, since only editors write files of settings."""
        return tuple([replace(each, fixes=()) if each.fixes else each for each in self.problems])

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


class Found(NamedTuple):
    """Where settings are: the project's folder, and the file with its text, or why that cannot be read."""

    root: str
    path: str = ""
    text: str | UnreadableFile = ""


def look_for(folder: str, files: Files) -> Found | None:
    """The nearest file of settings above the files of a folder; None outside of any project.

    A `pyproject.toml` without `[tool.dspyc]` still marks the project's root, as `.git` does.
    """
    while True:
        found = look_in(folder, files)
        if found is not None:
            return found
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def look_in(folder: str, files: Files) -> Found | None:
    """The settings that stand in a folder, where it is the root of a project."""
    for name in FILES:
        path = os.path.join(folder, name)
        text = files.look_up(path)
        if isinstance(text, str) or text.kind != "missing":
            return Found(folder, path, text)
    return Found(folder) if files.exists(os.path.join(folder, ".git")) else None


def nearest(folder: str, files: Files) -> Settings | None:
    """The settings for the files of a folder; see `look_for`."""
    found = look_for(folder, files)
    if found is None or not found.path:
        return None if found is None else Settings(found.root)
    if isinstance(found.text, str):
        return _with_folders(_settings(found.path, found.text), found.text, files.exists)
    problem = _problem("", (), "", f"this file {found.text.message}")
    return Settings(found.root, path=found.path, problems=(problem,))


class LeftOut(Struct, frozen=True):
    """What is left out where a folder is checked."""

    root: str
    """The folder that the patterns count from."""
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    respects_gitignore: bool = True


def left_out(found: Found) -> LeftOut:
    """What some settings leave out. What is wrong in them counts as not set, and no rule is imported."""
    table = _table(found.path, found.text)[0] if isinstance(found.text, str) and found.text else {}
    return LeftOut(found.root, _exclude(table), _flag(table, "respect-gitignore"))


def baseline_of(found: Found) -> str:
    """The path of the file of known findings that some settings name; empty where they name none."""
    table = _table(found.path, found.text)[0] if isinstance(found.text, str) and found.text else {}
    name = table.get("baseline")
    return os.path.join(found.root, name) if isinstance(name, str) and name else ""


def _exclude(table: dict[str, Any]) -> tuple[str, ...]:
    return (*_strings(table, "exclude", DEFAULT_EXCLUDE), *_strings(table, "extend-exclude"))


def _strings(table: dict[str, Any], key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    return tuple(table[key]) if _is_strings(table.get(key)) else default


def _flag(table: dict[str, Any], key: str) -> bool:
    value = table.get(key)
    return value if isinstance(value, bool) else True


# --- reading --------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _table(path: str, text: str) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """The table of our settings, or what is wrong with the file."""
    import tomllib

    if _TOO_MANY_PARTS.search(text):
        return {}, (_problem(text, (), "", "this file has a key of over 200 parts"),)
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return {}, (_not_toml(text, str(error)),)
    except ValueError:
        # Other than as its documentation says, it reads no number of over 4,300 digits.
        return {}, (_problem(text, (), "", "this file has a number of over 4,300 digits"),)
    except RecursionError:
        return {}, (_problem(text, (), "", "this file is nested too deeply"),)
    if _above(path):
        tools = table.get("tool", {})
        table = tools.get("dspyc", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        return {}, (_problem(text, ("tool", "dspyc"), "", f"`tool.dspyc` is {_kind(table)}, not a table"),)
    return table, ()


def _above(path: str) -> tuple[str, ...]:
    """The tables in a file that the settings stand in."""
    return ("tool", "dspyc") if os.path.basename(path) == "pyproject.toml" else ()


@lru_cache(maxsize=64)
def _settings(path: str, text: str) -> Settings:
    root = os.path.dirname(path)
    table, problems = _table(path, text)
    if problems:
        return Settings(root, path=path, problems=problems)
    above = _above(path)
    selection, wrong_rules = _selection(text, above, table, root)
    return Settings(
        root,
        _strings(table, "src", ("",)),
        frozenset(_strings(table, "pure")),
        _exclude(table),
        _flag(table, "respect-gitignore"),
        baseline_of(Found(root, path, text)),
        selection,
        path,
        (*_problems(text, above, table), *wrong_rules),
    )


def _selection(
    text: str, above: tuple[str, ...], table: dict[str, Any], root: str
) -> tuple[Selection | None, tuple[Diagnostic, ...]]:
    """What `rules` selects, and what is wrong with it."""
    if "rules" not in table:
        return None, ()
    # The compiler's rules are imported for it, which a load that is kept does not need.
    from ..compiler.selection import read_selection

    selection, problems = read_selection(table["rules"], root)
    return selection, tuple(
        _with_fix(
            _problem(text, (*above, "rules", *each.keys), each.about, each.message, each.help, each.severity),
            text,
            (*above, "rules", *each.written) if each.written else (),
            each.meant,
        )
        for each in problems
    )


def _with_fix(problem: Diagnostic, text: str, written: tuple[str, ...], meant: str) -> Diagnostic:
    """A problem with a fix where it is known what is meant; one of a string below keys is moved there."""
    from .toml_places import find

    span = find(text, written[:-1], written[-1]) if written else problem.span
    # A key that may not stand without quotes is not written for one that stands without any.
    if not meant or span is None or not re.fullmatch(r"[\w-]+", meant, re.ASCII):
        return problem
    fix = Fix(f"Change to `{meant}`", (Edit(span, meant),), "unsafe")
    return replace(problem, span=span, fixes=(fix,))


def _problems(text: str, above: tuple[str, ...], table: dict[str, Any]) -> Iterator[Diagnostic]:
    for key, value in table.items():
        described = PROPERTIES.get(key)
        if described is None:
            problem = _problem(text, above, key, f"unknown setting `{key}`", _advice(key), "warning")
            yield _with_fix(problem, text, (), "" if key in RULES else near(key, KEYS, 0.6) or "")
        elif described["type"] == "array" and not _is_strings(value):
            yield _problem(
                text, above, key, f"`{key}` must be a list of strings", f'write {key} = ["a", "b"]'
            )
        elif described["type"] == "boolean" and not isinstance(value, bool):
            yield _problem(text, above, key, f"`{key}` must be true or false")
        elif described["type"] == "string" and not isinstance(value, str):
            yield _problem(text, above, key, f"`{key}` must be a string", f'write {key} = "…"')
        elif key == "pure":
            for name in value:
                if not re.fullmatch(FUNCTION, name):
                    message = f"`pure` takes functions as `module.name`, not `{name}`"
                    yield _problem(text, (*above, key), name, message)


def _advice(key: str) -> str:
    close = near(key, KEYS, 0.6)
    if key not in RULES and close:
        return f"did you mean `{close}`?"
    inner = key if key in RULES else near(key, RULES, 0.6)
    if inner is not None:
        return f"`{inner}` is a setting of the table `rules`"
    return f"the settings are {list_names(KEYS)}"


def _with_folders(settings: Settings, text: str, exists: Callable[[str], bool]) -> Settings:
    """The settings, with a warning for each source root that does not exist."""
    missing = [
        _problem(
            text,
            (*_above(settings.path), "src"),
            name,
            f"`src` names the folder `{name}`, which does not exist",
            None,
            "warning",
        )
        for name, folder in zip(settings.src, settings.roots, strict=True)
        if not exists(folder)
    ]
    if not missing:
        return settings
    return replace(settings, problems=(*settings.problems, *missing))


def _problem(
    text: str,
    table: tuple[str, ...],
    about: str,
    message: str,
    advice: str | None = None,
    severity: Severity = "error",
) -> Diagnostic:
    """A finding about a key or a string below a table; at the start of the file where `about` is empty."""
    span: Span | None = None
    if about or table:
        from .toml_places import find

        span = find(text, table, about)
    return Diagnostic(CODE, NAME, severity, span or Span(0, 0), message, help=advice)


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
