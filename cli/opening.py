"""A file given on the command line, checked and loaded."""

from __future__ import annotations

from pathlib import Path

from ..project.programs import Loaded
from .errors import Refusal
from .files import find, shown


def open_program(path: Path) -> Loaded:
    """Check and load a file. Raises `Findings` when there is an error in it, `Refusal` when it cannot be."""
    from .checking import analyse_without_errors
    from .failures import told

    (path,) = find([str(path)]) if not path.is_dir() else (path,)
    if path.is_dir():
        raise Refusal(f"{path} is a folder; this command takes one file", f"like {path}/NAME.dspy")
    (analysis,) = analyse_without_errors([path])
    from ..loader.load import execute
    from .logs import say_logs

    say_logs()
    with told():
        module = execute(analysis)
    return Loaded(shown(path), analysis, vars(module), module.__dspyc__)
