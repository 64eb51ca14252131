"""The commands in `console` blocks: each runs, in a folder that has the files which it names.

The models of OpenAI are a server on this machine. What a page shows below a command is what it prints.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dspyc.runtime import configure_cache
from support.openai_server import OpenAIServer
from support.walkthrough import ROOT, Walk, agrees, read_blocks, read_steps

WORLD = Path(__file__).with_name("world")
NOT_RUN = {
    "make ": "the commands of the Makefile are stages of their own",
    "pip install": "needs a network",
    ". .venv/bin/activate": "changes the shell",
    "mypy ": "`tests/compile/test_typed.py` runs type checkers on what `build` writes",
    "pytest --dspyc-check": "`tests/cli/test_integrations.py` runs it",
    "--lm ollama_chat/": "needs a server of Ollama",
    "--lm gguf/": "needs a file of some gigabytes",
    "dspyc ui ": "runs until it is stopped; `tests/viewing` opens it in a browser",
    "--engine dask": "`tests/cluster` runs clusters",
    "python -m http.server": "`tests/editors/pages.sh` serves the playground",
    "--changed-since": "needs the history of a repository; `tests/cli` makes one",
}
"""Parts of commands that are not run here, and why."""

PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if "```console" in page.read_text(encoding="utf-8") and page.parent.name != "tutorial"
]


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def walk(tmp_path: Path, model: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    """Somebody in a folder with the programs that the pages name."""
    shutil.copytree(WORLD, tmp_path, dirs_exist_ok=True)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name, value in {
        "HOME": str(tmp_path),
        "NO_COLOR": "1",
        "OPENAI_API_BASE": model.api_base,
        "OPENAI_API_KEY": "none",
        "DSPYC_CACHE_DIR": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    walk = Walk(tmp_path)
    yield walk
    walk.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_commands_of_a_page_run(page: Path, walk: Walk) -> None:
    wrong = []
    for block in read_blocks(page.read_text(encoding="utf-8")):
        if block.language != "console" or not block.text.startswith("$ "):
            continue
        for step in read_steps(block.text):
            if any(part in step.command for part in NOT_RUN):
                continue
            printed = walk.perform(step.command)
            if step.expected.strip() and not agrees(step.expected, printed):
                wrong.append(f"$ {step.command}\n{printed}")
            if walk.code not in (0, 1):
                wrong.append(f"$ {step.command}\n{printed}[exit {walk.code}]")
    assert wrong == []


def test_what_is_not_run_is_on_a_page() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [part for part in NOT_RUN if part not in text] == []
