"""Loading a program sends nothing and reads no data, whatever its file says and whatever was suppressed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..errors import ConfigurationError

_loaded: ContextVar[str | None] = ContextVar("dspyc_loaded", default=None)
_in_python: ContextVar[bool] = ContextVar("dspyc_loaded_python", default=False)
"""Whether what runs now are statements of a Python file that is imported meanwhile."""


loaded: Callable[[], str | None] = _loaded.get
"""The file that is being loaded here."""

_imports: dict[str, tuple[str, ...]] = {}
"""The files that each loaded file imports."""


@contextmanager
def loading(path: str, imports: Iterable[str] = ()) -> Iterator[None]:
    """The time in which a program's own statements run.

    Args:
        path: the program's file.
        imports: the files that it imports; see `imports_of`.
    """
    _imports[os.path.realpath(path)] = tuple(imports)
    loaded, in_python = _loaded.set(path), _in_python.set(False)
    try:
        yield
    finally:
        _in_python.reset(in_python)
        _loaded.reset(loaded)


def imports_of(path: str) -> tuple[str, ...]:
    """The files that a `.dspy` file imports, once it is loaded; `path` is without symbolic links."""
    return _imports.get(path, ())


@contextmanager
def importing_python() -> Iterator[None]:
    """The time in which statements of a Python file run that a program imports: they may read data."""
    token = _in_python.set(True)
    try:
        yield
    finally:
        _in_python.reset(token)


def refuse_while_loading(what: str, rule: str = "sends nothing") -> None:
    """Refuse to use a model while a program is being loaded.

    Args:
        what: what would be done, as the beginning of a sentence: "a model is called".
        rule: what loading never does, as the end of one.

    Raises:
        ConfigurationError: a program is being loaded in this context.
    """
    path = _loaded.get()
    if path is not None:
        raise ConfigurationError(
            f"{what} while `{path}` is being loaded, and loading {rule}: "
            "do it in a `def`, in `forward:` or in a `test`"
        )


def refuse_data_while_loading(what: str) -> None:
    """Refuse to read the rows of a dataset for a program's own statements.

    Args:
        what: whose rows: "`train.csv`".

    Raises:
        ConfigurationError: a program is being loaded in this context.
    """
    if not _in_python.get():
        refuse_while_loading(f"the rows of {what} are read", "reads no data")
