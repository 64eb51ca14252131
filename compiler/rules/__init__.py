"""The rules: one file each, each a function from a resolved program to diagnostics."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostic import Diagnostic
from ..program import Program


def check(program: Program) -> Iterator[Diagnostic]:
    """What the rules find in a program."""
    yield from ()
