"""The programs of the repository: the examples, the tests' own, and the blocks of the documentation."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```dspy\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@cache
def right() -> dict[str, str]:
    """Programs without a syntax mistake, by where they stand."""
    files = [*(ROOT / "examples").rglob("*.dspy"), *(ROOT / "tests" / "grammar" / "valid").glob("*.dspy")]
    found = {str(path.relative_to(ROOT)): _read(path) for path in sorted(files)}
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        for block in _BLOCK.finditer(text):
            line = text.count("\n", 0, block.start()) + 2
            found[f"{page.relative_to(ROOT)}:{line}"] = block.group(1)
    return found


@cache
def broken() -> dict[str, str]:
    """Programs with syntax mistakes, by where they stand."""
    files = sorted((ROOT / "tests" / "grammar" / "invalid").glob("*.dspy"))
    return {str(path.relative_to(ROOT)): _read(path) for path in files}


def _read(path: Path) -> str:
    """A text with the line ends that it has."""
    return path.read_bytes().decode("utf-8")
