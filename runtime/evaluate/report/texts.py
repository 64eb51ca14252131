"""Values as the texts that a page shows, and the page's table of texts, which holds each of them once."""

from __future__ import annotations

import enum
import json
from typing import Any

from ....base.secrets import redact
from ...values.rendering import to_json_types

LONGEST = 20_000
"""How many characters of a text a page shows."""


def as_text(value: Any) -> str:
    """A value as people read it: a text as it is, an enum's member by its value, everything else as JSON."""
    if isinstance(value, str) and not isinstance(value, enum.Enum):
        return value
    plain = to_json_types(value)
    if isinstance(plain, str):
        return plain
    if isinstance(plain, (dict, list)):
        return json.dumps(plain, ensure_ascii=False, indent=1)
    return str(plain)


class Texts:
    """Texts by number, without keys and not too long."""

    def __init__(self) -> None:
        self.listed: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """The number of a text."""
        if (found := self._numbers.get(text)) is not None:
            return found
        shown = redact(text)
        if len(shown) > LONGEST:
            shown = f"{shown[:LONGEST]}… ({len(shown) - LONGEST:,} more characters)"
        self.listed.append(shown)
        self._numbers[text] = len(self.listed) - 1
        return self._numbers[text]
