"""The answers of an exchange, which know what they were read from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..lm.request import Completion
from ..prediction import Repair
from ..signature.signature import Signature


class Answers(list[dict[str, Any]]):
    """The outputs of each answer, by name.

    Attributes:
        source: the adapter, the signature that was asked for, and the answers.
        later: the text of an answer that was asked for again, by its number; None where there was none.
    """

    __slots__ = ("later", "source")

    source: tuple[Any, type[Signature], Sequence[Completion]]
    later: dict[int, str] | None

    def repairs(self, index: int) -> tuple[Repair, ...]:
        """What was repaired to read an answer; worked out when it is asked for, by comparing the two."""
        from .repairs import repairs_of  # few ask

        adapter, signature, completions = self.source
        later = self.later or {}
        text = later[index] if index in later else completions[index].text
        return repairs_of(adapter, signature, text, self[index])

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)  # a copy in another place holds no adapter
