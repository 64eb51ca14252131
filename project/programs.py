"""A loaded file, and which of its declarations a command or a request is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ..base.text import list_names, near
from ..grammar import syntax
from .errors import Misuse
from .inputs import as_utf8

if TYPE_CHECKING:
    from ..compiler.analysis import FileAnalysis
    from ..compiler.program import Program
    from ..runtime.compiled import CompiledFile


class Loaded(Struct, frozen=True):
    """A program file, analysed and loaded."""

    shown: str
    """The file's path as the user would write it."""
    analysis: FileAnalysis
    names: dict[str, Any]
    """What the file declares, by name."""
    compiled: CompiledFile

    def of_kind(self, *kinds: str) -> list[str]:
        """The declared names of some kinds, in the order of the text."""
        return [name for name, kind in self.compiled.kinds.items() if kind in kinds]

    def name_of(self, value: object) -> str:
        """The name under which the file declares or imports a value; its class's name where it has none."""
        return next((name for name, one in self.names.items() if one is value), type(value).__name__)


def split_target(target: str) -> tuple[Path, str | None]:
    """`FILE[:NAME]` as its two parts; a drive letter's colon belongs to the file."""
    match = re.fullmatch(r"(?s)(.+?\.dspy)(?::(.*))?", target)
    if match is None:
        return Path(target), None
    return Path(match[1]), as_utf8(match[2]) if match[2] else None


def choose_program(loaded: Loaded, name: str | None) -> str:
    """The program or module to run: the named one, else the only one that no other declaration uses."""
    known = loaded.of_kind("program", "module")
    if name is not None:
        if name not in known:
            raise _unknown(loaded, name, known, "program or module")
        return name
    used = used_names(loaded.analysis.program)
    for kind in ("program", "module"):
        free = [one for one in loaded.of_kind(kind) if one not in used] or loaded.of_kind(kind)
        if len(free) == 1:
            return free[0]
        if free:
            raise Misuse(f"{loaded.shown} has several programs", f"name one: {_choices(loaded, free)}")
    raise Misuse(f"{loaded.shown} declares no module or program", "write `module NAME = Predict(SIGNATURE)`")


def used_names(program: Program) -> set[str]:
    """The names that modules, programs and functions of a file are made of, or call.

    Tests, evaluations and the types of parameters do not count: they speak of a program.
    """
    names = set()
    for item in program.items:
        node = item.declaration
        if isinstance(node, (syntax.ModuleDeclaration, syntax.FunctionDeclaration)) or (
            isinstance(node, syntax.ValueDeclaration) and node.kind in {"module", "program"}
        ):
            for name in item.nodes(syntax.Name):
                symbol = item.symbol_of(name)
                if symbol is not None and symbol.item != item.key and id(name) not in item.annotations:
                    names.add(symbol.name)
    return names


def choose(loaded: Loaded, name: str | None, kind: str, noun: str) -> list[str]:
    """The declarations of a kind: the named one, else all. Raises `Misuse` where there is none."""
    known = loaded.of_kind(kind)
    if name is not None:
        if name not in known:
            raise _unknown(loaded, name, known, noun)
        return [name]
    if not known:
        raise Misuse(f"{loaded.shown} declares no {noun}", f"write `{kind} NAME = …`")
    return known


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeio' else 'a'} {noun}"


def _unknown(loaded: Loaded, name: str, known: Sequence[str], noun: str) -> Misuse:
    kind = loaded.compiled.kinds.get(name)
    if kind is not None:
        return Misuse(
            f"`{name}` in {loaded.shown} is {_with_article(kind)}, not {_with_article(noun)}",
            f"there is {list_names(known)}" if known else None,
        )
    close = near(name, known)
    there = f"there is {list_names(known)}" if known else f"the file declares no {noun}"
    return Misuse(
        f"{loaded.shown} has no {noun} called `{name}`", f"did you mean `{close}`?" if close else there
    )


def _choices(loaded: Loaded, names: Sequence[str]) -> str:
    return ", ".join(f"{loaded.shown}:{name}" for name in names)
