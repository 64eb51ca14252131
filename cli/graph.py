"""`dspyc graph`: the data flow of a program, as a picture."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from ..base.files import write_atomically
from .console import say
from .errors import Refusal, list_names, near
from .files import find, shown

_FORMATS = {".mmd": "mermaid", ".mermaid": "mermaid", ".md": "mermaid", ".svg": "svg"}


@click.command
@click.argument("target", metavar="FILE[:NAME]")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["mermaid", "svg"]),
    help="By default Mermaid, or as --output ends.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file to write.")
def command(target: str, format_: str | None, output: Path | None) -> int:
    """Draw the data flow of modules and functions: what runs at the same time, and what waits for what.

    All modules with a `forward:` and all functions that call models are drawn, or the one that NAME says.
    Calls of models and of Python code are marked. A dashed arrow means that a step waits for another one
    without using its value. Nothing is run.

    \b
    Examples:
      dspyc graph article.dspy
      dspyc graph article.dspy:DraftArticle --output article.svg
    """
    from ..compiler.schedule.graph import graphs
    from ..project.programs import split_target
    from .checking import analyse_without_errors

    path, name = split_target(target)
    (path,) = find([str(path)]) if path.suffix == ".dspy" else (path,)
    if path.suffix != ".dspy":
        raise Refusal(f"{path} is not a `.dspy` file")
    (analysis,) = analyse_without_errors([path])
    found = list(graphs(analysis.program))
    names = [each.name for each in found]
    if name is not None and name not in names:
        there = f"there is {list_names(names)}" if names else None
        raise Refusal(f"{shown(path)} has no data flow called `{name}` to draw", near(name, names) or there)
    if not found:
        raise Refusal(f"{shown(path)} has no module with `forward:` and no function that calls a model")
    kind = format_ or (_FORMATS.get(output.suffix.lower()) if output else None) or "mermaid"
    render = import_module(f".drawing.{kind}", __package__).render
    text: str = render([each for each in found if name in (None, each.name)])
    if output is None:
        say(text, newline=False)
    else:
        write_atomically(output, text)
        say(f"Wrote {shown(output)}.")
    return 0
