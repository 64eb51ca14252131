"""`--engine`: a cluster that does the work, in place of this process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

HELP = (
    "Run examples on the workers of a cluster: dask or ray, with its address, like dask=tcp://10.0.0.5:8786. "
    "Without an address, DASK_SCHEDULER_ADDRESS or RAY_ADDRESS names it."
)


def engine_option(command: F) -> F:
    """Let a command take `--engine KIND[=ADDRESS]`; it gets it as `engine`, as it is given."""
    return click.option("--engine", metavar="KIND[=ADDRESS]", help=HELP)(command)


def engine_of(given: str | None, source: Path) -> AbstractContextManager[Any]:
    """The engine that `--engine` names, connected while the block lasts; None for this process.

    Args:
        given: what the option was given.
        source: the file that declares the program.
    """
    if given is None:
        return nullcontext()
    from ..cluster.opening import engine_for

    return engine_for(given, source)
