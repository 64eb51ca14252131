"""Built programs beside Python: strict type checkers accept them, and find what their users do wrong."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import dspyc
from dspyc.cli.tidy import tidy
from dspyc.compiler import catalog
from dspyc.compiler.emit import build
from dspyc.compiler.emit.stubs import SETTINGS
from dspyc.loader.compiling import analyse
from dspyc.runtime import compiled

TYPED = Path(__file__).parent / "typed"
PROGRAMS = ["main.dspy", "shared/common.dspy"]


def mypy(folder: Path, *files: str) -> list[str]:
    """The errors that a strict mypy reports."""
    packages = folder.parent / "packages"
    packages.mkdir(exist_ok=True)
    if not (packages / "dspyc").exists():
        # The editable install maps the package in a way that mypy does not follow.
        (packages / "dspyc").symlink_to(Path(dspyc.__file__).parent)
    options = ["--strict", "--follow-imports=silent", "--explicit-package-bases", "--no-error-summary"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *files],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(packages)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if ": error: " in line]


def test_a_project_is_accepted_and_mistakes_in_its_use_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    for name in PROGRAMS:
        built = build(analyse(str(TYPED / name)))
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.with_suffix(".py").write_text(tidy(built.module), encoding="utf-8")
        target.with_suffix(".pyi").write_text(tidy(built.stub, is_stub=True), encoding="utf-8")
    shutil.copy(TYPED / "helpers.py", folder)
    use = (TYPED / "use.py.txt").read_text(encoding="utf-8")
    (folder / "use.py").write_text(use, encoding="utf-8")
    expected = [
        f"use.py:{number} {found[1]}"
        for number, line in enumerate(use.splitlines(), 1)
        if (found := re.search(r"# finds (.+)$", line))
    ]
    errors = mypy(folder, "main.pyi", "shared/common.pyi", "helpers.py", "use.py")
    found = [re.sub(r"^(use\.py:\d+): error: .*\[(.+)\]$", r"\1 \2", error) for error in errors]
    assert len(expected) == 18
    assert found == expected
    assert mypy(folder, "main.py", "shared/common.py") == []


def test_settings_in_stubs_are_those_of_the_runtime() -> None:
    calls, modules = compiled.CallSettings.__annotations__, compiled.ModuleSettings.__annotations__
    assert set(calls) == SETTINGS["CallSettings"] == {each.name for each in catalog.call_settings()}
    assert set(modules) == SETTINGS["ModuleSettings"]
    assert {each.name for each in catalog.settings()} <= set(modules)
