"""The packages of the extra `retrieval`, imported when something needs them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..errors import ConfigurationError


def load(package: str, purpose: str, advice: str = "pip install 'dspyc[retrieval]'") -> Any:
    """A package that need not be installed.

    Args:
        package: its name in Python.
        purpose: what needs it, for the message.
        advice: what to do where it is absent.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise ConfigurationError(
            f"{purpose} needs the package `{package}`, which is not installed: {advice}"
        ) from None
