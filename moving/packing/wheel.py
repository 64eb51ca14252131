"""A wheel, byte for byte the same each time; the format is that of PEP 427 and PEP 491."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence

from ...base.version import VERSION
from .contents import Named

_DATE = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip file can hold: a wheel says nothing of when it was made."""

_WHEEL = f"Wheel-Version: 1.0\nGenerator: dspyc {VERSION}\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

_INIT = '''"""Programs, packaged by `dspyc package`: what they declare are the names of this package."""

import json
from pathlib import Path
from typing import Any

from dspyc import load as _load

_FACTS = json.loads(Path(__file__).with_name("package.json").read_text(encoding="utf-8"))
__version__ = _FACTS["version"]
PROGRAMS = tuple(Path(__file__).with_name("programs") / name for name in _FACTS["programs"])
"""The files of the programs, the one that is run first."""
TARGET = _FACTS["target"]
"""What is run of it; empty for the only program."""

_loaded: dict[str, Any] = {}


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    for path in PROGRAMS:
        if path.stem not in _loaded:
            _loaded[path.stem] = _load(path)
        if name in _loaded[path.stem].__dspyc__.kinds:
            return getattr(_loaded[path.stem], name)
    raise AttributeError(f"module {__name__!r} has no program {name!r}")
'''

_MAIN = '''"""Runs the program: `python -m PACKAGE [run|serve|test|eval|prompt] INPUT=VALUE …`."""

import sys

from dspyc.cli.main import run

from . import PROGRAMS, TARGET

COMMANDS = ("run", "serve", "test", "eval", "prompt")


def main() -> int:
    """Run the command line on the program of this package; the exit code."""
    command, *arguments = sys.argv[1:] or ["run"]
    if command not in COMMANDS:
        command, arguments = "run", sys.argv[1:]
    name = f":{TARGET}" if TARGET and command in ("run", "serve", "prompt") else ""
    return run([command, f"{PROGRAMS[0]}{name}", *arguments])


if __name__ == "__main__":
    raise SystemExit(main())
'''


def wheel(
    name: Named,
    contents: Mapping[str, bytes],
    programs: Sequence[str],
    requires: Sequence[str],
    summary: str,
    target: str = "",
    script: str | None = None,
) -> bytes:
    """The bytes of a wheel.

    Args:
        name: what the package is called.
        contents: the program's files.
        programs: those of them that are programs, the one that is run first.
        requires: the requirements.
        summary: what the program does, in a line.
        target: the declaration that is run; empty for the only one.
        script: the name of a command that runs it, if there is to be one.
    """
    package, info = name.module, f"{name.module}-{name.version}.dist-info"
    facts = {"version": name.version, "programs": list(programs), "target": target}
    entries = {
        f"{package}/__init__.py": _INIT.encode(),
        f"{package}/__main__.py": _MAIN.encode(),
        f"{package}/package.json": json.dumps(facts, indent=2, ensure_ascii=False).encode(),
        **{f"{package}/programs/{path}": data for path, data in contents.items()},
        f"{info}/METADATA": _metadata(name, requires, summary).encode(),
        f"{info}/WHEEL": _WHEEL.encode(),
    }
    if script is not None:
        points = f"[console_scripts]\n{script} = {package}.__main__:main\n"
        entries[f"{info}/entry_points.txt"] = points.encode()
    entries[f"{info}/RECORD"] = _record(entries, f"{info}/RECORD")
    return _zipped(entries)


def _record(entries: Mapping[str, bytes], own: str) -> bytes:
    """The list of what is in the wheel, a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows((path, f"sha256={_digest(data)}", len(data)) for path, data in sorted(entries.items()))
    writer.writerow((own, "", ""))
    return text.getvalue().encode()


def _metadata(name: Named, requires: Sequence[str], summary: str) -> str:
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {name.distribution}",
        f"Version: {name.version}",
        f"Summary: {' '.join(summary.split())}",
        "Requires-Python: >=3.11",
        *(f"Requires-Dist: {each}" for each in requires),
    ]
    return "\n".join(lines) + "\n"


def _digest(data: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _zipped(entries: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        # What describes the package comes last, as wheels have it.
        for path in sorted(entries, key=lambda each: (".dist-info/" in each, each)):
            entry = zipfile.ZipInfo(path, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, entries[path])
    return target.getvalue()
