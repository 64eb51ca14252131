"""The `dspyc` command: hands over to the command line."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line on the process's arguments and leave with its exit code."""
    from .base import held, interrupts
    from .cli.main import run

    held.own_process()
    try:
        interrupts.raise_on_interrupt()
        code = run()
    except KeyboardInterrupt:
        code = interrupts.EXIT_CODE
    interrupts.end(code)


def _leave_working_folder() -> None:
    """Take the folder that `python -m` is called in off the search path: it holds the user's files.

    One called `click.py` would be run in place of the library. Programs find the Python files beside them
    without it.
    """
    if not sys.flags.safe_path and sys.path and sys.path[0] in ("", os.getcwd()):
        del sys.path[0]


if __name__ == "__main__":
    _leave_working_folder()
    main()
