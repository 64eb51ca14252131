"""`dspyc clean`: removes what `dspyc check` has kept."""

from __future__ import annotations

import click

from ..base.files import render_size
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

    count, size = clear()
    if count:
        say(f"Removed {plural(count, 'file')} ({render_size(size)}).")
    else:
        say("Nothing to remove.")
    return 0
