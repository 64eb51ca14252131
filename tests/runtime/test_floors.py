"""The runtime's folders are floors: imports run downwards, and never in a circle.

All imports count, those inside functions and under `TYPE_CHECKING` too.
"""

from __future__ import annotations

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import dspyc.runtime

ROOT = Path(dspyc.runtime.__file__).parent
FLOORS = (
    "dspy_paths", "errors", "example", "prediction", "limits", "parameters", "interface", "execution",
    "types", "values", "tools", "signature", "lm", "adapters", "state", "modules", "data",
    "typed_settings", "retrieval", "work", "evaluate", "optimizers", "programs", "compiled", "dspy_names",
)  # fmt: skip
"""From the ground up."""


def test_imports_run_downwards() -> None:
    upwards = [
        f"{module} imports {target}"
        for module, targets in imports().items()
        for target in targets
        if floor(target) > floor(module)
    ]
    assert upwards == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    order = list(TopologicalSorter(imports()).static_order())  # raises CycleError, which names the circle
    assert len(order) == len(imports()) > 80


def floor(module: str) -> int:
    return FLOORS.index(module.split(".")[0])


@cache
def imports() -> dict[str, frozenset[str]]:
    """What each module of the runtime imports of the runtime; the face itself is left out."""
    files = {
        name(path): path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem != "__init__"
    }
    return {module: frozenset(targets(module, path, files)) - {module} for module, path in files.items()}


def name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def targets(module: str, path: Path, files: dict[str, Path]) -> set[str]:
    package = module.split(".") if path.stem == "__init__" else module.split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and 0 < node.level <= len(package) + 1:
            base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
            for alias in node.names:
                inner = ".".join([*base, alias.name])
                found.add(inner if inner in files else ".".join(base))
    return found & files.keys()
