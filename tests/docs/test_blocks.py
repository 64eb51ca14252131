"""Every `dspy` block of the documentation is a whole program that checks without a finding."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dspyc import load
from dspyc.compiler.analysis import Project
from dspyc.grammar.formatting.format import format_source

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "assist" / "guide.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```dspy\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [
    pytest.param(
        block.group(1), id=f"{page.relative_to(ROOT)}:{page.read_text()[: block.start()].count(chr(10)) + 2}"
    )
    for page in PAGES
    for block in BLOCK.finditer(page.read_text(encoding="utf-8"))
]


def test_there_are_blocks() -> None:
    assert len(BLOCKS) >= 6


@pytest.mark.parametrize("program", BLOCKS)
def test_checks(program: str) -> None:
    found = Project({"page.dspy": program}.get).check("page.dspy").diagnostics
    assert [f"{each.code} {each.message}" for each in found] == []


@pytest.mark.parametrize("program", BLOCKS)
def test_is_formatted(program: str) -> None:
    assert format_source(program) == program


@pytest.mark.parametrize("program", BLOCKS)
def test_loads(program: str, tmp_path: Path) -> None:
    """What the checker takes, the runtime takes; nothing is sent and no data is read."""
    page = tmp_path / "page.dspy"
    page.write_text(program, encoding="utf-8")
    assert load(page) is not None


def test_the_first_block_of_the_readme_is_the_example_that_it_names() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.search(r"\]\((examples/\w+\.dspy)\):\n\n```dspy\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert named is not None
    assert named.group(2) == (ROOT / named.group(1)).read_text(encoding="utf-8")
