"""`dspyc import`: DSPy programs written in Python, as `.dspy` files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..base.files import UnreadableFile, read_bytes, write_atomically
from ..base.text import plural
from .console import say, say_note, say_warning
from .errors import Refusal
from .files import shown

if TYPE_CHECKING:
    from ..compiler.analysis import FileAnalysis
    from ..moving.move import Result
    from ..project.workspace import Workspace

_LARGEST = 16 << 20
"""In bytes; what is larger is no program that somebody wrote."""


@click.command(name="import")
@click.argument("paths", nargs=-1, required=True, metavar="FILE.py|FOLDER…", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where to write. [default: beside the file]",
)
@click.option("--force", is_flag=True, help="Replace files that exist.")
@click.option("--diff", "shows", is_flag=True, help="Print the .dspy file, and write nothing.")
def command(paths: tuple[Path, ...], out: Path | None, force: bool, shows: bool) -> int:
    """Turn DSPy programs written in Python into .dspy files.

    The Python is read, never run. Signatures, modules, metrics, data, optimizers and evaluations become
    declarations that check without an error and give the same prompts. What has no form in the language goes
    to NAME_python.py, which the .dspy file imports; each such place is told with its line and the reason.

    \b
    Examples:
      dspyc import rag.py
      dspyc import programs/ --out dspy/
      dspyc import rag.py --diff
    """
    files = _python_files(paths)
    programs, others = _divided(files, out)
    count = len(programs)
    if not shows:
        made = [one for one in programs if one.result is not None and one.result.text.strip()]
        beside = [one.kept for one in made if one.result is not None and one.result.python is not None]
        _refuse_existing([*(one.target for one in made), *beside, *(others if made else ())], force)
    for program in programs:
        result = program.result
        assert result is not None
        path, target, kept = shown(str(program.path)), program.target, program.kept
        if not result.text.strip():
            say_warning(f"{path}: nothing in it has a form in the language; nothing is written")
            count -= 1
        elif shows:
            say(result.text, newline=False)
        else:
            _write(target, result.text)
            if result.python is not None:
                _write(kept, result.python)
            say(f"{path} -> {shown(str(target))}" + (f", {shown(str(kept))}" if result.python else ""))
        for remark in result.remarks:
            say_note(f"{path}:{remark.line}: {remark.message}")
    for copied, content in others.items() if count and not shows else ():
        _write(copied, content)
        say(f"{shown(str(copied))} is copied as it is: it is not a program, but may be needed by one")
    if not count:
        say_warning("no program was found; programs import dspy and make signatures and modules of it")
        return 1
    if not shows:
        say(f"{plural(count, 'program')} written. Look at the notes, then run `dspyc check`.", error=True)
    return 0


class _Program:
    """A Python file that becomes a `.dspy` file.

    Attributes:
        path: the Python file.
        target: the `.dspy` file.
        kept: the Python file with what has no form in the language.
        package: the names of the packages that it is in, outermost first.
        result: what becomes of it.
    """

    def __init__(self, path: Path, text: str, folder: Path) -> None:
        self.path = path
        self.text = text
        self.target = folder / f"{path.stem}.dspy"
        self.kept = folder / f"{path.stem}_python.py"
        self.package = _package(path.absolute().parent)
        self.result: Result | None = None

    def move(self, workspace: Workspace) -> None:
        """Find out what becomes of it, beside what the workspace knows of the others."""
        self.result = _moved(self, _Check(workspace, self.target, self.kept))
        workspace.disk.put(str(self.target.absolute()), self.result.text)


def _package(folder: Path) -> tuple[str, ...]:
    """The names of the packages that a folder is, outermost first; none if it is no package."""
    if not (folder / "__init__.py").is_file():
        return ()
    return (*_package(folder.parent), folder.name)


def _divided(
    files: Sequence[tuple[Path, Path]], out: Path | None
) -> tuple[list[_Program], dict[Path, bytes]]:
    """The programs among files, and what is in the others by the places where these are missing.

    Raises:
        Refusal: two files would become one, or one is not Python.
    """
    from ..project.workspace import Workspace

    workspace = Workspace()
    programs: list[_Program] = []
    others: dict[Path, bytes] = {}
    taken: dict[Path, Path] = {}
    for path, root in files:
        content = _content(path)
        text = _text(path, content)
        folder = path.parent if out is None else out / path.parent.relative_to(root)
        # A package's own file stays what it is: it may import what becomes a program.
        if len(files) > 1 and ("dspy" not in text or path.stem == "__init__"):
            if out is not None and folder.resolve() != path.parent.resolve():
                others[folder / path.name] = content
                workspace.disk.put(str((folder / path.name).absolute()), text)
            continue
        program = _Program(path, text, folder)
        if (other := taken.setdefault(program.target, path)) is not path:
            raise Refusal(
                f"{other} and {path} would both become {program.target}", "import them one after the other"
            )
        programs.append(program)
    # What one program imports of another is known when both have been there.
    for _ in range(2 if len(programs) > 1 else 1):
        for program in programs:
            program.move(workspace)
    return programs, others


def _python_files(paths: tuple[Path, ...]) -> list[tuple[Path, Path]]:
    """The Python files of arguments, each with the folder that its place is told from.

    Raises:
        Refusal: one is not there, or is no Python file.
    """
    found: list[tuple[Path, Path]] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(each for each in path.rglob("*.py") if not each.name.endswith("_python.py"))
            found += [(each, path) for each in inside]
        elif not path.exists():
            raise Refusal(f"there is no file {path}")
        elif path.suffix != ".py":
            raise Refusal(f"{path} is no Python file", "pass files that end in .py, or folders")
        else:
            found.append((path, path.parent))
    return found


def _content(path: Path) -> bytes:
    try:
        return read_bytes(str(path), _LARGEST)
    except UnreadableFile as problem:
        raise Refusal(f"{path} {problem.message}") from None


def _text(path: Path, content: bytes) -> str:
    """A file's text, in the encoding that it says itself to have."""
    from ..project.disk import decode_python

    try:
        return decode_python(content, str(path))
    except UnreadableFile as problem:
        raise Refusal(f"{path} {problem.message}") from None


def _moved(program: _Program, check: _Check) -> Result:
    """What becomes of a file.

    Raises:
        Refusal: it is not Python.
    """
    from ..moving.move import move

    kept = f".{program.kept.stem}" if program.package else program.kept.stem
    try:
        return move(program.text, kept, check, program.package)
    except SyntaxError as problem:
        raise Refusal(
            f"{program.path}:{problem.lineno}: this is not Python: {problem.msg}", "mend the file first"
        ) from None


class _Check:
    """Analyses texts as if they stood at the place of the file that is written."""

    def __init__(self, workspace: Workspace, target: Path, kept: Path) -> None:
        self._workspace = workspace
        self._target = str(target.absolute())
        self._kept = str(kept.absolute())

    def python(self, text: str | None) -> None:
        """Let the Python module beside it have this text."""
        if text is not None:
            self._workspace.disk.put(self._kept, text)

    def __call__(self, text: str) -> FileAnalysis:
        self._workspace.disk.put(self._target, text)
        return self._workspace.analyse(self._target)


def _refuse_existing(paths: Sequence[Path], force: bool) -> None:
    """Refuse to replace files, before the first is written.

    Raises:
        Refusal: there is one, and it may not be replaced.
    """
    for path in paths:
        if path.exists() and not force:
            raise Refusal(f"{path} exists", "pass --force to replace it, or --out for another folder")


def _write(path: Path, content: str | bytes) -> None:
    """Write a file; one that is there is replaced at once or not at all.

    Raises:
        Refusal: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(str(path), content)
    except OSError as problem:
        raise Refusal(f"{path} cannot be written: {problem.strerror}") from None
