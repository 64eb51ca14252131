"""`dspyc clean`: removes what `dspyc check` has kept."""

from __future__ import annotations

import click

from ..base.text import plural
from .console import say


@click.command
def command() -> int:
    """Remove the cached results of `dspyc check`.

    Cached model answers are elsewhere and stay. A check is right without this command: a cached result is
    used only while nothing has changed.

    \b
    Example:
      dspyc clean
    """
    from .checks.cache import clear

    count = clear()
    say(f"Removed {plural(count, 'file')}." if count else "Nothing to remove.")
    return 0
