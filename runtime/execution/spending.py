"""Budgets in US dollars, which stop a call before it can exceed them."""

from __future__ import annotations

import logging
from typing import Any

from ..errors import BudgetExceededError, ConfigurationError
from .turns import Ticket, Turns

logger = logging.getLogger("dspyc")

_WARNED_AT = 0.8


class Expense(Ticket):
    """What a call may cost at most, and the model that it is for."""

    def __init__(self, most: float, model: str) -> None:
        super().__init__()
        self.most = most
        self.model = model


class Purse(Turns[Expense]):
    """A budget and what is spent of it.

    Before a call, the most that it can cost is set aside. A call for which there is room only if others
    cost less than they could waits for them; one for which there is none is not made.

    Args:
        limit: the budget, in US dollars.
        outer: the budget that this one is a part of, where there is one.
    """

    def __init__(self, limit: float, outer: Purse | None = None) -> None:
        super().__init__()
        self.limit = limit
        self.outer = outer
        self.spent = 0.0
        self._set_aside = 0.0
        self._warned = False

    @classmethod
    def of(cls, given: Any, outer: Purse | None = None) -> Purse | None:
        """The budget that a parameter gives.

        Raises:
            ConfigurationError: it is not a number of dollars above 0.
        """
        if given is None or isinstance(given, Purse):
            return given
        is_number = isinstance(given, (int, float)) and not isinstance(given, bool)
        if not is_number or not 0 < given < float("inf"):
            raise ConfigurationError(f"`budget` must be a number of US dollars above 0, not {given!r}")
        return cls(float(given), outer)

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process spends for itself.
        return Purse, (self.limit,)

    def __repr__(self) -> str:
        return f"${self.limit:g} (${self.spent:.4f} spent)"

    def _admit(self, ticket: Expense) -> float:
        if self.spent + ticket.most > self.limit:
            raise self._exceeded(ticket, "is spent")
        if self.spent + self._set_aside + ticket.most > self.limit:
            return float("inf")
        self._set_aside += ticket.most
        return 0.0

    def _squeeze(self, ticket: Expense) -> None:
        raise self._exceeded(ticket, "is spent, and the rest set aside for calls that cannot end meanwhile")

    def _exceeded(self, ticket: Expense, state: str) -> BudgetExceededError:
        error = BudgetExceededError(
            f"a call of `{ticket.model}` may cost up to ${ticket.most:.4f}, and ${self.spent:.4f} of the "
            f"budget of ${self.limit:g} {state}\nraise the budget, or lower max_tokens",
            model=ticket.model,
        )
        error.budget, error.spent = self.limit, self.spent
        return error

    def _forget(self, ticket: Expense) -> None:
        self._set_aside -= ticket.most

    def _empty(self) -> None:
        self._set_aside = 0.0

    def _tell(self, waiting: int) -> None:
        logger.warning(
            "%d calls wait to see what others cost: %r, and the rest is set aside for these", waiting, self
        )

    def settle(self, ticket: Expense, cost: float) -> None:
        """Count what a call has cost in place of what was set aside for it."""
        with self._lock:
            if self._let_go(ticket):
                self._forget(ticket)
            self.spent += cost
            warns = not self._warned and self.spent >= _WARNED_AT * self.limit
            self._warned = self._warned or warns
        if warns:
            logger.warning("%.0f %% of the budget is spent: %r", 100 * self.spent / self.limit, self)
        self.look()
