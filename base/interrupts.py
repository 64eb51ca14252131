"""Ctrl-C in the process of a command: it always ends, with exit code 130 and without a traceback."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

EXIT_CODE = 130
_FAILURE = 120
"""As Python itself ends where its output cannot be written."""
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
    """End the process with an exit code.

    After an interrupt nothing waits for threads or finalizers; nor where a command holds what it has made.
    """
    leave_on_interrupt()
    # Imported as late as this, so that from the first moment on an interrupt is answered.
    from . import held

    if code == EXIT_CODE or held.is_anything_held():
        os._exit(code if _flush() or code else _FAILURE)
    sys.exit(code)


def _flush() -> bool:
    """Write out what is buffered; whether all of it could be written."""
    is_written = True
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            is_written = False
    return is_written
