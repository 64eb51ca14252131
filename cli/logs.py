"""What the runtime logs, said on the terminal as everything else is."""

from __future__ import annotations

import logging

from .console import say_error, say_warning


class Sayer(logging.Handler):
    """Says warnings and errors, the same one once only."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Say a message."""
        message = record.getMessage()
        if message not in self._said:
            self._said.add(message)
            (say_error if record.levelno >= logging.ERROR else say_warning)(message)


def say_logs() -> None:
    """Say what the runtime logs from here on."""
    logger = logging.getLogger("dspyc")
    logger.handlers = [handler for handler in logger.handlers if not isinstance(handler, Sayer)]
    logger.addHandler(Sayer())
    logger.propagate = False
