"""What a `fallback:` may hide: failures of models, tools and conditions, and no mistake of the program."""

from __future__ import annotations

import logging

from ..errors import DspycError

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
    if isinstance(error, _MISTAKES) and not isinstance(error, DspycError):
        raise error
    name = type(module).__name__
    logger.info(
        "the fallback of `%s` is used, because it failed with %s: %s", name, type(error).__name__, error
    )
