"""`dspyc build`: Python modules and stubs."""

from __future__ import annotations

from collections.abc import Iterator
from glob import escape
from pathlib import Path

import click

from ..base.text import plural
from .built import copy, verify_copy, verify_ours, write
from .console import say
from .errors import Refusal
from .files import find, shown, with_models
from .tidy import tidy


@click.command
@click.argument("paths", nargs=-1, metavar="[PATHS]…", type=click.Path())
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="build",
    show_default=True,
    help="The folder to write the modules to.",
)
@click.option(
    "--target",
    "runtime",
    type=click.Choice(["dspyc", "dspy"]),
    default="dspyc",
    show_default=True,
    help="What the modules run on: this package's runtime, or DSPy itself.",
)
def command(paths: tuple[str, ...], out: Path, runtime: str) -> int:
    """Write programs as Python modules, with stubs.

    PATHS are files or folders (the working folder by default); files in a folder keep their relative paths
    below --out. What optimizers have learned is included. The modules need dspyc's runtime, but no compiler.
    They are formatted with black if it is installed (pip install "dspyc[build]"). Nothing is written if a
    program has an error, or if a file that dspyc did not write would be overwritten.

    With --target dspy the modules run on DSPy, without dspyc. They ask the same, byte for byte; what DSPy has
    no means for is left out and told with its line. Programs that are imported are built, too; data, Python
    files and what was learned are copied.

    \b
    Examples:
      dspyc build
      dspyc build triage.dspy --out generated
      dspyc build triage.dspy --target dspy
    """
    if runtime == "dspy":
        from .building_dspy import build_all

        return build_all(_targets(paths, out), out)
    from ..compiler.emit import build
    from .checking import analyse_without_errors

    targets = _targets(paths, out)
    texts: dict[Path, str] = {}
    copies = {place: path for source, target in targets.items() for place, path in _learned(source, target)}
    for target, analysis in zip(targets.values(), analyse_without_errors(targets), strict=True):
        verify_ours(target)
        verify_ours(target.with_suffix(".pyi"))
        built = build(analysis)
        texts[target] = tidy(built.module)
        texts[target.with_suffix(".pyi")] = tidy(built.stub, is_stub=True)
    for place, path in copies.items():
        verify_copy(path, place)
    write(texts)
    for place, path in copies.items():
        copy(path, place)
    say(f"{plural(len(targets), 'program')} built into {shown(out)}.")
    return 0


def _targets(paths: tuple[str, ...], out: Path) -> dict[Path, Path]:
    """Where the module of each source goes."""
    targets: dict[Path, Path] = {}
    for name in paths or (".",):
        folder = Path(name)
        for source in find([name]):
            place = source.relative_to(folder) if folder.is_dir() else Path(source.name)
            targets[source] = (out / place).with_suffix(".py")
    if len(set(targets.values())) < len(targets):
        raise Refusal("two programs would be written to the same file", "pass the folder that contains them")
    return targets


def _learned(source: Path, target: Path) -> Iterator[tuple[Path, Path]]:
    """The states of a file's programs and their models, each after its place beside the module."""
    if source.parent.resolve() == target.parent.resolve():
        return
    from ..runtime.errors import StateError
    from ..runtime.state.trained import files_of

    for state in sorted(source.parent.glob(f"{escape(source.stem)}.*.state.json")):
        try:
            found = [file for each in with_models(state) for file in files_of(each)]
        except StateError as problem:
            raise Refusal(str(problem), "put the weights there. Nothing was written") from None
        for path in found:
            yield target.parent / path.relative_to(source.parent), path
