"""The tree-sitter grammar of `editors/`, compiled with the machine's C compiler and loaded."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Language, Query, Tree

FOLDER = Path(__file__).parents[2] / "editors" / "tree-sitter-dspy"


@cache
def library() -> Path:
    """The grammar as a shared library."""
    compiler = os.environ.get("CC") or shutil.which("cc") or "gcc"
    built = Path(mkdtemp()) / "dspy.so"
    sources = [str(FOLDER / "src" / name) for name in ("parser.c", "scanner.c")]
    command = [compiler, "-O1", "-shared", "-fPIC", "-I", str(FOLDER / "src"), *sources, "-o", str(built)]
    subprocess.run(command, check=True)
    return built


@cache
def language() -> Language:
    """The grammar for the Python package."""
    from tree_sitter import Language

    function = ctypes.CDLL(str(library())).tree_sitter_dspy
    function.restype = ctypes.c_void_p
    capsule = ctypes.pythonapi.PyCapsule_New
    capsule.restype = ctypes.py_object
    capsule.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    return Language(capsule(function(), b"tree_sitter.Language", None))


def parse(text: str) -> Tree:
    """The tree of a text. Keep it as long as its nodes: they do not."""
    from tree_sitter import Parser

    return Parser(language()).parse(text.encode("utf-8"))


@cache
def query(name: str, folder: Path = FOLDER / "queries") -> Query:
    """A query, of the grammar or of another folder."""
    from tree_sitter import Query

    return Query(language(), (folder / f"{name}.scm").read_text(encoding="utf-8"))


class Capture(NamedTuple):
    """What a query has captured; `start` counts bytes."""

    start: int
    name: str
    text: str


def captures(name: str, text: str, folder: Path = FOLDER / "queries") -> list[Capture]:
    """What a query captures in a text, in the order of the text."""
    from tree_sitter import QueryCursor

    data = text.encode("utf-8")
    wanted, tree = query(name, folder), parse(text)
    cursor = QueryCursor(wanted)
    found = cursor.captures(tree.root_node)
    return sorted(
        Capture(node.start_byte, each, data[node.start_byte : node.end_byte].decode("utf-8"))
        for each in found
        for node in found[each]
    )
