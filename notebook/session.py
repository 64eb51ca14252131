"""Running cells: each is checked together with those before it, and its programs are Python objects then."""

from __future__ import annotations

import linecache
import os
import sys
from types import ModuleType
from typing import Any

from msgspec import Struct

from ..base.diagnostic import Diagnostic
from ..compiler.render import CheckedFile, Report
from ..grammar.source import Source
from ..loader.compiling import errors_of
from ..loader.pieces import new_module, run_pieces
from ..project.workspace import Workspace
from .program import Program

NOT_IN_CELLS = ("unused-import", "unused-model")
"""What is not looked for: the next cell may use it."""


class CellError(Exception):
    """A cell with errors, which is not run; notebooks show the findings and no traceback.

    Attributes:
        report: what was found.
    """

    def __init__(self, report: Report) -> None:
        from ..compiler.render import full, plain, summary

        self.report = report
        super().__init__(f"{summary(report)}\n\n{full(report, plain).rstrip()}")

    def _render_traceback_(self, *_: Any) -> list[str]:
        """What IPython shows."""
        from ..compiler.render import ansi, full, summary

        return [*full(self.report, ansi).rstrip().split("\n"), "", summary(self.report)]


class Ran(Struct, frozen=True):
    """What a cell has given."""

    values: dict[str, Any]
    """What it declares, by name, and what has been made anew because it uses that."""
    declared: frozenset[str]
    """The names of what it declares itself."""
    findings: Report
    """Its warnings and notes."""


class Session:
    """The cells of one module name, in the order in which they have run."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._program = Program()
        self._cells: dict[int, str] = {}
        self._count = 0
        self._module: ModuleType | None = None
        self._before: tuple[str, Any] | None = None

    def run(self, text: str) -> Ran:
        """Check a cell and run what it declares; what other cells declare is there for it.

        Args:
            text: the cell.

        Raises:
            CellError: it has errors, or makes what another cell declares wrong; then it counts for nothing.
        """
        self.forget_failed()
        number = self._count + 1
        cells = {**self._cells, number: text}
        program = self._program.with_cell(number, text)
        path = os.path.abspath(f"{self._name}.dspy")
        analysis = Workspace({path: program.text}, ignore=NOT_IN_CELLS).analyse(path)
        errors = errors_of(analysis)
        if errors:
            raise CellError(_report(program, cells, errors))
        lines = program.text.splitlines(keepends=True)
        self._before = path, linecache.cache.get(path)
        linecache.cache[path] = (len(program.text), None, lines, path)
        if self._module is None or self._module.__file__ != path:
            self._module = new_module(path)
        new = program.lines_of(number)
        changed = run_pieces(self._module, analysis, lambda line: line in new)
        self._before = None
        self._register(self._module)
        self._program, self._cells, self._count = program, cells, number
        own = [each for each in analysis.diagnostics if program.placed(each)[0] == number]
        names = {name for chunk in program.chunks for name in chunk.names} & vars(self._module).keys()
        mine = frozenset(program.names_of(number))
        values = {name: getattr(self._module, name) for name in sorted(names & (changed | mine))}
        return Ran(values, mine, _report(program, cells, [each for each in own if each.name != "no-lm"]))

    def forget_failed(self) -> None:
        """Let tracebacks show the lines of the cells that count, once that of a cell that failed is shown."""
        if self._before is not None:
            path, entry = self._before
            self._before = None
            if entry is None:
                linecache.cache.pop(path, None)
            else:
                linecache.cache[path] = entry

    def _register(self, module: ModuleType) -> None:
        """Let Python cells import the module by its name, unless something else has that name."""
        known = sys.modules.get(self._name)
        if known is None or getattr(known, "__file__", None) == module.__file__:
            sys.modules[self._name] = module


def _report(program: Program, cells: dict[int, str], findings: Any) -> Report:
    """Findings by the cells in which they are; where the place itself is gone, at the cell's start."""
    by_cell: dict[int, list[Diagnostic]] = {}
    for each in findings:
        number, placed = program.placed(each)
        by_cell.setdefault(number, []).append(placed or each.shifted(-each.span.start))
    last = max(cells)
    files = [
        CheckedFile(
            "this cell" if number == last else f"cell {number}",
            Source("cell.dspy", cells[number]),
            tuple(by_cell[number]),
        )
        for number in sorted(by_cell, reverse=True)
    ]
    return Report(tuple(files))
