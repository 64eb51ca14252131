"""What goes into a package: files, each read once, and looked through for keys."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from ...base.secrets import redact
from ...project.errors import Misuse

LARGEST = 512 << 20
"""In bytes: the largest file that a package takes."""
_TEXTS = (".dspy", ".py", ".json", ".jsonl", ".csv", ".tsv", ".txt", ".sql", ".md", ".toml", ".yaml", ".yml")


class Unpackable(Misuse):
    """Something about a program keeps it from being packaged."""


class Named(Struct, frozen=True):
    """What a package is called."""

    distribution: str
    """What pip calls it: `invoice-reader`."""
    module: str
    """What Python calls it: `invoice_reader`."""
    version: str

    @property
    def wheel(self) -> str:
        """The file's name."""
        return f"{self.module}-{self.version}-py3-none-any.whl"


def named(name: str, version: str) -> Named:
    """A checked name and version.

    Raises:
        Unpackable: they are none, or the name is one that Python has.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]|[A-Za-z]", name):
        raise Unpackable(
            f"`{name}` cannot be the name of a package",
            "pass --name with letters, digits, - and _, beginning with a letter",
        )
    distribution = re.sub(r"[-_.]+", "-", name).lower()
    module = distribution.replace("-", "_")
    if module in sys.stdlib_module_names or module in ("dspyc", "dspy") or keyword.iskeyword(module):
        raise Unpackable(
            f"a package called `{module}` would hide Python's own, or this one",
            f"pass another name, --name {distribution}-program",
        )
    if not re.fullmatch(r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?", version):
        raise Unpackable(f"`{version}` is no version", "pass one like --version 1.2.0")
    return Named(distribution, module, version)


def read_all(paths: Mapping[str, Path]) -> dict[str, bytes]:
    """The contents of files.

    Raises:
        Unpackable: one is too large, cannot be read, or holds what looks like a key.
    """
    found: dict[str, bytes] = {}
    for name, path in paths.items():
        try:
            if path.stat().st_size > LARGEST:
                raise Unpackable(f"{path} is larger than {LARGEST >> 20} MiB")
            found[name] = path.read_bytes()
        except OSError as problem:
            raise Unpackable(f"{path} cannot be read: {problem.strerror}") from None
        if name.endswith(_TEXTS):
            _refuse_keys(path, found[name].decode("utf-8", errors="replace"))
    return found


def _refuse_keys(path: Path, text: str) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        if redact(line) != line:
            raise Unpackable(
                f"{path}:{number}: this looks like a key, and everybody who has the package could read it",
                "take it out; keys are read from the environment",
            )
