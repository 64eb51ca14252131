"""The packaging guards: what ships is what the folders hold, and importing stays cheap."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    "base",
    "grammar",
    "compiler",
    "project",
    "loader",
    "runtime",
    "lsp",
    "cli",
    "serving",
    "viewing",
    "cluster",
    "moving",
    "notebook",
    "assist",
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def package_folders() -> set[str]:
    """Every folder of the rooms that holds Python files, as a package name."""
    folders = {file.parent.relative_to(ROOT) for room in ROOMS for file in (ROOT / room).rglob("*.py")}
    return {"dspyc"} | {".".join(("dspyc", *folder.parts)) for folder in folders}


def test_the_version_stands_once() -> None:
    import dspyc

    assert dspyc.__version__ == version("dspyc")


def test_every_package_is_listed() -> None:
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == package_folders()


def test_every_package_has_an_init() -> None:
    for name in package_folders() - {"dspyc"}:
        assert (ROOT / Path(*name.split(".")[1:]) / "__init__.py").is_file(), name


def test_the_root_holds_only_the_modules_that_ship() -> None:
    assert {file.name for file in ROOT.glob("*.py")} == {"__init__.py", "__main__.py"}


def test_tests_and_editors_are_no_packages() -> None:
    for folder in ("tests", "editors"):
        assert not [
            file for file in (ROOT / folder).rglob("__init__.py") if "node_modules" not in file.parts
        ], folder


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as `pip` builds it from a clean copy of the tracked files."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    tracked = (
        subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        .stdout.decode()
        .split("\0")
    )
    for name in filter(None, tracked):
        source = ROOT / name
        if source.is_file():
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(copy)],
        check=True,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {f"dspyc/{name}" for name in ("__init__.py", "__main__.py", "py.typed")}
    for room in ROOMS:
        for file in (*(ROOT / room).rglob("*.py"), *(ROOT / room).rglob("*.pyi")):
            expected.add(f"dspyc/{file.relative_to(ROOT).as_posix()}")
    python = {name for name in names if name.endswith((".py", ".pyi", "py.typed"))}
    assert python == expected
    data = {name.rsplit(".", 1)[1] for name in names - python}
    assert data <= {"lark", "json", "gguf", "md", "css", "js", "html", "txt"}


def test_the_wheel_holds_the_grammar_and_the_models(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "dspyc/grammar/dspy.lark" in names
    for model in (ROOT / "runtime" / "lm" / "models").glob("*.gguf"):
        assert f"dspyc/runtime/lm/models/{model.name}" in names


HEAVY = ("litellm", "openai", "httpx", "aiohttp", "requests", "torch", "numpy", "boto3", "xllamacpp")


@pytest.mark.parametrize(
    "module", ["dspyc", "dspyc.grammar", "dspyc.compiler", "dspyc.runtime", "dspyc.cli", "dspyc.lsp"]
)
def test_importing_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []


def test_nothing_names_this_machine() -> None:
    """No tracked text names the folder that it was written in."""
    forbidden = re.compile(rf"(?<![\w.*]){re.escape(str(ROOT))}(?![\w-])")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in tracked.stdout.split():
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        assert not forbidden.search(text), name


def test_no_test_asks_how_long_something_takes() -> None:
    """That depends on the machine and what else it does; `support/counting.py` counts calls."""
    clocks = re.compile(r"\b(perf_counter|process_time|timeit)\b")
    files = [each for each in (ROOT / "tests").rglob("*.py") if each != Path(__file__)]
    assert [each.name for each in files if clocks.search(each.read_text(encoding="utf-8"))] == []
