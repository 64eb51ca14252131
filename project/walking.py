"""The `.dspy` files below a folder: without what settings exclude and what git ignores."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from ..base.patterns import any_matches_itself
from .disk import ENDING, Disk
from .settings import Files, LeftOut, left_out, look_for, look_in

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class _Ignored(Struct, frozen=True):
    """A file of patterns of what git ignores."""

    folder: str
    """The folder that the patterns count from."""
    spec: GitIgnoreSpec


class _Place(Struct, frozen=True):
    """What holds in a folder."""

    left_out: LeftOut
    ignored: tuple[_Ignored, ...] = ()
    """From the outermost to the innermost."""

    def leaves_out(self, path: str, *, is_folder: bool) -> bool:
        """Whether a file or folder in this folder is left out."""
        name = os.path.basename(path)
        if is_folder and (name.startswith(".") or os.path.exists(os.path.join(path, "pyvenv.cfg"))):
            return True
        relative = _relative(path, self.left_out.root)
        if any_matches_itself(self.left_out.exclude)(relative):
            return True
        return self.left_out.respects_gitignore and self._git_ignores(path, is_folder=is_folder)

    def _git_ignores(self, path: str, *, is_folder: bool) -> bool:
        """The nearest file decides that says anything, and in it the last pattern."""
        for each in reversed(self.ignored):
            relative = _relative(path, each.folder) + "/" * is_folder
            said = _says(each.spec, relative)
            if said is not None:
                return said
        return False


def _says(spec: GitIgnoreSpec, relative: str) -> bool | None:
    """What the last pattern that speaks of this very path says: whether git ignores it; None without one.

    A pattern of a folder matches what is in it as well, but in git only as far as the folder itself is
    ignored, and then nothing in it is looked at: `!b` does not bring back `b/a`.
    """
    for pattern in reversed(spec.patterns):
        if pattern.regex is None or pattern.include is None:
            continue  # a comment
        for found in pattern.regex.finditer(relative):
            slash = found.start(_FOLDER) if _FOLDER in found.re.groupindex else -1
            if slash in (-1, len(relative) - 1):
                return bool(pattern.include)
    return None


_FOLDER = "ps_d"
"""What pathspec's expressions call the slash behind a folder that they have matched."""


def programs_below(folder: str, files: Files | None = None, ending: str = ENDING) -> Iterator[str]:
    """The `.dspy` files below a folder, or those of another ending, in order.

    Left out are hidden folders, virtual environments, what the settings exclude and what git ignores. That
    the folder itself is left out does not matter: it was asked for.
    """
    files = Disk() if files is None else files
    full = os.path.abspath(folder)
    above = place_of(os.path.dirname(full), files)
    ignored = () if above.leaves_out(full, is_folder=True) else above.ignored
    yield from _below(folder, _entered(full, replace(above, ignored=ignored), files), files, ending)


def is_left_out(path: str, files: Files | None = None) -> bool:
    """Whether a file, or a folder above it, is left out where its project is checked."""
    files = Disk() if files is None else files
    path = os.path.abspath(path)
    found = look_for(os.path.dirname(path), files)
    top = _root(os.path.dirname(path), files)
    if found is not None and len(found.root) < len(top):
        top = found.root
    folders = os.path.relpath(path, top).split(os.sep)[:-1]
    here, place = top, place_of(top, files)
    for name in folders:
        here = os.path.join(here, name)
        if place.leaves_out(here, is_folder=True):
            return True
        place = _entered(here, place, files)
    return place.leaves_out(path, is_folder=False)


def place_of(folder: str, files: Files) -> _Place:
    """What holds in a folder that is walked to from the root of its repository."""
    found = look_for(folder, files)
    place = _Place(LeftOut(folder) if found is None else left_out(found))
    top = _root(folder, files)
    names = [] if folder == top else os.path.relpath(folder, top).split(os.sep)
    for depth in range(len(names) + 1):
        place = _with_ignored(os.path.join(top, *names[:depth]), place, files)
    return place


def _root(folder: str, files: Files) -> str:
    """The nearest folder above that is a repository; the folder itself outside of any."""
    above = folder
    while not files.exists(os.path.join(above, ".git")):
        if os.path.dirname(above) == above:
            return folder
        above = os.path.dirname(above)
    return above


def _below(folder: str, place: _Place, files: Files, ending: str) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda each: each.name)
    except OSError:
        return
    inside = []
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            inside.append(entry.path)
        elif entry.name.endswith(ending) and not place.leaves_out(
            os.path.abspath(entry.path), is_folder=False
        ):
            yield entry.path
    for path in inside:
        full = os.path.abspath(path)
        if not place.leaves_out(full, is_folder=True):
            yield from _below(path, _entered(full, place, files), files, ending)


def _entered(folder: str, above: _Place, files: Files) -> _Place:
    """What holds in a folder of a folder."""
    found = look_in(folder, files)
    place = above if found is None else replace(above, left_out=left_out(found))
    return _with_ignored(folder, place, files)


def _with_ignored(folder: str, place: _Place, files: Files) -> _Place:
    # A repository in another one has its own patterns.
    ignored = () if files.exists(os.path.join(folder, ".git")) else place.ignored
    for name in (os.path.join(".git", "info", "exclude"), ".gitignore"):
        text = files.look_up(os.path.join(folder, name))
        if isinstance(text, str) and text.strip():
            ignored = (*ignored, _Ignored(folder, _read_spec(text)))
    return place if ignored is place.ignored else replace(place, ignored=ignored)


def _read_spec(text: str) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    lines = text.splitlines()
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:
        # git takes a pattern that is none for one that matches nothing.
        return GitIgnoreSpec.from_lines(line for line in lines if _is_pattern(line))


def _is_pattern(line: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def _relative(path: str, root: str) -> str:
    inside = path[len(root) :] if path.startswith(root) else os.path.relpath(path, root)
    return inside.strip(os.sep).replace(os.sep, "/")


MOST_ENTRIES = 2000
"""Entries of a folder that are looked at."""


def python_beside(programs: Iterable[str]) -> Iterator[str]:
    """The Python files in the folders of programs."""
    for folder in dict.fromkeys(map(os.path.dirname, programs)):
        yield from (os.path.join(folder, name) for name in entries(folder, (".py",)) if name[-1] != "/")


def entries(folder: str, endings: Sequence[str]) -> list[str]:
    """The names of files with these endings in a folder, and of folders, with a `/`; hidden ones left out."""
    found = []
    try:
        with os.scandir(folder) as scanned:
            for entry in islice(scanned, MOST_ENTRIES):
                if entry.name.startswith((".", "__")):
                    continue
                if entry.name.endswith(tuple(endings)):
                    found.append(entry.name)
                elif entry.is_dir():
                    found.append(f"{entry.name}/")
    except (OSError, ValueError):
        return []
    return sorted(found)
