"""A digest of the compiler's own sources, so that nothing is kept that another compiler made."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b

from ..base.files import UnreadableFile, read_bytes, read_regular, write_atomically

ROOMS = ("base", "compiler", "grammar", "loader", "project", "runtime")
"""What the compiler's work depends on: itself, and the runtime, whose sources it reads."""
PACKAGE = os.path.dirname(os.path.dirname(__file__))
_ENDINGS = (".py", ".json", ".lark")
_LARGEST = 2**24


def digest_of_sources() -> str:
    """A digest of the contents of all source files that the compiler is made of.

    Reading them takes some 15 ms. So the digest is kept, with what the file system says of the files: size,
    time of the last change of the content, and of the file itself, which nothing can set back.
    """
    kept = os.path.join(PACKAGE, "loader", "__pycache__", "sources.json")
    stamp = _stamp()
    with suppress(UnreadableFile, ValueError, KeyError, TypeError):
        known = json.loads(read_regular(kept, 10_000))
        if known["stamp"] == stamp:
            return str(known["digest"])
    digest = _content()
    with suppress(OSError):
        # A package that cannot be written to only costs time.
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        write_atomically(kept, json.dumps({"stamp": stamp, "digest": digest}))
    return digest


def _stamp() -> str:
    hashed = blake2b(digest_size=16)
    for name, path in _sources():
        found = os.stat(path)
        hashed.update(f"{name}\0{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}\0".encode())
    return hashed.hexdigest()


def _content() -> str:
    hashed = blake2b(digest_size=16)
    for name, path in _sources():
        data = read_bytes(path, _LARGEST)
        hashed.update(f"{name}\0{len(data)}\0".encode() + data)
    return hashed.hexdigest()


def _sources() -> Iterator[tuple[str, str]]:
    """The source files in order: the name in the package, and the path."""
    for room in ROOMS:
        for folder, folders, files in os.walk(os.path.join(PACKAGE, room)):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(files):
                if name.endswith(_ENDINGS):
                    path = os.path.join(folder, name)
                    yield path[len(PACKAGE) + 1 :], path
