"""Running the `test` declarations of a file, for `dspyc test` and for pytest."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..compiler.render.excerpt import Mark, excerpt
from ..compiler.render.palette import Palette
from ..grammar.source import Source
from .failures import is_users, one_line

if TYPE_CHECKING:
    from .programs import Loaded

_LONGEST_VALUE = 300


def tests_of(loaded: Loaded) -> dict[str, Callable[[], Any]]:
    """The tests of a file by their titles, in the order of the text."""
    return dict(loaded.compiled.tests)


def explain(problem: BaseException, palette: Palette, columns: int) -> str:
    """Why a test failed: the line of the program, and for an `assert` the values that it read."""
    frame, line = _innermost(problem)
    said = str(problem) if isinstance(problem, AssertionError) else one_line(problem)
    if frame is None:
        return said
    path = Path(frame.f_code.co_filename)
    source = Source(str(path), path.read_text(encoding="utf-8"))
    span = source.line_span(min(line, source.line_count) - 1)
    text = source.text[span.start : span.end]
    start = span.start + len(text) - len(text.lstrip())
    gutter = len(str(line))
    mark = Mark(type(span)(start, span.end), "", "error", primary=True)
    lines = excerpt(source, [mark], palette, columns, gutter)
    margin = f"{'':{gutter}} {palette('gutter', '=')} "
    if isinstance(problem, AssertionError):
        lines += [f"{margin}{name} = {value}" for name, value in _values(text, frame)]
    lines += [f"{margin}{part}" for part in said.splitlines()]
    return "\n".join(lines)


def _innermost(problem: BaseException) -> tuple[FrameType | None, int]:
    """The innermost frame of a `.dspy` file, and its line."""
    found: tuple[FrameType | None, int] = (None, 0)
    traceback = problem.__traceback__
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if filename.endswith(".dspy") and is_users(filename):
            found = traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next
    return found


def _values(statement: str, frame: FrameType) -> Iterator[tuple[str, str]]:
    """What the names and attributes of an `assert` stood for; nothing is called to find out."""
    try:
        tree = ast.parse(textwrap.dedent(statement))
    except SyntaxError:
        return
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    seen = set()
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Name, ast.Attribute)) or id(node) in inner | called:
            continue
        name = ast.unparse(node)
        try:
            value = _look_up(node, {**frame.f_globals, **frame.f_locals})
        except (AttributeError, KeyError):
            continue
        if name not in seen and not callable(value):
            seen.add(name)
            text = repr(value)
            yield name, text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def _look_up(node: ast.expr, names: dict[str, Any]) -> Any:
    match node:
        case ast.Name(id=name):
            return names[name]
        case ast.Attribute(value=value, attr=name):
            return getattr(_look_up(value, names), name)
    raise KeyError(ast.dump(node))
