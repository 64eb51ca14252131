"""Python files that a program imports, with DSPy in the place of this package's runtime."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .surface import offered, surface

_RUNTIME = "dspyc.runtime"


def with_dspy(text: str) -> str | None:
    """A Python file as one for DSPy; None where it uses something of this package that DSPy does not have.

    Only its imports are changed: all that the runtime has in common with DSPy has the same name in both.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    lines = text.splitlines(keepends=True)
    found = [
        each for each in ast.walk(tree) if isinstance(each, (ast.Import, ast.ImportFrom)) and _is_ours(each)
    ]
    known = {name for each in found for name in _modules(each)}
    if any(not _is_offered(node, known) for node in ast.walk(tree)):
        return None
    for node in sorted(found, key=lambda each: each.lineno, reverse=True):
        written = list(_written(node))
        if not written or any(each is None for each in written):
            return None
        first, last = node.lineno - 1, node.end_lineno or node.lineno
        before = lines[first].encode()[: node.col_offset].decode()
        after = lines[last - 1].encode()[node.end_col_offset or 0 :].decode()
        if before.strip() or after.strip().partition("#")[0]:
            return None
        lines[first:last] = [f"{before}{each}{after or chr(10)}" for each in written]
    return "".join(lines)


def _is_ours(node: ast.Import | ast.ImportFrom) -> bool:
    names = [each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    return not getattr(node, "level", 0) and any(each.partition(".")[0] == "dspyc" for each in names)


def _modules(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """The names that stand for the runtime."""
    if isinstance(node, ast.Import):
        yield from (each.asname for each in node.names if each.name == _RUNTIME and each.asname)


def _is_offered(node: ast.AST, modules: set[str]) -> bool:
    """Whether what a node reads of the runtime is in DSPy under the same name."""
    match node:
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in modules:
            found = offered(name)
            return found is not None and found.path == f"dspy.{name}"
    return True


def _written(node: ast.Import | ast.ImportFrom) -> Iterator[str | None]:
    """The imports that stand in the place of one; None for what DSPy does not have."""
    if isinstance(node, ast.Import):
        for each in node.names:
            if each.name == _RUNTIME and each.asname:
                yield "import dspy" if each.asname == "dspy" else f"import dspy as {each.asname}"
            else:
                yield None if each.name.partition(".")[0] == "dspyc" else ast.unparse(ast.Import([each]))
        return
    for each in node.names:
        found = offered(each.name)
        is_of_runtime = node.module == _RUNTIME or (node.module or "").startswith(f"{_RUNTIME}.")
        if node.module == f"{_RUNTIME}.datasets" and each.name in surface().datasets:
            yield ast.unparse(ast.ImportFrom("dspy.datasets", [each], 0))
        elif found is None or not is_of_runtime:
            yield None
        else:
            yield ast.unparse(ast.ImportFrom(found.path.rpartition(".")[0], [each], 0))
