"""What compiled programs run on; usable by hand: `import dspyc.runtime as dspy`.

Names are loaded on first use, so that importing this costs next to nothing. `__init__.pyi` says which there
are and where.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from ..base.later import read_homes
from . import dspy_paths
from .execution.settings import settings as settings

# This has the name of its module, which a later import of the module would put in its place.
from .parameters import parameters as parameters

_MODULES = ("attributes", "compiled", "evaluate", "flow")
"""Modules among the names: for generated code, and for DSPy's users (`dspy.evaluate.EM`)."""

_homes = read_homes(__file__)
dspy_paths.install()

__all__ = sorted(_homes.keys() - set(_MODULES))


def __getattr__(name: str) -> Any:
    home = _homes.get(name)
    from importlib import import_module

    if home is None:
        if dspy_paths.is_path(name):
            return import_module(f".{name}", __name__)
        try:
            return dspy_paths.find(name)
        except AttributeError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    if home == "." or name in _MODULES:
        return import_module(f"{home.rstrip('.')}.{name}", __name__)
    value = getattr(import_module(home, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_homes, "cache"})


class _Face(ModuleType):
    """This module: `cache` is the cache of this process, whichever that is, and can be set as in DSPy."""

    @property
    def cache(self) -> Any:
        from .lm.cacheface import shown

        return shown()

    @cache.setter
    def cache(self, given: Any) -> None:
        from .lm.cacheface import show

        show(given)

    @cache.deleter
    def cache(self) -> None:
        # `unittest.mock.patch("….cache", own)` ends so.
        from .lm.cacheface import show_previous

        show_previous()


sys.modules[__name__].__class__ = _Face
