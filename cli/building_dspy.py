"""`dspyc build --target dspy`: modules that run on DSPy, with the files that they need."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.files import UnreadableFile, read_regular
from ..base.text import plural
from .built import LARGEST_STATE, copy, verify_copy, verify_ours, write
from .console import say, say_note
from .errors import Failure, Refusal
from .files import shown

if TYPE_CHECKING:
    from ..compiler.analysis import FileAnalysis
    from ..compiler.emit_dspy import BuiltForDSPy

_IMPORTS_US = re.compile(r"^\s*(?:import|from)\s+dspyc\b", re.MULTILINE)
_STATE = ".state.json"


def build_all(targets: dict[Path, Path], out: Path) -> int:
    """Write the modules of these sources, and of the `.dspy` files that they import; the exit code.

    Raises:
        Findings: one of them has an error.
        Failure: nothing of a program can be said with DSPy's means.
        Refusal: a file that another hand has written would be overwritten.
    """
    from .checking import analyse_without_errors

    modules, copies = _places(targets)
    sources = list(dict.fromkeys(modules.values()))
    analyses = dict(zip(sources, analyse_without_errors(sources), strict=True))
    built = _built(analyses)
    for source in targets:
        if not built[source.resolve()].declared:
            raise Failure(f"nothing of {shown(source)} can be said with DSPy's means; nothing was written")
    refused = {state for each in analyses.values() for state in _refused_states(each)}
    texts = {place: _text(built[source], source) for place, source in modules.items()}
    copies = {place: path for place, path in copies.items() if path not in refused and place not in texts}
    companions = {place: text for place, path in copies.items() if (text := _companion(path)) is not None}
    copies = {place: path for place, path in copies.items() if place not in companions}
    for place in [*texts, *companions]:
        verify_ours(place)
    for place, path in copies.items():
        _verify_copy(path, place, texts)
    write({**texts, **companions})
    for place, path in copies.items():
        _copy(path, place)
    say(f"{plural(len(texts), 'program')} built for DSPy into {shown(out)}.")
    return 0


def _places(targets: Mapping[Path, Path]) -> tuple[dict[Path, Path], dict[Path, Path]]:
    """The sources of all modules, and what is copied beside them, both by the places where it goes."""
    from ..project.belongings import belongings
    from ..project.workspace import Workspace

    workspace = Workspace()
    modules = {target: source.resolve() for source, target in targets.items()}
    copies: dict[Path, Path] = {}
    for source, target in targets.items():
        for name, path in belongings(workspace, source).items():
            place = target.parent / name
            if path == source.resolve():
                continue
            if path.suffix == ".dspy":
                _put(modules, place.with_suffix(".py"), path)
            elif path.resolve() == place.resolve():
                _note_import(path)
            elif not _is_model(path):
                _put(copies, place, path)
    return modules, copies


def _is_model(path: Path) -> bool:
    """Whether a file is a model that this package runs, or of one, which DSPy does not."""
    from ..runtime.state.trained import is_part_of_model

    return path.suffix == ".gguf" or is_part_of_model(path)


def _put(places: dict[Path, Path], place: Path, path: Path) -> None:
    other = places.setdefault(place, path)
    if other != path:
        raise Refusal(
            f"{shown(str(other))} and {shown(str(path))} would both be written to {shown(place)}",
            "build one program at a time. Nothing was written",
        )


def _built(analyses: Mapping[Path, FileAnalysis]) -> dict[Path, BuiltForDSPy]:
    """The modules of files, after those that they import; what they lack is told."""
    from ..compiler.emit_dspy import build_for_dspy

    found: dict[Path, BuiltForDSPy] = {}
    begun: set[Path] = set()

    def build(source: Path) -> None:
        if source in begun:
            if source not in found:
                raise Failure(
                    f"{shown(str(source))} is imported by a file that it imports; Python cannot import both",
                    "put what both need into a third file. Nothing was written",
                )
            return
        begun.add(source)
        imported = {path: Path(path).resolve() for path in _imported(analyses[source])}
        for each in imported.values():
            if each in analyses:
                build(each)
        known = {path: found[each] for path, each in imported.items() if each in found}
        made = found[source] = build_for_dspy(analyses[source], known)
        for loss in made.losses:
            say_note(f"{shown(str(source))}:{loss.line}: {loss.message}")

    for source in analyses:
        build(source)
    return found


def _imported(analysis: FileAnalysis) -> Iterator[str]:
    """The paths of the `.dspy` files that a file imports."""
    for item in analysis.program.items:
        if item.target is not None and item.target.kind == "dspy" and item.target.path:
            yield item.target.path


def _companion(path: Path) -> str | None:
    """A Python file that imports this package's runtime as one that imports DSPy; None for other files."""
    from ..compiler.emit_dspy import with_dspy

    if path.suffix != ".py":
        return None
    text = path.read_text(encoding="utf-8", errors="replace")
    if not _IMPORTS_US.search(text) or (made := with_dspy(text)) is None:
        return None
    return f"# Built from {path.name} for DSPy by dspyc; change that file, not this one.\n{made}"


def _text(built: BuiltForDSPy, source: Path) -> str:
    """The text of a module, in its layout.

    Raises:
        Failure: Python does not read it.
    """
    from .tidy import tidy

    try:
        compile(built.text, f"{source.stem}.py", "exec")
    except (SyntaxError, ValueError) as problem:
        raise Failure(
            f"{shown(str(source))} cannot be built for DSPy: Python does not read its module, {problem}",
            "this is a bug in dspyc: please report it with the file. Nothing was written",
        ) from None
    return tidy(built.text)


# --- what is copied -------------------------------------------------------------------------------------


def _refused_states(analysis: FileAnalysis) -> Iterator[Path]:
    """The states that are not copied because they cannot be read; what others lose is told."""
    source = Path(analysis.path).resolve()
    for item in analysis.program.items:
        for name in (each.text for each in item.names if item.state is not None):
            state = source.with_name(f"{source.stem}.{name}{_STATE}")
            tell = partial(_note, source, analysis.source.position(item.start).line + 1)
            assert item.state is not None
            if item.state.problem:
                tell(f"what `{name}` has learned is left out: its state {item.state.problem}")
                yield state
            elif models := sorted(_learned_models(state)):
                tell(f"what `{name}` has learned is taken without its models, {', '.join(models)}")


def _note(source: Path, line: int, words: str) -> None:
    say_note(f"{shown(str(source))}:{line}: {words}")


def _learned_models(state: Path) -> set[str]:
    """The models that predictors of a state have, which DSPy is not told of."""
    try:
        predictors = json.loads(read_regular(state, LARGEST_STATE))["predictors"]
        return {f"`{each['lm']['model']}`" for each in predictors.values() if each.get("lm")}
    except (UnreadableFile, ValueError, LookupError, TypeError, AttributeError):
        return set()


def _verify_copy(path: Path, place: Path, texts: Mapping[Path, str]) -> None:
    """Refuse to put a file where another one is that was not written here."""
    if place in texts:
        raise Refusal(
            f"{shown(str(path))} and a module would both be written to {shown(place)}",
            "rename one of them. Nothing was written",
        )
    verify_copy(path, place)


def _copy(path: Path, place: Path) -> None:
    """Put a file that a program needs beside its module."""
    copy(path, place)
    _note_import(path)


def _note_import(path: Path) -> None:
    """Tell of a Python file that stays as it is and imports this package."""
    if path.suffix == ".py" and _IMPORTS_US.search(path.read_text(encoding="utf-8", errors="replace")):
        say_note(f"{shown(str(path))}:1: it imports dspyc, which it needs beside DSPy, too")
