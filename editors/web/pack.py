"""Packs what the worker runs: `dspyc.zip` for the compiler, `more.zip` for prompts of records, `words.json`.

    python editors/web/pack.py FOLDER

The wheels in `requirements.txt` come from the package index with their digests; nothing is compiled.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ROOMS = ("base", "grammar", "compiler", "project", "loader", "lsp", "runtime", "cli")
ENDINGS = (".py", ".pyi", ".json", ".lark")
LATER = ("annotated_types", "pydantic", "pydantic_core", "typing_inspection")
"""What only prompts of records need."""
ONLY = {"pygls": ("pygls/__init__.py", "pygls/uris.py")}
"""Of these packages, what the language server imports."""
TARGET = ("pyemscripten_2026_0_wasm32", "3.14", "cp", "cp314")
"""The platform of Pyodide 314, and its Python: version, implementation, ABI."""


def main(folder: Path) -> None:
    """Write the files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as wheels:
        download(Path(wheels))
        files = {"dspyc.zip": dict(package_files()), "more.zip": {}}
        for wheel in sorted(Path(wheels).glob("*.whl")):
            name = wheel.name.partition("-")[0].lower()
            files["more.zip" if name in LATER else "dspyc.zip"].update(wheel_files(wheel, name))
    for name, content in files.items():
        write_zip(folder / name, content)
    (folder / "words.json").write_text(json.dumps(words()))


def download(folder: Path) -> None:
    """Take the wheels from the package index."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes"]
    for name, value in zip(("platform", "python-version", "implementation", "abi"), TARGET, strict=True):
        options += [f"--{name}", value]
    wanted = ["--requirement", str(HERE / "requirements.txt"), "--dest", str(folder)]
    subprocess.run([*command, *options, *wanted], check=True)


def package_files() -> Iterator[tuple[str, bytes]]:
    """The package without what no page needs, and what stands for `ujson`."""
    for path in [ROOT / "__init__.py", *(file for room in ROOMS for file in (ROOT / room).rglob("*"))]:
        if path.suffix in ENDINGS and "__pycache__" not in path.parts:
            yield f"dspyc/{path.relative_to(ROOT).as_posix()}", path.read_bytes()
    for path in (HERE / "python").glob("*.py"):
        yield path.name, path.read_bytes()


def wheel_files(wheel: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """What a wheel installs."""
    with zipfile.ZipFile(wheel) as content:
        for each in content.namelist():
            if name in ONLY and each not in ONLY[name]:
                continue
            if not each.endswith("/") and "/tests/" not in each:
                yield each, content.read(each)


def write_zip(path: Path, files: dict[str, bytes]) -> None:
    """The same bytes each time."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as content:
        for name in sorted(files):
            content.writestr(
                zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), files[name], zipfile.ZIP_DEFLATED, 9
            )


def words() -> dict[str, list[str]]:
    """The words that an editor colours while the server is not there yet."""
    from dspyc.grammar.words import HARD_KEYWORDS, HEADS, SOFT_KEYWORDS

    return {"keywords": sorted(HARD_KEYWORDS | SOFT_KEYWORDS), "heads": sorted(HEADS)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
