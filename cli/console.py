"""Writing to the terminal: colours where they are wanted, the width, and nothing secret in a message."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Literal

import click

from ..base.secrets import redact

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

ColorChoice = Literal["auto", "always", "never"]

_choice: ColorChoice = "auto"
_verbose = False


def choose_color(choice: ColorChoice) -> None:
    """Set what `--color` says, for the rest of the process."""
    global _choice
    _choice = choice


def choose_verbosity(verbose: bool) -> None:
    """Set what `--verbose` says, for the rest of the process."""
    global _verbose
    _verbose = verbose


def is_verbose() -> bool:
    """Whether more is said than warnings and errors."""
    return _verbose


def wants_color(error: bool = False) -> bool:
    """Whether a stream gets colours: as `--color` says, else NO_COLOR and FORCE_COLOR, else on a terminal."""
    if _choice != "auto":
        return _choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    stream = sys.stderr if error else sys.stdout
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def columns() -> int:
    """How wide the terminal is, or as wide as COLUMNS says; 100 where there is none."""
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns if sys.__stdout__ else 100
    except (OSError, ValueError):
        return 100


def say(text: str = "", *, error: bool = False, newline: bool = True) -> None:
    """Write a text, its colours taken out where none are wanted."""
    click.echo(text, err=error, nl=newline, color=wants_color(error))


def say_error(message: str, hint: str | None = None) -> None:
    """Write `error: message` and the help under it to standard error, without any key."""
    say(click.style("error", fg="red", bold=True) + ": " + redact(message), error=True)
    if hint:
        say(click.style(" help", fg="cyan") + ": " + redact(hint), error=True)


def say_warning(message: str) -> None:
    """Write `warning: message` to standard error, without any key."""
    say(click.style("warning", fg="yellow", bold=True) + ": " + redact(message), error=True)


def say_note(message: str) -> None:
    """Write `note: message` to standard error, without any key."""
    say(click.style("note", fg="cyan") + ": " + redact(message), error=True)


def say_json(value: Any) -> None:
    """Write a value as JSON; where the terminal's encoding has no such characters, in JSON's own escapes."""
    import json

    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2, default=str)
    say(text)


def say_table(table: Table) -> None:
    """Write a table of rich, without the spaces that fill its lines up."""
    console = rich_console()
    with console.capture() as written:
        console.print(table)
    say("\n".join(line.rstrip() for line in written.get().split("\n")), newline=False)


def rich_console(*, error: bool = False) -> Console:
    """A console of rich, for tables and progress; imported here because it takes a tenth of a second."""
    from rich.console import Console

    color = wants_color(error)
    return Console(stderr=error, no_color=not color, color_system="auto" if color else None, highlight=False)
