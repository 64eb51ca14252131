"""Engines by name: `dask`, `dask=tcp://HOST:8786`, `ray`, `ray=HOST:10001`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..runtime.errors import ConfigurationError, did_you_mean
from .engine import ClusterEngine

ENGINES = ("dask", "ray")


@contextmanager
def engine_for(name: str | None, source: Path) -> Iterator[ClusterEngine | None]:
    """The engine of a name, connected while the block lasts; None for the one of this process.

    Args:
        name: the kind of cluster, and behind `=` the address.
        source: the file that declares the program.

    Raises:
        ConfigurationError: there is no such kind, a package is missing, or the cluster cannot be reached.
    """
    if name is None:
        yield None
        return
    kind, _, address = name.partition("=")
    if kind == "dask":
        from .dask_engine import DaskEngine

        with DaskEngine(source, address or None) as engine:
            yield engine
    elif kind == "ray":
        from .ray_engine import RayEngine

        with RayEngine(source, address or None) as ray:
            yield ray
    else:
        raise ConfigurationError(
            f"there is no engine {kind!r}{did_you_mean(kind, ENGINES)}; there are `dask` and `ray`"
        )
