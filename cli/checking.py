"""Checking files for a command: texts from the disk, settings of the project, findings as a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

from msgspec.structs import replace

from ..base.diagnostic import Diagnostic
from ..compiler.analysis import FileAnalysis
from ..compiler.fixing import Fixed, fix
from ..compiler.render import CheckedFile, Report, ansi, full, plain, summary
from ..grammar.source import Source
from ..loader.compiling import errors_of
from ..project.settings import Settings
from ..project.workspace import Workspace
from .console import columns, say
from .errors import Failure
from .files import look_up, shown

T = TypeVar("T")


def _check_settings(workspace: Workspace, settings: Settings) -> CheckedFile:
    source = workspace.source(settings.path) or Source(settings.path, "")
    return CheckedFile(shown(settings.path), source, settings.reported)


def fixed(workspace: Workspace, path: Path | str, *, unsafe: bool) -> Fixed:
    """The text of a file after its fixes; the workspace shows the file as before."""
    return trying(workspace, path, lambda text, check: fix(text, check, unsafe=unsafe))


def trying(
    workspace: Workspace, path: Path | str, change: Callable[[str, Callable[[str], FileAnalysis]], T]
) -> T:
    """What a function makes of a file's text that looks at other texts for it.

    It is given the text, and what analyses one in its place. The workspace then shows the file as before.
    """
    full = str(Path.cwd() / path)
    text = workspace.analyse(full).source.text

    def analyse(changed: str) -> FileAnalysis:
        workspace.disk.put(full, changed)
        return workspace.analyse(full)

    try:
        return change(text, analyse)
    finally:
        workspace.disk.put(full, text)


def count_fixable(workspace: Workspace, path: str, findings: Sequence[Diagnostic]) -> tuple[int, int]:
    """How many of a file's findings the safe fixes would remove, and how many all of them."""
    with_fix = sum(bool(found.fixes) for found in findings)
    safe, every = (fixed(workspace, path, unsafe=unsafe).count for unsafe in (False, True))
    return min(safe, with_fix), min(every, with_fix)


class Findings(Failure):
    """Files that were about to be compiled have errors; they are shown in place of a message."""

    def __init__(self, report: Report) -> None:
        super().__init__(summary(report))
        self.report = report

    def report_text(self) -> str:
        """The findings without colours."""
        return full(self.report, plain, 100) + self.message

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the findings to standard error."""
        say(full(self.report, ansi, columns()), error=True, newline=False)
        result = "nothing was compiled" if len(self.report.files) > 1 else "it was not compiled"
        say(f"{self.message.removesuffix('.')}, so {result}.", error=True)


def analyse_without_errors(paths: Iterable[Path]) -> list[FileAnalysis]:
    """The analyses of files that are about to be compiled.

    Raises `Findings` when there is an error in one of them or in the settings of its project.
    """
    workspace = Workspace()
    analyses, wrong = [], {}
    for path in paths:
        analysis = workspace.analyse(str(Path.cwd() / path))
        analyses.append(analysis)
        settings = workspace.settings(analysis.path)
        if settings.errors:
            checked = _check_settings(workspace, settings)
            wrong[settings.path] = replace(checked, diagnostics=settings.errors)
        if errors := errors_of(analysis):
            wrong[analysis.path] = CheckedFile(shown(path), analysis.source, errors)
    if wrong:
        raise Findings(Report(tuple(wrong.values()), partial(look_up, workspace)))
    return analyses
