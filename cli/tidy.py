"""Laying out Python that was built: by ruff or black, where one of them is installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

_WIDTH = "100"
_FORMATTERS = {
    "ruff": ("format", "--isolated", "--line-length", _WIDTH, "--stdin-filename", "module.py", "-"),
    "black": ("--quiet", "--line-length", _WIDTH, "-"),
}
"""The packages, with what each is called with to format its standard input."""


def tidy(text: str) -> str:
    """A Python module in the layout of a formatter; as it is where none is installed."""
    for name, arguments in _FORMATTERS.items():
        if find_spec(name) is not None:
            done = subprocess.run(
                [sys.executable, "-m", name, *arguments],
                input=text.encode(),
                capture_output=True,
                check=False,
            )
            return done.stdout.decode() if done.returncode == 0 else text
    return text
