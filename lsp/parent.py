"""The process that started the server: when it is gone, so is the reason to run."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

PERIOD = 2.0
"""Seconds between two looks."""
GRACE = 5.0
"""Seconds that the server has to end by itself."""


def watch(process: int, on_end: Callable[[], None]) -> None:
    """Call `on_end` when a process has ended; end this one the hard way if that does not do it."""
    is_parent = process == os.getppid()

    def look() -> None:
        while is_alive(process) and not (is_parent and os.getppid() != process):
            time.sleep(PERIOD)
        on_end()
        time.sleep(GRACE)
        os._exit(1)

    threading.Thread(target=look, name="parent", daemon=True).start()


def is_alive(process: int) -> bool:
    """Whether a process runs. A number that cannot be one counts as alive: nothing can be said of it."""
    if sys.platform == "win32":
        return _is_alive_on_windows(process)
    if process <= 0:
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _is_alive_on_windows(process: int) -> bool:
    import ctypes

    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined, unused-ignore]
    synchronize, timed_out = 0x00100000, 0x102
    handle = kernel.OpenProcess(synchronize, False, process)
    if not handle:
        return False
    try:
        return bool(kernel.WaitForSingleObject(handle, 0) == timed_out)
    finally:
        kernel.CloseHandle(handle)
