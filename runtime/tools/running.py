"""`run_python`: a tool that runs code in a sandbox of its own."""

from __future__ import annotations

from ..values.rendering import render
from .interpreter import PythonInterpreter
from .permission import require


def run_python(code: str) -> str:
    """Run Python code, and get the value of its last line, or else what it printed.

    Nothing stays from one call to the next. The code runs in a sandbox that knows a part of Python (no
    generators, no inheritance, only modules such as math, re, json, datetime), without files and network.

    Args:
        code: the Python code.
    """
    require("run_python")
    with PythonInterpreter() as python:
        return render(python(code))
