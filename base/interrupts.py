"""Ctrl-C in the process of a command: it always ends, with exit code 130 and without a traceback."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

EXIT_CODE = 130
_PATIENCE = 5.0
"""Seconds that an interrupted command gets to end by itself: calls are cancelled, files closed."""


def leave_on_interrupt() -> None:
    """End at once from here on: while the command is still being imported, and when it is done."""
    try:
        signal.signal(signal.SIGINT, lambda *_: os._exit(EXIT_CODE))
    except ValueError:
        # Not the main thread, which alone gets signals.
        return


def raise_on_interrupt() -> None:
    """Raise KeyboardInterrupt in the main thread at the first Ctrl-C, and end the process at the second.

    A command that has not ended a while after the first is ended, too: a thread may be waiting for a model.
    """
    signal.signal(signal.SIGINT, _interrupt)
    if hasattr(signal, "SIGTERM"):
        # What is being written is taken back, as after an interrupt.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def _interrupt(number: int, frame: FrameType | None) -> None:
    from threading import Timer

    leave_on_interrupt()
    timer = Timer(_PATIENCE, os._exit, [EXIT_CODE])
    timer.daemon = True
    timer.start()
    raise KeyboardInterrupt


def end(code: int) -> None:
    """End the process with an exit code; after an interrupt without waiting for threads or finalizers."""
    leave_on_interrupt()
    if code == EXIT_CODE:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                continue
        os._exit(code)
    sys.exit(code)
