"""The answers of an exchange, which know what they were read from."""

from __future__ import annotations

from typing import Any

from ..prediction import Repair
from ..signature.signature import Signature


class Answers(list[dict[str, Any]]):
    """The outputs of each answer, by name.

    Attributes:
        source: the adapter, the signature that was asked for, and the text of each answer that was read.
    """

    __slots__ = ("source",)

    source: tuple[Any, type[Signature], list[str]]

    def repairs(self, index: int) -> tuple[Repair, ...]:
        """What was repaired to read an answer; worked out when it is asked for, by comparing the two."""
        from .repairs import repairs_of  # few ask

        adapter, signature, texts = self.source
        return repairs_of(adapter, signature, texts[index], self[index])

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)  # a copy in another place holds no adapter
