"""The language server: a thin skin over the compiler's analysis, over standard input and output."""

from __future__ import annotations

import gc
import os
import sys
from typing import BinaryIO


def main(role: str = "", client: int | None = None) -> None:
    """Serve over standard input and output until the client says `exit` or goes away; ends the process.

    Args:
        role: `worker` for the process that another server asks, see `worker.py`; `far` for one whose client
            comes over the network; empty for others.
        client: the process after whose end this one is not needed, where it is known before the client says.
    """
    # Start-up makes many objects and no garbage, so the collector rests until the session is warm, and the
    # imports that make the most of them stand behind this line.
    gc.disable()
    import logging
    import signal

    from ..base.recursion import room_to_recurse
    from . import parent
    from .connection import Connection
    from .lifecycle import dispatcher
    from .session import Server

    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    if role:
        # Ctrl-C reaches all processes of a terminal; this one ends with the one that has started it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if role == "worker":
        # It rests between questions, and its first one is not waited for.
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        gc.enable()
    server = Server(Connection(*_claim_streams()), is_worker=role == "worker", is_near=role != "far")
    if client is not None:
        parent.watch(client, server.connection.end)
    try:
        with room_to_recurse():
            code = dispatcher(server).serve()
    except BrokenPipeError:
        code = 0
    sys.exit(code)


def _claim_streams() -> tuple[BinaryIO, BinaryIO]:
    """Streams of our own; what anything else prints goes to the error output, not between messages."""
    stdin, stdout = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return stdin, stdout
