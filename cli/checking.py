"""Checking files for a command: texts from the disk, settings of the project, findings as a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from .. import loader
from ..compiler.analysis import FileAnalysis, Project
from ..compiler.diagnostic import Diagnostic
from ..compiler.render import FORMATS, CheckedFile, Report, ansi, plain, summary
from ..grammar.source import Source, Span
from ..project.settings import Settings
from ..project.workspace import project
from .configuration import configuration
from .console import columns, say
from .errors import Failure, Refusal
from .files import Unreadable, read_program, read_text, shown


class Workspace:
    """The files that one command looks at; `overlays` are texts that stand for files (standard input)."""

    def __init__(self, overlays: Mapping[Path, str] | None = None) -> None:
        self._texts: dict[str, str | None] = {str(path): text for path, text in (overlays or {}).items()}
        self._projects: dict[Settings, Project] = {}

    def analyse(self, path: Path) -> FileAnalysis:
        """The analysis of a file. Raises `Unreadable` or OSError where there is no text to analyse."""
        absolute = Path.cwd() / path
        self._texts.setdefault(str(absolute), None)
        if self._texts[str(absolute)] is None:
            self._texts[str(absolute)] = read_program(absolute)
        return self._project(absolute.parent).check(str(absolute))

    def check(self, path: Path) -> CheckedFile:
        """The findings of a file; a file that is no text is itself a finding."""
        try:
            analysis = self.analyse(path)
        except Unreadable as problem:
            message = f"this file {problem.message}"
            finding = Diagnostic(problem.code, problem.rule, "error", Span(0, 0), message, help=problem.hint)
            return CheckedFile(shown(path), Source(str(path), ""), (finding,))
        return CheckedFile(shown(path), analysis.source, analysis.diagnostics)

    def findings(self, path: Path, text: str) -> tuple[Diagnostic, ...]:
        """The findings of a file, were this its text."""
        self._texts[str(Path.cwd() / path)] = text
        return self.analyse(path).diagnostics

    def report(self, paths: Iterable[Path]) -> Report:
        """The findings of many files."""
        return Report(tuple(self.check(path) for path in paths), self.look_up)

    def look_up(self, path: str) -> tuple[str, Source] | None:
        """A file that a label points into: its path as it is shown, and its text."""
        text = self._read(path)
        return None if text is None else (shown(path), Source(path, text))

    def _project(self, folder: Path) -> Project:
        settings = configuration(folder)
        if settings not in self._projects:
            self._projects[settings] = project(settings, self._read)
        return self._projects[settings]

    def _read(self, path: str) -> str | None:
        if path not in self._texts:
            self._texts[path] = read_text(path)
        return self._texts[path]


def print_report(report: Report, output_format: str) -> None:
    """Write a report to standard output; the formats for people end in a summary."""
    say(FORMATS[output_format](report, ansi, columns()), newline=False)
    if output_format in {"full", "concise"}:
        say(summary(report))
        say(_fixable(report), newline=False)


def _fixable(report: Report) -> str:
    """How many findings can be removed without editing, and by which option."""
    fixes = [one.fix for file in report.files for one in file.diagnostics if one.fix is not None]
    safe = sum(fix.is_safe for fix in fixes)
    options = [f"{safe} fixable with `--fix`" if safe else ""]
    if len(fixes) > safe:
        options.append(f"{len(fixes) - safe} {'more ' if safe else 'fixable '}with `--unsafe-fixes`")
    return ", ".join(filter(None, options)) + "\n" if fixes else ""


class Findings(Failure):
    """Files that were about to be compiled have errors; they are shown in place of a message."""

    def __init__(self, report: Report) -> None:
        super().__init__(summary(report))
        self.report = report

    def report_text(self) -> str:
        """The findings without colours."""
        return FORMATS["full"](self.report, plain, 100) + self.message

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the findings to standard error."""
        say(FORMATS["full"](self.report, ansi, columns()), error=True, newline=False)
        result = "nothing was compiled" if len(self.report.files) > 1 else "it was not compiled"
        say(f"{self.message.removesuffix('.')}, so {result}.", error=True)


def analyse_without_errors(paths: Iterable[Path]) -> list[FileAnalysis]:
    """The analyses of files that are about to be compiled.

    Raises `Findings` when there is an error in one of them, `Refusal` when one is no text.
    """
    workspace = Workspace()
    analyses, wrong = [], []
    for path in paths:
        try:
            analysis = workspace.analyse(path)
        except Unreadable as problem:
            raise Refusal(f"{shown(path)} {problem.message}", problem.hint) from None
        analyses.append(analysis)
        if errors := loader.errors_of(analysis):
            wrong.append(CheckedFile(shown(path), analysis.source, errors))
    if wrong:
        raise Findings(Report(tuple(wrong), workspace.look_up))
    return analyses
