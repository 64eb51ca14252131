"""`dspyc clean`: removes what `dspyc check` has kept."""

from __future__ import annotations

import click

from ..base.text import plural
from .console import say


@click.command
def command() -> int:
    """Remove what `dspyc check` has kept of earlier checks.

    Answers of models are kept elsewhere and stay. Nothing has to be removed for a check to be right: what was
    kept is used only while nothing has changed.

    \b
    Example:
      dspyc clean
    """
    from .checks.cache import clear

    count = clear()
    say(f"Removed {plural(count, 'file')}." if count else "Nothing to remove.")
    return 0
