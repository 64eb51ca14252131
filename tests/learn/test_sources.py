"""The files that a program is made of, whoever runs it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dspyc import load
from dspyc.runtime.work.sources import sources_digest

FILES = {
    "p.dspy": "from q import ask\nfrom grading import exact\n\nmodule again = ask\n",
    "q.dspy": 'import wording\n\nmodule ask = Predict("text -> label")\n',
    "wording.py": "TONE = 'kind'\n",
    "grading.py": "from scales.fine import steps\n\ndef exact(a, b):\n    import late\n    return a == b\n",
    "late.py": "from .beside import x\n",
    "beside.py": "x = 1\n",
    "scales/__init__.py": "from . import coarse\n",
    "scales/fine.py": "from .coarse import steps\n",
    "scales/coarse.py": "steps = 3\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    loaded = set(sys.modules)
    (tmp_path / "scales").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    yield tmp_path
    for name in set(sys.modules) - loaded:
        if not name.startswith("dspyc"):
            del sys.modules[name]


@pytest.mark.parametrize("name", FILES)
def test_each_file_of_the_program_counts(name: str, folder: Path) -> None:
    load(folder / "p.dspy")
    before = sources_digest(folder / "p.dspy")
    assert sources_digest(folder / "p.dspy") == before
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write("\n# another line\n")
    assert sources_digest(folder / "p.dspy") != before


def test_who_runs_it_does_not_count(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(folder / "p.dspy")
    before = sources_digest(folder / "p.dspy")
    (folder / "script.py").write_text("import wording\n", encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    import script  # type: ignore[import-not-found]  # noqa: F401

    assert sources_digest(folder / "p.dspy") == before


def test_files_that_import_each_other_and_that_are_broken(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import b\n", encoding="utf-8")
    (tmp_path / "b.py").write_text("import a\nimport c\nimport d\n", encoding="utf-8")
    (tmp_path / "c.py").write_bytes(b"def \xff(\n")
    before = sources_digest(tmp_path / "a.py")
    (tmp_path / "c.py").write_bytes(b"def \xfe(\n")
    assert sources_digest(tmp_path / "a.py") != before
