"""What `fallback:` and `except` may hide: failures of models, tools and conditions, no mistakes."""

from __future__ import annotations

import logging

from ..errors import DspycError
from . import trace

logger = logging.getLogger("dspyc")

_MISTAKES = (
    ArithmeticError,
    AttributeError,
    ImportError,
    IndexError,
    KeyError,
    NameError,
    NotImplementedError,
    RecursionError,
    SyntaxError,
    TypeError,
)
"""What is raised where a program is wrong; a fallback would only keep its author from noticing."""


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
    if isinstance(error, _MISTAKES) and not isinstance(error, (DspycError, *named)):
        raise error
