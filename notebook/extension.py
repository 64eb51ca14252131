"""What `%load_ext dspyc` adds to IPython: the cell magic `%%dspy`, and its colours in a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from ..grammar.words import HARD_KEYWORDS
from .session import Session
from .shown import Findings

DEFAULT = "notebook"
"""The module of the cells that name none."""
USAGE = "write `%%dspy`, `%%dspy NAME` or `%%dspy --reset [NAME]`"


def load_ipython_extension(shell: Any) -> None:
    """Add `%%dspy` to an IPython shell; `%load_ext dspyc` calls this.

    Args:
        shell: the shell that the notebook's or terminal's input goes to.
    """
    sessions: dict[str, Session] = {}
    pushed: dict[str, dict[str, Any]] = {}

    def dspy(line: str, cell: str) -> None:
        """Check a cell of declarations and put what it declares into the notebook.

        %%dspy [--reset] [NAME]

        What earlier cells have declared is known; a cell that declares a name again replaces it. NAME is a
        module that Python cells can import from. --reset forgets what earlier cells have declared, unless the
        cell has an error.
        """
        name, is_reset = _read(line)
        session = Session(name) if is_reset else sessions.get(name, Session(name))
        try:
            ran = session.run(cell)
        except BaseException:
            # The traceback of this cell is shown first.
            _after_cell(shell, session.forget_failed)
            raise
        # Not before it has run: with an error, earlier cells are still what they were.
        sessions[name] = session
        if ran.findings.files:
            from IPython import display

            show: Any = display.display
            show(Findings(ran.findings))
        given = pushed.setdefault(name, {})
        own = shell.user_ns
        # What has been made anew takes the place of what it was, but not of what a Python cell has set.
        values = {
            each: value
            for each, value in ran.values.items()
            if each in ran.declared or own.get(each) is given.get(each)
        }
        given.update(values)
        shell.push(values)

    shell.register_magic_function(dspy, magic_kind="cell", magic_name="dspy")
    _colour(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take `%%dspy` away again; `%unload_ext dspyc` calls this."""
    shell.magics_manager.magics["cell"].pop("dspy", None)


def _after_cell(shell: Any, act: Callable[[], None]) -> None:
    """Do something once, when the cell that runs is done and its traceback is shown."""

    def once(*_: Any) -> None:
        shell.events.unregister("post_run_cell", once)
        act()

    shell.events.register("post_run_cell", once)


def _read(line: str) -> tuple[str, bool]:
    """The module's name and whether to begin anew.

    Raises:
        UsageError: the line says something else.
    """
    from IPython.core.error import UsageError

    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{error}; {USAGE}") from None
    is_reset = "--reset" in words
    names = [word for word in words if word != "--reset"]
    if len(names) > 1 or any(name.startswith("-") for name in names):
        raise UsageError(f"unexpected `{names[-1]}`; {USAGE}")
    name = names[0] if names else DEFAULT
    if not name.isidentifier() or name in HARD_KEYWORDS:
        raise UsageError(f"`{name}` cannot be the name of a module; {USAGE}")
    return name, is_reset


def _colour(shell: Any) -> None:
    """Colour `%%dspy` cells while they are typed into a terminal."""
    magics = getattr(getattr(getattr(shell, "pt_app", None), "lexer", None), "magic_lexers", None)
    if isinstance(magics, dict):
        from prompt_toolkit.lexers import PygmentsLexer

        from ..grammar.pygments_lexer import DspyLexer

        magics["dspy"] = PygmentsLexer(DspyLexer)
