"""The `python` blocks of the documentation run, each on its own, with what the page speaks of around it."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import configure, configure_cache, settings
from support.openai_server import OpenAIServer
from support.walkthrough import ROOT

WORLD = Path(__file__).with_name("world")
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

AROUND = {
    "docs/agents.md": "def search(query): return ['a page about ' + query]",
    "docs/editors.md": """
from types import SimpleNamespace
c = SimpleNamespace(HighlightMagicsPreprocessor=SimpleNamespace())
""",
    "docs/evaluating.md": """
import dspyc
bank = dspyc.load("bank.dspy")
before = after = bank.accuracy()
result = dspyc.load("routed.dspy").accuracy()
""",
    "docs/optimizing.md": """
import shutil
from pathlib import Path
import dspyc
for name in ("gsm8k", "hotpotqa", "banking77"):
    Path("data", name).mkdir(parents=True)
shutil.copy("messages.csv", "train.csv")
bank = dspyc.load("bank.dspy")
""",
}
"""What a page's blocks take for granted: the names that its words are about."""

NOT_RUN = {
    "docs/checking.md": "they are lines of a `.dspy` file",
    "docs/clusters.md": "needs a cluster; `tests/cluster` starts some",
    "docs/environment.md": "they are lines of a `.dspy` file",
}
"""Pages whose blocks are not run, and why."""


def _blocks() -> Iterator[Any]:
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        name, text = page.relative_to(ROOT).as_posix(), page.read_text(encoding="utf-8")
        for block in _BLOCK.finditer(text):
            if name not in NOT_RUN:
                line = text[: block.start()].count("\n") + 2
                yield pytest.param(name, block[1], id=f"{name}:{line}")


BLOCKS = list(_blocks())


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _world(tmp_path: Path, model: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    shutil.copytree(WORLD, tmp_path, dirs_exist_ok=True)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setenv("OPENAI_API_BASE", model.api_base)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    kept = {name: getattr(settings, name) for name in ("lm", "adapter", "callbacks", "track_usage")}
    yield
    configure(**kept)
    configure_cache(enable_disk_cache=False, enable_memory_cache=False)


def test_there_are_blocks() -> None:
    assert len(BLOCKS) > 25


@pytest.mark.parametrize(("page", "code"), BLOCKS)
def test_it_runs(page: str, code: str) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    for text in (AROUND.get(page, ""), code):
        exec(compile(text, page, "exec"), names)  # noqa: S102 - what the page shows
