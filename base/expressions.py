"""Regular expressions that are compiled when they are first used.

A module that reads answers has dozens, and compiling one takes longer than importing the module; most
programs use a few.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, AnyStr


class _Pattern:
    """Stands for a compiled regular expression: each of its methods is looked up once and kept."""

    def __init__(self, text: Any, flags: int) -> None:
        self._written = text, flags

    def __getattr__(self, name: str) -> Any:
        text, flags = self._written
        found = getattr(re.compile(text, flags), name)
        self.__dict__[name] = found
        return found


if TYPE_CHECKING:

    def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
        """A regular expression, compiled at the first use.

        Args:
            text: the expression.
            flags: as in `re.compile`.
        """
        ...
else:

    def pattern(text: Any, flags: int = 0) -> _Pattern:
        """A regular expression, compiled at the first use.

        Args:
            text: the expression.
            flags: as in `re.compile`.
        """
        return _Pattern(text, int(flags))
