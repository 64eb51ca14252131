"""Files on the disk: finding `.dspy` files, reading them as texts, and writing without leaving halves."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..base.files import write_atomically as write_atomically
from .errors import Refusal

LARGEST = 4 * 2**20
"""A larger `.dspy` file is data by its size, not a program."""

_SKIPPED = {"node_modules", "__pycache__", "venv", "site-packages"}


class Unreadable(Exception):
    """A file that is no program's text; the message is a clause that follows its name.

    `code` and `rule` are those of the finding that `check` makes of it.
    """

    def __init__(self, message: str, hint: str, code: str = "E000", rule: str = "unreadable-file") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
        self.rule = rule


def find(paths: Sequence[str]) -> list[Path]:
    """The `.dspy` files that the paths name: files as they are, folders with all that is below them.

    Hidden folders, `node_modules` and virtual environments are left out. Raises `Refusal` for a path that
    does not exist, for a file of another ending, and when nothing was found.
    """
    found: dict[Path, None] = {}
    for name in paths or (".",):
        path = Path(name)
        if path.is_dir():
            found.update(dict.fromkeys(_below(path)))
        elif not path.exists():
            raise Refusal(f"{name} does not exist", _missing_help(path))
        elif path.suffix != ".dspy":
            raise Refusal(f"{name} is no `.dspy` file")
        else:
            found[path] = None
    if not found:
        where = " or ".join(paths) if paths else "this folder"
        raise Refusal(
            f"there is no `.dspy` file in {where}", "`dspyc init` makes a first project to start from"
        )
    return list(found)


def _missing_help(path: Path) -> str | None:
    from .errors import near

    try:
        names = [one.name for one in path.parent.iterdir() if one.suffix == ".dspy" or one.is_dir()]
    except OSError:
        return None
    return near(path.name, names)


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in _SKIPPED
            and not os.path.exists(os.path.join(parent, name, "pyvenv.cfg"))
        )
        yield from (Path(parent, name) for name in sorted(files) if name.endswith(".dspy"))


def read_program(path: Path) -> str:
    """The text of a `.dspy` file. Raises `Unreadable` for what is no text, OSError as `open` does."""
    with open(path, "rb") as file:
        data = file.read(LARGEST + 1)
    return decode_program(data)


def decode_program(data: bytes) -> str:
    """The text of a program's bytes; raises `Unreadable` where they cannot be one."""
    from ..grammar.file_formats import other_format

    found = other_format(data.decode("utf-8-sig", errors="replace"))
    if found is not None:
        message = found.message.removeprefix("this file ")
        raise Unreadable(message, found.help or "", found.code, found.name)
    if len(data) > LARGEST:
        raise Unreadable(
            f"is larger than {LARGEST // 2**20} MB, which no program written by hand is",
            'keep data in a file of its own and read it with Dataset("…")',
        )
    try:
        return data.decode("utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise Unreadable(
            f"is not UTF-8: byte 0x{data[problem.start]:02x} on line {line}",
            "save it as UTF-8; a program is text in that encoding",
        ) from None


def read_text(path: str) -> str | None:
    """What the compiler's reader gives for a file that a program imports; None when there is no such text."""
    try:
        if path.endswith(".dspy"):
            return read_program(Path(path))
        import tokenize

        with tokenize.open(path) as file:
            return file.read()
    except (OSError, Unreadable, SyntaxError, UnicodeDecodeError):
        return None


def shown(path: Path | str) -> str:
    """A path as the user would write it: relative where it lies below the working folder."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def with_models(state: Path) -> list[Path]:
    """A program's state file, and the models that it names, which lie beside it."""
    text = state.read_text(encoding="utf-8")
    return [state, *(model for model in sorted(state.parent.glob("*.gguf")) if f"gguf/{model.name}" in text)]
