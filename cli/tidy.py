"""Laying out Python that was built: by black, where it is installed."""

from __future__ import annotations

from importlib.util import find_spec

WIDTH = 100


def tidy(text: str, *, is_stub: bool = False) -> str:
    """A Python module, or a stub, in black's layout; as it is where black is not installed.

    black runs in this process: building a program starts no other one.
    """
    if find_spec("black") is None:
        return text
    import black

    return black.format_str(text, mode=black.Mode(line_length=WIDTH, is_pyi=is_stub))
