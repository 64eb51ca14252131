"""`dspyc build --target dspy`: modules that run on DSPy, with the files that they need."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from ..base.files import replacing, write_atomically
from ..base.text import plural
from .console import say, say_note
from .errors import Failure
from .files import shown

_IMPORTS_US = re.compile(r"^\s*(?:import|from)\s+dspyc\b", re.MULTILINE)


def build_all(targets: dict[Path, Path], out: Path) -> int:
    """Write the modules of these sources; the exit code.

    Raises:
        Findings: one of them has an error.
        Failure: nothing of a program can be said with DSPy's means.
    """
    from ..compiler.emit_dspy import build_for_dspy
    from ..project.belongings import belongings
    from ..project.workspace import Workspace
    from .built import verify_ours
    from .checking import analyse_without_errors
    from .tidy import tidy

    built = {}
    for (source, target), analysis in zip(targets.items(), analyse_without_errors(targets), strict=True):
        verify_ours(target)
        built[source] = build_for_dspy(analysis)
        for loss in built[source].losses:
            say_note(f"{shown(str(source))}:{loss.line}: {loss.message}")
        if not built[source].declared:
            raise Failure(
                f"nothing of {shown(str(source))} can be said with DSPy's means; nothing was written"
            )
    workspace = Workspace()
    for source, target in targets.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, tidy(built[source].text))
        for name, path in belongings(workspace, source).items():
            if path.suffix != ".dspy":
                _copy(path, target.parent / name)
    say(f"{plural(len(targets), 'program')} built for DSPy into {shown(out)}.")
    return 0


def _copy(path: Path, place: Path) -> None:
    """Put a file that a program needs beside its module."""
    if path.resolve() == place.resolve():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with path.open("rb") as content, replacing(place) as copy:
        shutil.copyfileobj(content, copy)
    if path.suffix == ".py" and _IMPORTS_US.search(path.read_text(encoding="utf-8", errors="replace")):
        say_note(f"{shown(str(path))}:1: it imports dspyc, which it needs beside DSPy, too")
