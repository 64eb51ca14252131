"""`--lm`: the models that answer instead of those that files name."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec import Struct

from ..base.modules import attribute_of
from ..base.text import list_names
from .errors import Refusal, near

if TYPE_CHECKING:
    from ..project.programs import Loaded

F = TypeVar("F", bound=Callable[..., Any])

HELP = (
    "The model to use instead of all models of the file, like openai/gpt-4o-mini or embedded/banking; "
    "NAME=MODEL replaces only the `lm NAME` of the file, and can be repeated."
)
_NAMED = re.compile(r"([^\W\d]\w*)=(.+)", re.DOTALL)


def lm_option(command: F) -> F:
    """Let a command take `--lm MODEL` and `--lm NAME=MODEL`; it gets them as `models`, as they are given."""
    return click.option("--lm", "models", metavar="[NAME=]MODEL", multiple=True, help=HELP)(command)


class Models(Struct, frozen=True):
    """What `--lm` was given."""

    everywhere: str | None = None
    """The model that answers for all."""
    by_name: Mapping[str, str] = {}
    """Those that answer for single models of the file, by the names of these."""

    def verify(self, files: Sequence[Loaded]) -> None:
        """Raise `Refusal` for a name that none of some files has."""
        known = {name for each in files for name in models_of(each)} if self.by_name else set()
        for name in self.by_name:
            if name not in known:
                where = f"{files[0].shown} has no" if len(files) == 1 else "no file has an"
                there = f"declared: {list_names(sorted(known))}" if known else "no `lm` is declared there"
                raise Refusal(f"{where} `lm {name}`", near(name, known) or there)

    def answering(self, loaded: Loaded, otherwise: str | None = None) -> AbstractContextManager[None]:
        """Let these models answer for those of a file; `otherwise` names one for where none is set."""
        if self.everywhere is None and not self.by_name and otherwise is None:
            return nullcontext()
        from ..runtime import LM
        from ..runtime.execution.replacing import replacing

        own = models_of(loaded)

        def make(model: str) -> Any:
            return own[model][0] if model in own else LM(model)

        return replacing(
            None if self.everywhere is None else make(self.everywhere),
            [(each, make(other)) for name, other in self.by_name.items() for each in own.get(name, ())],
            None if otherwise is None else LM(otherwise),
        )


def answering(models: Sequence[str], loaded: Loaded) -> AbstractContextManager[None]:
    """Let the models that `--lm` was given answer for those of a file.

    Raises:
        Refusal: two models for everything or for one name, or a name that the file does not have.
    """
    chosen = read_models(models)
    chosen.verify([loaded])
    return chosen.answering(loaded)


def read_models(models: Sequence[str]) -> Models:
    """What `--lm` was given, each time: a model for everything, or one by name.

    Raises:
        Refusal: two models for everything, or for one name.
    """
    everywhere: str | None = None
    by_name: dict[str, str] = {}
    for each in models:
        match = _NAMED.fullmatch(each)
        if match is not None:
            if match[1] in by_name:
                raise Refusal(f"--lm names two models for `{match[1]}`")
            by_name[match[1]] = match[2]
        elif everywhere is not None:
            raise Refusal(
                f"--lm names two models for everything, {everywhere} and {each}",
                "write --lm NAME=MODEL to replace one model of the file",
            )
        else:
            everywhere = each
    return Models(everywhere, by_name)


def models_of(loaded: Loaded) -> dict[str, list[Any]]:
    """The language models that a file declares or imports, and behind these those of the files it imports."""
    from ..runtime import BaseLM

    found: dict[str, list[Any]] = {
        name: [value] for name, value in loaded.names.items() if isinstance(value, BaseLM)
    }
    further: dict[str, list[Any]] = {}
    for module in _imported_files(loaded.analysis.path):
        for name, kind in module.__dspyc__.kinds.items():
            if kind == "lm" and name not in found:
                further.setdefault(name, []).append(getattr(module, name))
    return {**found, **further}


def _imported_files(path: str) -> list[Any]:
    """The modules of the `.dspy` files that a file imports, be it through others."""
    from ..runtime.compiled import CompiledFile
    from ..runtime.execution.loading import imports_of

    by_path = {
        str(Path(compiled.path).resolve()): module
        for module in list(sys.modules.values())
        if isinstance(compiled := attribute_of(module, "__dspyc__"), CompiledFile)
    }
    found: dict[str, Any] = {}
    waiting = list(imports_of(str(Path(path).resolve())))
    while waiting:
        each = str(Path(waiting.pop()).resolve())
        if each in by_path and each not in found:
            found[each] = by_path[each]
            waiting += imports_of(each)
    return list(found.values())
