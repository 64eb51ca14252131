"""The log of a service: a line an event on standard error, with the time and without keys."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from ..base.secrets import redact


class Formatter(logging.Formatter):
    """Redacts whole messages, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as text."""
        return redact(super().format(record))


class NotEnded(logging.Filter):
    """Leaves out that a request was ended by a stop, which is told without it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is told."""
        return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def log_config(level: str) -> dict[str, Any]:
    """What `logging.config.dictConfig` is given, in each process of a service.

    Args:
        level: the least that is told of requests: `info` tells of each.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"()": f"{__name__}.Formatter", "format": "%(asctime)s %(levelname)s %(message)s"}
        },
        "filters": {"not_ended": {"()": f"{__name__}.{NotEnded.__name__}"}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["not_ended"]}
        },
        "loggers": {
            "dspyc": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            "uvicorn.access": {"handlers": ["stderr"], "level": level.upper(), "propagate": False},
        },
    }
