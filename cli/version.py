"""`dspyc version`: which dspyc this is, on which Python, with which extras."""

from __future__ import annotations

import click

from ..base.version import VERSION
from .console import say

_EXTRAS = {"embedded": "xllamacpp", "train": "torch", "providers": "litellm"}


@click.command
def command() -> None:
    """Show what is installed: dspyc, Python, optional parts.

    \b
    Example:
      dspyc version
    """
    import platform
    from importlib.metadata import PackageNotFoundError, version

    def found(package: str) -> str:
        try:
            return f"{package} {version(package)}"
        except PackageNotFoundError:
            return "not installed"

    say(f"dspyc {VERSION}")
    say(f"python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for name, package in _EXTRAS.items():
        say(f"{name}: {found(package)}")
