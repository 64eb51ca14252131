"""The answers of an exchange, which know what they were read from."""

from __future__ import annotations

from typing import Any

from ..prediction import Repair
from ..signature.signature import Signature

LONGEST = 20_000
"""How many characters of an answer's text are kept; of a longer one no repairs are known."""


class Answers(list[dict[str, Any]]):
    """The outputs of each answer, by name.

    Attributes:
        adapter: the adapter that has read them.
        signature: the signature that was asked for.
        texts: what the model wrote for each; None for what is too long to be kept.
        known: the repairs of each where they came with the outputs, as from another process.
    """

    __slots__ = ("adapter", "known", "signature", "texts")

    adapter: Any
    signature: type[Signature]
    texts: list[str | None]
    known: list[tuple[Repair, ...]] | None

    def repairs(self, index: int) -> tuple[Repair, ...]:
        """What was repaired to read an answer; worked out when it is asked for, by comparing the two."""
        if self.known is not None:
            return self.known[index]
        text = self.texts[index]
        if text is None:
            return ()
        from .repairs import repairs_of  # few ask

        return repairs_of(self.adapter, self.signature, text, self[index])

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy in another place holds no adapter.
        return _with_repairs, (list(self), [self.repairs(index) for index in range(len(self))])


def kept(text: str) -> str | None:
    """The text that is kept of an answer."""
    return text if len(text) <= LONGEST else None


def _with_repairs(outputs: list[dict[str, Any]], known: list[tuple[Repair, ...]]) -> Answers:
    answers = Answers(outputs)
    answers.known = known
    return answers
