"""Running the `test` declarations of a file, for `dspyc test` and for pytest."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..compiler.render.excerpt import Mark, excerpt
from ..compiler.render.palette import Palette
from ..grammar import syntax
from ..grammar.source import Source, Span
from ..project.disk import Disk
from .failures import is_users, one_line, user_places
from .files import shown

if TYPE_CHECKING:
    from ..project.programs import Loaded

_LONGEST_VALUE = 500


def tests_of(loaded: Loaded) -> dict[str, Callable[[], Any]]:
    """The tests of a file by their titles, in the order of the text."""
    return dict(loaded.compiled.tests)


def explain(problem: BaseException, palette: Palette, columns: int) -> str:
    """Why a test failed: the line of the program, what happened, and the values that an `assert` read."""
    place = innermost(problem)
    if place is None:
        return one_line(problem)
    path, line = place
    content = Disk().read(os.path.abspath(path))
    if content is None:
        return one_line(problem)
    source = Source(path, content)
    span = source.line_span(min(line, source.line_count) - 1)
    text = source.text[span.start : span.end]
    start = span.start + len(text) - len(text.lstrip())
    gutter = len(str(line))
    lines = excerpt(
        source, [Mark(Span(start, span.end), "", "error", primary=True)], palette, columns, gutter
    )
    margin = f"{'':{gutter}} {palette('gutter', '=')} "
    lines += [f"{margin}{part}" for said in _said(problem, text) for part in said.splitlines()]
    here = f"{shown(path)}:{line}"
    others = (one for one in user_places(problem.__traceback__) if one.split(" ")[0] != here)
    lines += [f"{margin}at {one}" for one in others]
    return "\n".join(lines)


def _said(problem: BaseException, line: str) -> Iterator[str]:
    """What an error says beyond the line that it was raised on."""
    from ..runtime.errors import ProgramAssertionError

    if not isinstance(problem, ProgramAssertionError):
        yield f"{type(problem).__name__}: {problem}"
        return
    if problem.message not in line:
        yield problem.message
    for name, value in problem.values.items():
        text = repr(value)
        yield f"{name} = {text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + '…'}"


def innermost(problem: BaseException) -> tuple[str, int] | None:
    """The innermost place in a `.dspy` file: its path and line."""
    found = None
    traceback = problem.__traceback__
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if filename.endswith(".dspy") and is_users(filename):
            found = filename, traceback.tb_lineno
        traceback = traceback.tb_next
    return found


def compared(loaded: Loaded, line: int, values: Mapping[str, Any]) -> tuple[Any, Any] | None:
    """What an `assert` on a line of a file found and what it wanted, where it says `found == wanted`.

    Args:
        loaded: the file.
        line: counted from 1.
        values: what the condition has read, by its text.
    """
    for item in loaded.analysis.program.items:
        for node in item.nodes(syntax.Assert):
            place = loaded.analysis.source.position(item.at(node.test).start, "utf-32")
            if place.line + 1 != line or not isinstance(node.test, syntax.Comparison):
                continue
            if node.test.operators != ("==",):
                return None
            sides = [
                _value(item.text[each.span.start : each.span.end], values)
                for each in (node.test.left, *node.test.rights)
            ]
            found, wanted = sides
            return (found[0], wanted[0]) if found and wanted else None
    return None


def _value(text: str, values: Mapping[str, Any]) -> tuple[Any] | None:
    """What an expression is worth: one that was read, or a literal; None for what cannot be said."""
    if text in values:
        return (values[text],)
    try:
        return (ast.literal_eval(text),)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
