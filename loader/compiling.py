"""From a file to its code: what is analysed, what is refused, and what an error looks like."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from ..project.workspace import project_of
from .bytecode import Compiled, keep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..compiler.analysis import FileAnalysis
    from ..compiler.diagnostic import Diagnostic

# What only compiling needs is imported where it is needed: `import dspyc` brings this file, at no cost.

_ONLY_AT_RUN_TIME = frozenset({"no-lm"})
"""Findings that whoever runs the program may have an answer to: Python by `configure(lm=…)`, `--lm`."""


class CompileError(Exception):
    """A `.dspy` file with errors, which are not run.

    Attributes:
        path: the file.
        diagnostics: what was found in it, errors and warnings.
    """

    def __init__(self, path: str, diagnostics: Sequence[Diagnostic], report: str) -> None:
        self.path = path
        self.diagnostics = tuple(diagnostics)
        super().__init__(report)


def analyse(path: str) -> FileAnalysis:
    """The analysis of a file as the loader sees it: from the disk, with its project's source roots.

    Raises:
        FileNotFoundError: there is no such file.
        CompileError: the file is no text in UTF-8.
    """
    try:
        return project_of(os.path.dirname(path), read).check(path)
    except FileNotFoundError:
        if not os.path.isfile(path):
            raise
        raise CompileError(path, (), f"{path} is not UTF-8; save it in that encoding") from None


def compiled(analysis: FileAnalysis) -> Compiled:
    """The code of an analysed file.

    Raises:
        CompileError: it has errors.
    """
    if errors := errors_of(analysis):
        raise CompileError(analysis.path, analysis.diagnostics, _report(analysis, errors))
    from ..compiler.emit import emit

    code = compile(emit(analysis), analysis.path, "exec", dont_inherit=True)
    return Compiled(code, _imports(analysis))


def errors_of(analysis: FileAnalysis) -> tuple[Diagnostic, ...]:
    """The errors that keep a file from being run; those that whoever runs it may have an answer to do not."""
    return tuple(
        each
        for each in analysis.diagnostics
        if each.severity == "error" and each.name not in _ONLY_AT_RUN_TIME
    )


def _imports(analysis: FileAnalysis) -> dict[str, str]:
    from ..grammar import syntax

    found: dict[str, str] = {}
    for item in analysis.program.items:
        node, target = item.declaration, item.target
        if target is None or target.kind not in ("dspy", "python") or not target.path:
            continue
        if isinstance(node, syntax.FromImport):
            found["." * node.level + ".".join(each.text for each in node.module)] = target.path
        elif isinstance(node, syntax.Import) and len(node.module) == 1:
            found[node.module[0].text] = target.path
    return found


def _report(analysis: FileAnalysis, errors: Sequence[Diagnostic]) -> str:
    from ..compiler.render import FORMATS, CheckedFile, Report, plain, summary

    shown = os.path.relpath(analysis.path)
    report = Report((CheckedFile(shown, analysis.source, tuple(errors)),), _look_up)
    return f"{summary(report)}\n\n{FORMATS['full'](report, plain, 100).rstrip()}"


def _look_up(path: str) -> Any:
    from ..grammar.source import Source

    text = read(path)
    return None if text is None else (os.path.relpath(path), Source(path, text))


def read(path: str) -> str | None:
    """The text of a file, or None where there is none."""
    try:
        with open(path, "rb") as file:
            return _decoded(file.read())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _decoded(data: bytes) -> str | None:
    """The text of a file; of one that is in another format, as much as it takes to say in which."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        from ..grammar.file_formats import other_format

        text = data.decode("utf-8-sig", errors="replace")
        return None if other_format(text) is None else text


def compile_and_keep(path: str) -> Compiled:
    """The code of a file for Python's own `import`; it is kept for the next time."""
    looked_at: dict[str, None] = {}

    def read_and_note(file: str) -> str | None:
        looked_at[file] = None
        return read(file)

    folders = [folder for folder in sys.path if os.path.isdir(folder)]
    found = compiled(project_of(os.path.dirname(path), read_and_note, folders).check(path))
    keep(path, found, list(looked_at))
    return found
