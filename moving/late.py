"""What Python reads for a program's datasets: functions that are called when the first row is needed.

Loading a program reads no data, so what a script reads at its top level goes to functions of
`NAME_python.py`.
"""

from __future__ import annotations

import ast

LOAD = "load_"
"""What their names begin with."""


def reads(node: ast.stmt) -> bool:
    """Whether a statement assigns what functions give, such as those that read data."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign, ast.With, ast.For)):
        return False
    return any(isinstance(each, ast.Call) for each in ast.walk(node))


def loaders(pieces: list[str], names: dict[str, str], rows: str, cache: str) -> list[str]:
    """Functions that give what statements assign; the statements run once, when the first is called."""
    if not pieces:
        return []
    lines = [line for piece in pieces for line in ast.unparse(ast.parse(piece)).splitlines()]
    given = ", ".join(f'"{name}": {name}' for name in names)
    made = [f"@{cache}", f"def {rows}():", *(f"    {line}" for line in lines), f"    return {{{given}}}"]
    return [
        "\n".join(made),
        *(f'def {load}():\n    return {rows}()["{name}"]' for name, load in names.items()),
    ]
