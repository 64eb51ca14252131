"""From a file to its code: what is analysed, what is refused, and what an error looks like."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ..project.workspace import Workspace
from .bytecode import Compiled, keep

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Sequence

    from ..base.diagnostic import Diagnostic
    from ..compiler.analysis import FileAnalysis
    from ..grammar.source import Source

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
    """The analysis of a file as the loader sees it, from the disk.

    Raises:
        FileNotFoundError: there is no such file.
    """
    return Workspace().analyse(path)


def analyse_to_run(path: str, search: Sequence[str] = ()) -> tuple[FileAnalysis, Workspace]:
    """The analysis of a file that is about to be run, and the files that it was made from.

    Raises:
        FileNotFoundError: there is no such file.
        CompileError: the settings of its project have errors.
    """
    workspace = Workspace(search=search)
    analysis = workspace.analyse(path)
    settings = workspace.settings(path)
    if settings.errors:
        from ..grammar.source import Source

        source = workspace.source(settings.path) or Source(settings.path, "")
        raise CompileError(settings.path, settings.problems, _report(source, settings.errors))
    return analysis, workspace


def compiled(analysis: FileAnalysis, look_at: Callable[[ast.Module], None] | None = None) -> Compiled:
    """The code of an analysed file.

    Args:
        analysis: the file.
        look_at: is given the code before it is compiled, and may refuse it.

    Raises:
        CompileError: it has errors.
    """
    if errors := errors_of(analysis):
        raise CompileError(analysis.path, analysis.diagnostics, _report(analysis.source, errors))
    from ..compiler.emit import emit

    tree = emit(analysis)
    if look_at is not None:
        look_at(tree)
    code = compile(tree, analysis.path, "exec", dont_inherit=True)
    return Compiled(code, imports_of(analysis))


def errors_of(analysis: FileAnalysis) -> tuple[Diagnostic, ...]:
    """The errors that keep a file from being run; those that whoever runs it may have an answer to do not."""
    return tuple(
        each
        for each in analysis.diagnostics
        if each.severity == "error" and each.name not in _ONLY_AT_RUN_TIME
    )


def imports_of(analysis: FileAnalysis) -> dict[str, str]:
    """What the imports of a file lead to: paths, by what is written."""
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


def _report(source: Source, errors: Sequence[Diagnostic]) -> str:
    from ..compiler.render import CheckedFile, Report, full, plain, summary

    report = Report((CheckedFile(os.path.relpath(source.uri), source, tuple(errors)),), _look_up)
    return f"{summary(report)}\n\n{full(report, plain, 100).rstrip()}"


def _look_up(path: str) -> tuple[str, Source] | None:
    source = Workspace().source(path)
    return None if source is None else (os.path.relpath(path), source)


_LIBRARY = os.path.dirname(os.__file__)


def _is_of_library(folder: str) -> bool:
    return os.path.normpath(folder) in (_LIBRARY, os.path.join(_LIBRARY, "lib-dynload"))


def compile_and_keep(path: str) -> Compiled:
    """The code of a file for Python's own `import`; it is kept for the next time."""
    # What is in Python's own library is known without its files.
    folders = [each for each in sys.path if os.path.isdir(each) and not _is_of_library(each)]
    analysis, workspace = analyse_to_run(path, folders)
    found = compiled(analysis)
    keep(path, found, list(workspace.disk.asked))
    return found
