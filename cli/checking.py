"""Checking files for a command: texts from the disk, settings of the project, findings as a report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

from msgspec.structs import replace

from ..compiler.analysis import FileAnalysis
from ..compiler.fixing import Fixed, fix
from ..compiler.render import CheckedFile, Report, ansi, full, plain, summary
from ..grammar.source import Source
from ..loader.compiling import errors_of
from ..project.disk import ENDING
from ..project.settings import Settings
from ..project.workspace import Workspace
from .console import columns, say
from .errors import Failure
from .files import shown


def check(workspace: Workspace, path: Path) -> CheckedFile:
    """The findings of a file. Raises FileNotFoundError where there is none."""
    analysis = workspace.analyse(os.path.join(os.getcwd(), path))
    return CheckedFile(shown(path), analysis.source, analysis.diagnostics)


def report_on(workspace: Workspace, paths: Sequence[Path]) -> Report:
    """The findings of files, and before them those of the settings of their projects."""
    with workspace.in_one_pass():
        here = os.getcwd()
        settings = dict.fromkeys(workspace.settings(os.path.join(here, path)) for path in paths)
        files = [_check_settings(workspace, each) for each in settings if each.problems]
        files += [check(workspace, path) for path in paths]
    return Report(tuple(files), partial(look_up, workspace))


def look_up(workspace: Workspace, path: str) -> tuple[str, Source] | None:
    """A file that a label points into: its path as it is shown, and its text."""
    source = workspace.source(path)
    return None if source is None else (shown(path), source)


def _check_settings(workspace: Workspace, settings: Settings) -> CheckedFile:
    source = workspace.source(settings.path) or Source(settings.path, "")
    return CheckedFile(shown(settings.path), source, settings.problems)


def fixed(workspace: Workspace, path: Path | str, *, unsafe: bool) -> Fixed:
    """The text of a file after its fixes; the workspace shows the file as before."""
    full = str(Path.cwd() / path)
    text = workspace.analyse(full).source.text

    def analyse(changed: str) -> FileAnalysis:
        workspace.disk.put(full, changed)
        return workspace.analyse(full)

    try:
        return fix(text, analyse, unsafe=unsafe)
    finally:
        workspace.disk.put(full, text)


def render_fixable(report: Report, workspace: Workspace) -> str:
    """How many findings the fixes would remove, and by which option."""
    safe = every = 0
    for file in report.files:
        if any(found.fixes for found in file.diagnostics) and file.source.uri.endswith(ENDING):
            safe += _removed(file, fixed(workspace, file.source.uri, unsafe=False))
            every += _removed(file, fixed(workspace, file.source.uri, unsafe=True))
    options = [f"{safe} fixable with `--fix`" if safe else ""]
    if every > safe:
        options.append(f"{every - safe} {'more ' if safe else 'fixable '}with `--unsafe-fixes`")
    return ", ".join(filter(None, options)) + "\n" if every or safe else ""


def _removed(file: CheckedFile, result: Fixed) -> int:
    """How many of a file's findings had a fix that was applied."""
    return min(result.count, sum(bool(found.fixes) for found in file.diagnostics))


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
