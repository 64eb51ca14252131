"""What the runtime logs, said on the terminal as everything else is."""

from __future__ import annotations

import logging

from .console import is_verbose, say_error, say_note, say_warning


class Sayer(logging.Handler):
    """Says warnings and errors, and notes where more is wanted; the same one once only."""

    def __init__(self) -> None:
        super().__init__(logging.INFO if is_verbose() else logging.WARNING)
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Say a message."""
        message = record.getMessage()
        if message not in self._said:
            self._said.add(message)
            if record.levelno >= logging.ERROR:
                say_error(message)
            elif record.levelno >= logging.WARNING:
                say_warning(message)
            else:
                say_note(message)


def say_logs() -> None:
    """Say what the runtime logs from here on."""
    logger = logging.getLogger("dspyc")
    logger.handlers = [handler for handler in logger.handlers if not isinstance(handler, Sayer)]
    logger.addHandler(Sayer())
    if is_verbose():
        logger.setLevel(logging.INFO)
    logger.propagate = False
