"""The bounds of numbers and of lengths."""

from __future__ import annotations

from msgspec import Struct


class Limits(Struct, frozen=True):
    """The bounds of a number or of a length; None where there is none."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    min_length: int | None = None
    max_length: int | None = None

    def broken_by(self, value: float) -> str | None:
        """The bound that a number breaks, as one writes it (`>= 1`), or None."""
        if self.ge is not None and not value >= self.ge:
            return f">= {_number(self.ge)}"
        if self.gt is not None and not value > self.gt:
            return f"> {_number(self.gt)}"
        if self.le is not None and not value <= self.le:
            return f"<= {_number(self.le)}"
        if self.lt is not None and not value < self.lt:
            return f"< {_number(self.lt)}"
        return None


NO_LIMITS = Limits()


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)
