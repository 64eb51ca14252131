"""The files that a program is made of: its own, the `.dspy` files that it imports, and their Python files.

They are found by following imports from the program's file, so the script or command that runs the program,
and what else that has imported, is not among them.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator

from ...base.files import UnreadableFile, read_bytes
from ..execution.loading import imports_of
from .identity import digest
from .users import is_users_file

_LARGEST = 16 << 20
"""The size in bytes up to which a source file is read."""


def sources_digest(source: str | os.PathLike[str]) -> str:
    """What stands for the text of a program's files, whoever runs it.

    A function that a metric calls may be in any of them.

    Args:
        source: the file that declares the program; one that cannot be read counts as no file.
    """
    return digest(sorted({hashlib.sha256(text).hexdigest() for text in source_files(source).values()}))


def source_files(source: str | os.PathLike[str]) -> dict[str, bytes]:
    """The text of a program's files, by their paths without symbolic links.

    Args:
        source: the file that declares the program; one that cannot be read is left out.
    """
    waiting = [os.path.realpath(source)]
    seen: set[str] = set()
    texts: dict[str, bytes] = {}
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        try:
            text = read_bytes(path, _LARGEST)
        except UnreadableFile:
            continue
        texts[path] = text
        found: Iterable[str] = _python_imports(path, text) if path.endswith(".py") else imports_of(path)
        waiting += [os.path.realpath(file) for file in found if is_users_file(file)]
    return texts


def _python_imports(path: str, text: bytes) -> Iterator[str]:
    """The files that a Python file imports, as far as they are beside it or loaded."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    folder = os.path.dirname(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files(folder, alias.name)
        elif isinstance(node, ast.ImportFrom):
            base, module = folder, node.module or ""
            for _ in range(node.level - 1):
                base = os.path.dirname(base)
            for alias in node.names:
                yield from _files(base, f"{module}.{alias.name}" if module else alias.name)
            if node.level:
                yield os.path.join(base, "__init__.py")


def _files(folder: str, name: str) -> Iterator[str]:
    """The files of a module and of the packages around it; `name` may end in what is no module."""
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        beside = os.path.join(folder, *parts[:count])
        candidates = (beside + ".py", os.path.join(beside, "__init__.py"), beside + ".dspy")
        file = next((each for each in candidates if os.path.isfile(each)), None)
        if file is None:
            file = getattr(sys.modules.get(".".join(parts[:count])), "__file__", None)
        if isinstance(file, str):
            yield file
