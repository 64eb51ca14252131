"""All that a renaming changes outside of the programs' own names, in one go."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from ..grammar import syntax
from .renamed import Elsewhere, Subject, subject_at
from .renamed_data import in_data
from .renamed_python import in_python
from .renamed_states import in_states, state_file

if TYPE_CHECKING:
    from .workspace import Workspace


class Others(Struct, frozen=True):
    """What goes with a renaming."""

    places: tuple[Elsewhere, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    """Files that get another name: their old and new paths."""


def others(
    files: Workspace,
    path: str,
    offset: int,
    new: str,
    programs: Iterable[str],
    python: Iterable[str],
    folders: Iterable[str],
) -> Others:
    """What goes with giving the name at an offset of a file another one.

    Args:
        files: the files.
        path: the file.
        offset: where in it.
        new: the other name.
        programs: the `.dspy` files that may be meant.
        python: the Python files that may use what they declare.
        folders: those of the workspace, from which paths in Python may count.
    """
    subject = subject_at(files, path, offset, new)
    if subject is None or subject.old == new:
        return Others()
    every = list(programs)
    in_calls = in_python(subject, every, python, folders)
    places = (*in_calls, *in_states(subject, every), *in_data(subject, every))
    return Others(places, _files(subject))


def used_in_python(
    files: Workspace,
    path: str,
    offset: int,
    programs: Iterable[str],
    python: Iterable[str],
    folders: Iterable[str],
) -> tuple[Elsewhere, ...]:
    """Where Python files use what has its name at an offset of a file: a declaration, a field of a module."""
    subject = subject_at(files, path, offset, "")
    if subject is None:
        return ()
    return tuple(in_python(replace(subject, new=subject.old), programs, python, folders))


def _files(subject: Subject) -> tuple[tuple[str, str], ...]:
    """The state of a program that is called after it."""
    if subject.kind != "declared" or subject.place.span is None:
        return ()
    item = subject.files.analyse(subject.path).program.item_at(subject.place.span.start)
    declaration = item.declaration if item is not None else None
    if item is None or not isinstance(declaration, syntax.ValueDeclaration) or item.state is None:
        return ()
    file = state_file(subject.path, item)
    stem = os.path.splitext(os.path.basename(subject.path))[0]
    if os.path.basename(file) != f"{stem}.{subject.old}.state.json":
        return ()
    new = os.path.join(os.path.dirname(file), f"{stem}.{subject.new}.state.json")
    # One that is there is another program's, or was; nothing of it may be lost.
    return () if os.path.lexists(new) else ((file, new),)
