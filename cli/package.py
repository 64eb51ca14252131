"""`dspyc package`: a program as a wheel, and a recipe for a container that serves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..base.files import replacing, write_atomically
from .console import say
from .errors import Refusal
from .files import find, shown

if TYPE_CHECKING:
    from ..compiler.analysis import FileAnalysis
    from ..grammar import syntax
    from ..moving.packing.contents import Named
    from ..project.workspace import Workspace


@click.command
@click.argument("target", metavar="FILE[:NAME]|FOLDER")
@click.option(
    "--name", metavar="NAME", help="What the package is called. [default: after the file or folder]"
)
@click.option("--version", default="0.1.0", show_default=True, help="Its version.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="dist",
    show_default=True,
    help="The folder to write to.",
)
@click.option("--script", metavar="COMMAND", help="Let pip install a command of this name that runs it.")
@click.option("--container", is_flag=True, help="Write a recipe for a container that serves it, too.")
@click.option(
    "--allow",
    "allowed",
    metavar="FILE",
    multiple=True,
    help="Take a file in which something looks like a key and is none; can be repeated.",
)
def command(
    target: str,
    name: str | None,
    version: str,
    out: Path,
    script: str | None,
    container: bool,
    allowed: tuple[str, ...],
) -> int:
    """Make a wheel of a program, with its data and what was learned.

    The wheel holds the files that the program needs: what it imports, the data files that it names, and the
    states of its programs. It is built without a network and the same byte for byte each time. Programs with
    findings are refused, and so is what looks like a key in one of their files.

    \b
    Examples:
      dspyc package banking.dspy
      dspyc package banking.dspy:classify --name card-intents --version 1.2.0 --script card-intents
      dspyc package banking.dspy --container
      pip install dist/banking-0.1.0-py3-none-any.whl
      python -m banking text="Where is my card?"
    """
    from ..moving.packing.contents import named, read_all
    from ..moving.packing.requirements import pinned, refuse_taken, requirements
    from ..moving.packing.wheel import wheel
    from ..project.belongings import belongings
    from ..project.programs import split_target
    from ..project.workspace import Workspace

    path, chosen = split_target(target)
    sources = [path] if not path.is_dir() else find([str(path)])
    called = named(name or (path.resolve().name if path.is_dir() else path.stem), version)
    if script is not None:
        named(script.replace("_", "-"), version)
    workspace = Workspace()
    analyses = [_without_findings(workspace, each) for each in sources]
    files = {key: file for each in sources for key, file in belongings(workspace, each).items()}
    for each in files.values():
        if each.suffix == ".dspy":
            _without_findings(workspace, each)
    contents = read_all(files, allowed)
    programs = _programs(workspace, sources)
    imported = [
        (key, ".".join(each.text for each in node.module))
        for key, file in files.items()
        if file.suffix == ".dspy"
        for node in _imports(workspace, file)
    ]
    requires = requirements(contents, imported)
    refuse_taken(called, script)
    summary = _summary(analyses[0]) if len(analyses) == 1 else f"Programs: {', '.join(programs)}"
    data = wheel(called, contents, programs, requires, summary, chosen or "", script)
    if container:
        pins = pinned(requirements(contents, imported, ["serve"]))
        _write_recipe(called, contents, out, data, pins)
    _write(out / called.wheel, data)
    say(f"{shown(str(out / called.wheel))}: {len(contents)} files, needs {', '.join(requires)}")
    return 0


def _without_findings(workspace: Workspace, path: Path) -> FileAnalysis:
    """The analysis of a file in which nothing is found.

    Raises:
        Findings: something is.
    """
    from ..compiler.render import CheckedFile, Report
    from .checking import Findings
    from .files import look_up

    analysis = workspace.analyse(str(path.absolute()))
    found = tuple(each for each in analysis.diagnostics if each.severity != "info")
    if found:
        checked = CheckedFile(shown(str(path)), analysis.source, found)
        raise Findings(Report((checked,), partial(look_up, workspace)))
    return analysis


def _programs(workspace: Workspace, sources: Sequence[Path]) -> list[str]:
    """The programs by their names, those that others import last.

    Raises:
        Refusal: two lie in different folders.
    """
    folders = {each.resolve().parent for each in sources}
    if len(folders) > 1:
        raise Refusal("the programs lie in several folders", "package each folder by itself")
    imported = {
        Path(item.target.path).resolve()
        for each in sources
        for item in workspace.analyse(str(each.absolute())).program.items
        if item.target is not None and item.target.path
    }
    return [each.name for each in sorted(sources, key=lambda one: (one.resolve() in imported, one.name))]


def _summary(analysis: FileAnalysis) -> str:
    from ..grammar import syntax

    for item in analysis.program.items:
        if isinstance(item.declaration, syntax.FileDocstring):
            return item.declaration.value.value.strip().partition("\n")[0]
    return f"A program: {Path(analysis.path).stem}"


def _imports(workspace: Workspace, path: Path) -> Iterator[syntax.FromImport | syntax.Import]:
    """The imports of Python modules in a file."""
    from ..grammar import syntax

    for item in workspace.analyse(str(path.absolute())).program.items:
        node = item.declaration
        if not isinstance(node, syntax.FromImport | syntax.Import) or item.target is None:
            continue
        is_relative = isinstance(node, syntax.FromImport) and node.level
        if item.target.kind in ("python", "opaque") and not is_relative:
            yield node


def _write_recipe(
    called: Named, contents: dict[str, bytes], out: Path, data: bytes, pins: Sequence[str]
) -> None:
    """Write the files of a recipe.

    Raises:
        Refusal: one of them has been edited since.
    """
    from ..moving.packing.container import is_edited, recipe

    folder = out / f"{called.distribution}-container"
    files = recipe(called, pins, _keys(contents))
    for path in (folder / name for name in files):
        if path.exists() and is_edited(path.read_text(encoding="utf-8", errors="replace")):
            raise Refusal(
                f"{shown(str(path))} was edited and would be overwritten",
                "move it away, or pass another --out",
            )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_atomically(folder / name, text)
    _write(folder / called.wheel, data)
    say(f"{shown(str(folder))}: the recipe; build it with: podman build {shown(str(folder))}")


def _keys(contents: dict[str, bytes]) -> list[str]:
    """The environment variables of the providers that the programs name."""
    known = {b"openai/": "OPENAI_API_KEY", b"anthropic/": "ANTHROPIC_API_KEY", b"gemini/": "GEMINI_API_KEY"}
    texts = [data for name, data in contents.items() if name.endswith(".dspy")]
    return [key for prefix, key in known.items() if any(b'"' + prefix in text for text in texts)]


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(data)
