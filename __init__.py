"""dspyc: a small declarative language for programs made of language-model calls."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load the public names on first use, so that importing the package costs nothing."""
    from importlib import import_module

    if name in {"load", "install_import_hook"}:
        return getattr(import_module(".loader", __name__), name)
    return getattr(import_module(".runtime", __name__), name)
