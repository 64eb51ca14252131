"""Runs a part of dspyc under an audit hook, and prints what it did that it must not do, as JSON.

    python audited.py WORKSPACE STATEMENT [ARGUMENT…]

The statement is run after the hook is in place; `sys.argv` has the arguments.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

workspace, statement, *arguments = sys.argv[1:]
workspace = os.path.realpath(workspace)
seen: list[str] = []
WATCHED = {
    *("socket.__new__", "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"),
    *("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"),
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty"),
    *(
        "pty.spawn",
        "os.startfile",
        "webbrowser.open",
        "ftplib.connect",
        "http.client.connect",
    ),
    *("urllib.Request", "pickle.find_class", "ctypes.dlopen"),
}


def hook(event: str, given: tuple[Any, ...]) -> None:
    if event in WATCHED:
        seen.append(f"{event} {given!r:.200}")
    elif event == "exec":
        name = getattr(given[0], "co_filename", "")
        if name.endswith(".py") and os.path.realpath(name).startswith(workspace + os.sep):
            seen.append(f"exec {name}")


if statement.startswith("from dspyc.cli"):
    # What Python itself does to import the standard library is not what is tested.
    import ctypes  # noqa: F401
sys.argv = ["dspyc", *arguments]
sys.addaudithook(hook)
code: object = 0
try:
    exec(compile(statement, "<statement>", "exec"), {"__name__": "audited"})  # noqa: S102
except SystemExit as end:
    code = end.code
finally:
    print("\nAUDIT " + json.dumps({"code": code, "seen": seen}), file=sys.stderr)
