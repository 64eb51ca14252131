"""Starting a process of the server's own: one that looks at the whole project, or a session of its own."""

from __future__ import annotations

import sys

_START = "import sys; sys.path[:] = sys.argv[2:]; del sys.argv[2:]; from {} import main; main(sys.argv[1])"
_HERE = __name__.rpartition(".")[0]


def command_of(role: str) -> list[str]:
    """The command line of a process that imports what this one does, and nothing from its working folder."""
    return [sys.executable, "-P", "-c", _START.format(f"{_HERE}.server"), role, *sys.path]
