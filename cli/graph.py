"""`dspyc graph`: the data flow of a program as a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..base.files import write_atomically
from .console import say
from .errors import Refusal, list_names, near
from .files import find, shown

if TYPE_CHECKING:
    from ..compiler.graph.model import Graph
    from ..compiler.program import Program

_FORMATS = ("mermaid", "svg", "dot", "json")
_BY_ENDING = {
    ".svg": "svg",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
    ".json": "json",
}


@click.command
@click.argument("target", metavar="FILE[:NAME]", type=click.Path())
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), help="Default: that of --output, else mermaid."
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the picture to this file.")
def command(target: str, form: str | None, output: Path | None) -> int:
    """Draw the data flow of a program: which calls wait for which.

    Calls that are not joined by an arrow run at the same time. Loops, branches, retries and fallbacks are
    boxes around the calls in them. NAME is a module or program of the file; without it, the one that is not
    part of another. Nothing is loaded or run.

    \b
    Examples:
      dspyc graph article.dspy                       Mermaid, for Markdown
      dspyc graph article.dspy --output article.svg
      dspyc graph triage.dspy:Triage --format dot | dot -Tpdf > triage.pdf
    """
    from ..compiler.graph.flow import draw
    from ..project.programs import split_target
    from .checking import analyse_without_errors

    path, name = split_target(target)
    (path,) = find([str(path)]) if not path.is_dir() else (path,)
    if path.is_dir():
        raise Refusal(f"{path} is a folder; this command takes one file", f"like {path}/NAME.dspy")
    form = form or _form_of(output)
    (analysis,) = analyse_without_errors([path])
    chosen = _choose(analysis.program, shown(path), name)
    graph = draw(analysis.program, analysis.program.symbols[chosen])
    if graph is None:
        raise Refusal(f"`{chosen}` of {shown(path)} cannot be drawn")
    text = _render(graph, form)
    if output is None:
        say(text, newline=False)
    else:
        write_atomically(output, text)
    return 0


def _form_of(output: Path | None) -> str:
    """The format that a file's ending asks for."""
    if output is None:
        return "mermaid"
    form = _BY_ENDING.get(output.suffix.lower())
    if form is None:
        raise Refusal(
            f"the extension of {shown(output)} does not say which format to use",
            f"use one of {list_names(_BY_ENDING)}, or pass --format",
        )
    return form


def _choose(program: Program, file: str, name: str | None) -> str:
    """The module or program to draw: the named one, else the only one that no other is made of."""
    from ..compiler import types
    from ..project.programs import used_names

    known = [
        each
        for each, symbol in program.symbols.items()
        if isinstance(symbol.type, types.Module | types.ModuleClass)
        if symbol.place is not None and symbol.place.path == program.path and symbol.place.item
    ]
    if name is not None:
        if name not in known:
            hint = near(name, known) or (f"there is {list_names(known)}" if known else None)
            raise Refusal(f"{file} has no module or program called `{name}`", hint)
        return name
    used = used_names(program)
    programs = [each for each in known if program.symbols[each].kind == "program"]
    free = [each for each in programs or known if each not in used] or known
    if len(free) == 1:
        return free[0]
    if not free:
        raise Refusal(f"{file} declares no module or program")
    raise Refusal(f"{file} has several programs", f"name one: {', '.join(f'{file}:{each}' for each in free)}")


def _render(graph: Graph, form: str) -> str:
    from ..compiler.graph import svg, text

    match form:
        case "svg":
            return svg.as_svg(graph)
        case "dot":
            return text.as_dot(graph)
        case "json":
            return json.dumps(text.as_record(graph), ensure_ascii=False, indent=2) + "\n"
        case _:
            return text.as_mermaid(graph)
