"""What `fallback:` and `except` may hide: failures of models, tools and conditions, no mistakes."""

from __future__ import annotations

import logging

from . import trace
from .mistakes import is_mistake

logger = logging.getLogger("dspyc")


def fall_back(module: object, error: Exception) -> None:
    """Go on with a module's fallback after an error, and log what it hides.

    Raises:
        Exception: the error itself, where it is a mistake of the program.
    """
    pass_mistakes_on(error)
    name = type(module).__name__
    hidden = f"the fallback of `{name}` is used, because it failed with {type(error).__name__}: {error}"
    trace.note("fallback", hidden, error)
    logger.info("%s", hidden)


def pass_mistakes_on(error: Exception, *named: type[Exception]) -> None:
    """Let `except Exception` catch what failed, and not what is wrong with the program.

    Args:
        error: what is caught.
        named: what the same `except` names besides, which it catches in any case.

    Raises:
        Exception: the error itself, where it is a mistake of the program.
    """
    if is_mistake(error) and not isinstance(error, named):
        raise error
