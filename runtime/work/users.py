"""Which code is the user's, and not Python's, an installed package's or this one's."""

from __future__ import annotations

import sysconfig
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]
_NAME = __name__.partition(".")[0]
_PYTHON = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def is_users_file(path: str) -> bool:
    """Whether a file is the user's."""
    if path.endswith(".dspy"):
        return True
    return _is_outside(path) and path.endswith(".py") and _PACKAGE not in Path(path).resolve().parents


def is_users_code(module: str, path: str) -> bool:
    """Whether a function or a class is the user's.

    Args:
        module: the name of the module that it stands in.
        path: the file that it was compiled from, if any: "<stdin>" for one that was typed.
    """
    if path.endswith(".dspy"):
        return True
    return module.partition(".")[0] != _NAME and _is_outside(path) and not path.startswith("<frozen")


def _is_outside(path: str) -> bool:
    return not path.startswith(_PYTHON)
