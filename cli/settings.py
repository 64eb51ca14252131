"""`dspyc settings`: which settings hold for a file, and the schema of all there are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .console import say
from .files import shown

if TYPE_CHECKING:
    from ..project.settings import Settings


@click.command
@click.argument("path", required=False, default=".", metavar="[PATH]", type=click.Path())
@click.option("--schema", is_flag=True, help="Print the JSON schema of the settings, for editors.")
def command(path: str, schema: bool) -> int:
    """Show the settings of a file or folder, and their source.

    Settings are the table `[tool.dspyc]` of the nearest `pyproject.toml`, or the nearest `dspyc.toml`.

    \b
    Examples:
      dspyc settings
      dspyc settings shop/triage.dspy
      dspyc settings --schema > dspyc.schema.json
    """
    if schema:
        from ..compiler.selection import selectors
        from ..project.schema import render_schema

        say(render_schema(selectors()), newline=False)
        return 0
    from ..project.workspace import Workspace

    full = os.path.abspath(path)
    settings = Workspace().settings(os.path.join(full, "") if Path(full).is_dir() else full)
    say(f"# {shown(settings.path)}" if settings.path else "# the defaults: no settings file was found")
    for line in _lines(settings):
        say(line)
    return 0


def _lines(settings: Settings) -> Iterator[str]:
    """The settings as TOML."""
    from ..compiler.selection import EVERYTHING

    selection = settings.selection or EVERYTHING
    yield f"src = {_toml([folder or '.' for folder in settings.src])}"
    yield f"pure = {_toml(sorted(settings.pure))}"
    yield f"exclude = {_toml(settings.exclude)}"
    yield f"respect-gitignore = {_toml(settings.respects_gitignore)}"
    if settings.baseline:
        yield f"baseline = {_toml(os.path.relpath(settings.baseline, settings.root))}"
    yield ""
    yield "[rules]"
    yield f"select = {_toml(selection.select)}"
    yield f"ignore = {_toml(selection.ignore)}"
    if selection.severity:
        yield "\n[rules.severity]"
        yield from (f"{_toml(name)} = {_toml(severity)}" for name, severity in selection.severity)
    if selection.per_file_ignores:
        yield "\n[rules.per-file-ignores]"
        yield from (f"{_toml(pattern)} = {_toml(names)}" for pattern, names in selection.per_file_ignores)


def _toml(value: object) -> str:
    """A value of strings and lists, which TOML writes as JSON does."""
    return json.dumps(value, ensure_ascii=False)
