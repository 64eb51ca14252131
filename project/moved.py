"""Everything that a move of files changes: the edits that go before it, and the states that go along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from ..base.diagnostic import Edit
from .moved_programs import in_programs, in_settings, states_beside
from .moved_python import in_python
from .moves import Moves, Renamings

if TYPE_CHECKING:
    from .workspace import Workspace


class Moved(Struct, frozen=True):
    """What goes with a move."""

    edits: Mapping[str, Sequence[Edit]]
    """Of files, by their paths from before."""
    states: Sequence[tuple[str, str]]
    """The old and new paths of the states of programs, which are found by the name of the program's file."""


def moved(
    files: Workspace,
    paths: Mapping[str, str],
    programs: Iterable[str],
    python: Iterable[str],
    folders: Sequence[str],
) -> Moved:
    """What goes with a move.

    Args:
        files: the files as they are before it.
        paths: the new paths of files and folders, by their old ones.
        programs: the `.dspy` files that may name what is moved.
        python: the Python files that may.
        folders: those of the workspace, from which paths in Python may count.
    """
    renamings = Renamings(files, Moves(paths))
    every = list(programs)
    edits = dict(in_programs(renamings, every))
    edits.update(in_python(renamings, python, folders))
    edits.update(in_settings(renamings, every))
    return Moved(edits, tuple(states_beside(renamings, every)))
