"""Settings in a JSON file: `settings.save(path)` and `load_settings(path)`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from ...errors import StateError
from ...state import files
from .names import Finder, Named, Source
from .values import Reader, Writer

_FORMAT = 1
_NEVER = frozenset({"trace", "budget", "send_stream", "usage_tracker"})
"""What belongs to a run, and is no setting of the next one."""


def save_settings(
    settings: Mapping[str, Any],
    path: Path,
    by_value: Iterable[ModuleType] | None = None,
    exclude: Iterable[str] | None = None,
) -> None:
    """Write settings to a file.

    Args:
        settings: their values by name.
        path: the file, which ends in `.json` and is replaced as a whole.
        by_value: modules of Python whose source goes with the settings that name them.
        exclude: the names of settings that are left out.

    Raises:
        StateError: the path is of another kind, or a setting has a value that cannot be saved.
    """
    if path.suffix != ".json":
        raise StateError(
            f"settings are saved as JSON: {path} should end in `.json` (nothing is ever pickled)"
        )
    left_out = _NEVER | set(exclude or ())
    named = Named(by_value or ())
    writer = Writer(named)
    written = {
        name: _written(writer, name, value) for name, value in settings.items() if name not in left_out
    }
    content = {"dspyc_settings": _FORMAT, "settings": written, "sources": named.sources()}
    try:
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        files.write_atomically(path, text + "\n")
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error}") from error
    except ValueError as error:
        raise StateError(f"the settings cannot be saved as JSON: {error}") from error


def _written(writer: Writer, name: str, value: Any) -> Any:
    try:
        return writer.write(value, name)
    except StateError as error:
        # What saves values speaks of programs.
        reason = str(error).removeprefix("the program cannot be saved: ").partition("; save its state")[0]
        raise StateError(
            f"the setting `{name}` cannot be saved: {reason}; or leave it out: exclude_keys=[{name!r}]"
        ) from error


def load_settings(path: str | Path, allow_code: bool = False, allow_pickle: bool = False) -> dict[str, Any]:
    """The settings that `settings.save(path)` has written, for `configure(**load_settings(path))`.

    Args:
        path: the file.
        allow_code: whether the code that the file holds, or names, may be run: only for files that you trust.
        allow_pickle: DSPy's name for `allow_code`; a pickle is never read.

    Raises:
        StateError: the file holds no settings, or some with code that may not be run.
        FileNotFoundError: there is no such file.
    """
    file = Path(path)
    if not file.exists():
        raise FileNotFoundError(f"there are no saved settings at {file}")
    content = files.read_state(file)
    written, sources = content.get("settings"), content.get("sources", {})
    if content.get("dspyc_settings") != _FORMAT or not isinstance(written, dict):
        raise StateError(f"{file} does not contain settings")
    try:
        own = {name: _source(file, name, text) for name, text in sources.items()}
        reader = Reader(Finder(own, allow_code or allow_pickle))
        return {name: reader.read(value) for name, value in written.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, StateError):
            raise
        raise StateError(f"{file} does not contain settings: {error!r}") from error


def _source(file: Path, name: str, text: str) -> Source:
    return Source(f"{file} ({name})", lambda: text)
