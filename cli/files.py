"""The files that a command is given, and how a path is shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..base.files import UnreadableFile, decode, read_regular
from ..base.text import near
from ..grammar.source import Source
from ..project.disk import LARGEST_PROGRAM, advice_for, decode_program
from ..project.walking import is_left_out, programs_below
from ..project.workspace import Workspace
from .errors import Refusal


def find(paths: Sequence[str], *, forces_exclusion: bool = False) -> list[Path]:
    """The `.dspy` files that the paths name: files as they are, folders with all that is below them.

    What settings exclude and what git ignores is left out of folders; see `programs_below`. Raises `Refusal`
    for a path that does not exist, for a file of another ending, and when nothing was found. With
    `forces_exclusion`, it is left out of the paths too, and there may be nothing.
    """
    found: dict[Path, None] = {}
    for name in paths or (".",):
        path = Path(name)
        if path.is_dir():
            found.update(dict.fromkeys(map(Path, programs_below(name))))
        elif not os.path.lexists(path):
            raise Refusal(f"{name} does not exist", _missing_help(path))
        elif path.suffix != ".dspy":
            raise Refusal(f"{name} is not a `.dspy` file")
        else:
            found[path] = None
    if not found:
        where = " or ".join(paths) if paths else "this folder"
        raise Refusal(f"no `.dspy` file in {where}", "run `dspyc init` to create a first project")
    if forces_exclusion:
        return [path for path in found if not is_left_out(str(path))]
    return list(found)


def _missing_help(path: Path) -> str | None:
    try:
        names = [one.name for one in path.parent.iterdir() if one.suffix == ".dspy" or one.is_dir()]
    except OSError:
        return None
    close = near(path.name, names)
    return f"did you mean `{close}`?" if close else None


def shown(path: Path | str) -> str:
    """A path as the user would write it: relative where it lies below the working folder."""
    if not os.path.isabs(path):
        inside = os.path.normpath(path)
        if not inside.startswith(os.pardir):
            return inside
    full, here = os.path.abspath(path), os.getcwd().rstrip(os.sep) + os.sep
    return full[len(here) :] if full.startswith(here) else str(path)


def look_up(workspace: Workspace, path: str) -> tuple[str, Source] | None:
    """A file that a label points into: its path as it is shown, and its text."""
    source = workspace.source(path)
    return None if source is None else (shown(path), source)


def with_models(state: Path) -> list[Path]:
    """A program's state file, and the models that it names, which lie beside it: files or folders."""
    from ..runtime.state.files import LARGEST
    from ..runtime.state.trained import trained_models

    try:
        text = read_regular(state, LARGEST)
    except UnreadableFile as problem:
        raise unreadable(problem) from None
    return [state, *trained_models(state, text)]


def read_program_from_input() -> str:
    """The program on standard input. Raises `Refusal` where its bytes are not a program's text."""
    data = sys.stdin.buffer.read(LARGEST_PROGRAM + 1)
    try:
        return decode_program(data, "standard input")
    except UnreadableFile as problem:
        raise unreadable(problem) from None


def read_input() -> str:
    """The text on standard input, in UTF-8 whatever the locale is. Raises `Refusal` where it is not."""
    stream = getattr(sys.stdin, "buffer", None)
    try:
        return sys.stdin.read() if stream is None else decode(stream.read(), "standard input")
    except UnreadableFile as problem:
        raise unreadable(problem) from None


def unreadable(problem: UnreadableFile) -> Refusal:
    """The refusal of a file that cannot be read."""
    return Refusal(f"{shown(problem.path)} {problem.message}", advice_for(problem))
