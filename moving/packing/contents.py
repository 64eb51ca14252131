"""What goes into a package: files, each read once, and looked through for keys."""

from __future__ import annotations

import gzip
import io
import keyword
import re
import sys
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path

from msgspec import Struct

from ...base.secrets import redact
from ...project.errors import Misuse

LARGEST = 512 << 20
"""In bytes: the largest file that a package takes."""


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


def read_all(paths: Mapping[str, Path], allowed: Collection[str] = ()) -> dict[str, bytes]:
    """The contents of files.

    Args:
        paths: the files by their names in the package.
        allowed: the names of files in which nothing is a key, whatever it looks like.

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
        if not {name, path.name}.intersection(allowed):
            _refuse_keys(path, _text(path, found[name]))
    return found


def _text(path: Path, data: bytes) -> str:
    """What a file says, a compressed one too; nothing for what is no text."""
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(LARGEST)
        except (OSError, EOFError, zlib.error):
            raise Unpackable(f"{path} cannot be decompressed") from None
    return "" if b"\0" in data[:8192] else data.decode("utf-8", errors="replace")


def _refuse_keys(path: Path, text: str) -> None:
    redacted = redact(text)
    if redacted == text:
        return
    line = next(
        at
        for at, (one, other) in enumerate(zip(text.split("\n"), redacted.split("\n"), strict=False), 1)
        if one != other
    )
    raise Unpackable(
        f"{path}:{line}: this looks like a key, and everybody who has the package could read it",
        f"take it out; keys are read from the environment. If it is none: --allow {path.name}",
    )
