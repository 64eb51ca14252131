"""What a worker needs, as texts: sources, settings, and the live objects that tasks refer to.

    sources     {"files": {"bank.dspy": "…", "tools.py": "…"}, "modules": {"tools": "tools.py", …}}
    settings    what holds here, such as the adapter, and the model that answers for others
    values      each object of the registry: programs with the models that they would use here, rows, metrics

Keys are in none of them: a worker has its own, in its environment. A text goes to the cluster once, however
many tasks need it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from ..base import json
from ..base.modules import file_of
from ..runtime.errors import ConfigurationError, StateError
from ..runtime.execution.replacing import in_place_of
from ..runtime.execution.settings import lookup
from ..runtime.lm.base import BaseLM
from ..runtime.lm.reproducible import is_reproducible
from ..runtime.modules.base import Module
from ..runtime.modules.models import models_of
from ..runtime.modules.saving.names import Named
from ..runtime.modules.saving.values import Writer
from ..runtime.programs.program import plain_module
from ..runtime.work.sources import source_files

_TRAVELLING = (
    "adapter",
    "rm",
    "max_retries",
    "accept_truncated",
    "max_concurrency",
    "max_errors",
    "provide_traceback",
    "track_usage",
    "allow_code",
    "allow_tool_async_sync_conversion",
)
"""The settings that decide what a run does; the others are about this process."""


def sources_text(source: Path) -> str:
    """A program's files, with the names by which what they declare is found.

    Args:
        source: the file that declares the program, or the script that measures or optimizes one.
    """
    files = source_files(source)
    root = os.path.commonpath([os.path.dirname(path) for path in files]) if files else "."
    inside = {path: Path(os.path.relpath(path, root)).as_posix() for path in files}
    modules = {
        name: inside[path]
        for name, module in list(sys.modules.items())
        if (path := file_of(module)) is not None and (path := os.path.realpath(path)) in inside
    }
    texts = {inside[path]: text.decode("utf-8", "surrogateescape") for path, text in files.items()}
    return text_of({"files": texts, "modules": modules})


def settings_text(programs: list[Any]) -> str:
    """The settings that hold here for programs, as far as they decide what a run does.

    Raises:
        ConfigurationError: one of them cannot travel.
    """
    defaults = programs[0]._defaults if programs and isinstance(programs[0], Module) else None
    found = {name: lookup(name, defaults) for name in _TRAVELLING}
    lm = lookup("lm", defaults)
    everywhere = in_place_of(None)
    return text_of(
        {
            "settings": _written(found, "a setting"),
            "lm": _written(lm, "the setting `lm`"),
            "everywhere": _written(everywhere, "the model of `--lm`"),
            "reproducible": is_reproducible(),
        }
    )


def value_text(name: str, value: Any) -> str:
    """An object of the registry.

    Args:
        name: its name there.
        value: the object.

    Raises:
        ConfigurationError: it cannot travel, because it has no name or holds what JSON cannot.
    """
    return text_of(_written(value, name))


def name_of(function: Any) -> str:
    """The name of a function by which a worker imports it."""
    return f"{function.__module__}:{function.__qualname__}"


def _written(value: Any, where: str) -> Any:
    named = _Named(())
    try:
        return _Writer(named).write(value, where)
    except StateError as error:
        reason = str(error).removeprefix("the program cannot be saved: ")
        raise ConfigurationError(f"this cannot go to the workers of a cluster: {reason}") from error


def text_of(content: Any) -> str:
    """A value of JSON's types as a text."""
    return json.dump(content)


class _Named(Named):
    """Names that a worker resolves in the sources that it gets, those of a script among them."""

    def name_of(self, thing: Any) -> str:
        """`module:Class` for a class or function that a file declares."""
        module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", "")
        if module is None or not name or "<" in name:
            raise StateError(
                f"{thing!r} has no name by which a worker could find it; declare it in a file, outside of "
                "functions"
            )
        return f"{module}:{name}"


class _Writer(Writer):
    """Writes programs with the models that they would use here."""

    def write(self, value: Any, where: str) -> Any:
        """A value as JSON; see `Writer`."""
        if isinstance(value, Module):
            value = _with_models(plain_module(value))
        if isinstance(value, BaseLM):
            return {"$": "cluster lm", "class": self._named.name_of(type(value)), "state": _state(value)}
        if isinstance(value, str) and type(value) is not str:
            return {
                "$": "cluster text",
                "class": self._named.name_of(type(value)),
                "text": str.__str__(value),
            }
        return super().write(value, where)


def _state(lm: BaseLM) -> dict[str, Any]:
    return {name: value for name, value in lm.dump_state().items() if value not in (None, {}, [])}


def _with_models(program: Module) -> Module:
    """A copy whose predictors have the models that would be asked here."""
    if getattr(program, "_travels", False):
        return program
    twin = program.deepcopy()
    models = models_of(program)
    for name, predictor in twin.named_predictors():
        lm = models[name]
        chosen = getattr(lm, "at", None)
        predictor.lm = chosen(lookup("lm", predictor._defaults)) if callable(chosen) else lm
    for _, part in twin.named_sub_modules(Module):
        part._travels = True
    return twin


__all__ = ["name_of", "settings_text", "sources_text", "text_of", "value_text"]
