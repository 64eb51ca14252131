"""One attempt of a request on its way through what limits it: budgets, the model's limits, its endpoint."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ....base.forks import new_lock
from ...errors import LMError, LMRateLimitError, LMTimeoutError, LMTransportError
from ...execution.settings import lookup
from ...execution.spending import Expense, Purse
from ...execution.turns import Late, Ticket, Turns
from ..request import Request
from .estimates import dollars, likely_tokens, most_dollars
from .gate import Gate, Passage

_FIRST_ANSWER = 256.0
"""How long answers are thought to be before there was one, in tokens."""
_MOST_ENDPOINTS = 1_000


class Limits:
    """The limits of a model and its copies.

    Args:
        model: its name.
        most: requests at once.
        rpm: requests in a minute.
        tpm: tokens in a minute.
        budget: US dollars, or a budget that is being spent.
    """

    def __init__(
        self, model: str, most: int | None, rpm: float | None, tpm: float | None, budget: Any
    ) -> None:
        limited = (most, rpm, tpm) != (None, None, None)
        self.gate = Gate(model, most, rpm, tpm) if limited else None
        self.purse = Purse.of(budget)
        self.answer = _FIRST_ANSWER
        """How long answers are, in tokens, the later ones counting more."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _limits_of, (self.gate, self.purse)


def _limits_of(gate: Gate | None, purse: Purse | None) -> Limits:
    made = Limits("", None, None, None, purse)
    made.gate = gate
    return made


_endpoints: dict[tuple[str, Any], Gate] = {}
_lock = new_lock()


def gate_of(request: Request) -> Gate:
    """What is learned of how many requests the server of a model takes, for the whole process."""
    settings = request.settings
    place = (request.model, settings.get("api_base") or settings.get("base_url"))
    found = _endpoints.get(place)
    if found is None:
        with _lock:
            if len(_endpoints) >= _MOST_ENDPOINTS:
                for idle in [each for each, gate in _endpoints.items() if not gate.in_flight]:
                    del _endpoints[idle]
            found = _endpoints.setdefault(place, Gate(request.model))
    return found


class Way:
    """The way of one attempt: everything that it was let through by, to be told how it ended."""

    __slots__ = ("_expenses", "_gates", "_limits", "_request")

    def __init__(self, request: Request, limits: Limits | None) -> None:
        self._request = request
        self._limits = limits
        self._gates: list[tuple[Gate, Passage]] = []
        self._expenses: list[tuple[Purse, Expense]] = []

    async def enter(self, until: float | None, patience: float | None = None) -> None:
        """Wait until the request may be sent.

        Args:
            until: when its time is over, as `time.monotonic` counts.
            patience: the seconds that it may wait for a server that has too much to do.

        Raises:
            BudgetExceededError: it may cost more than is left.
            LMTimeoutError: its time is over.
        """
        try:
            own = self._limits.purse if self._limits is not None else None
            if own is not None:
                await self._set_aside(own, until)
            common: Purse | None = lookup("budget")
            while common is not None:
                await self._set_aside(common, until)
                common = common.outer
            if self._limits is not None and self._limits.gate is not None:
                await self._pass(self._limits.gate, self._limits, until)
            if patience is not None:
                patient = time.monotonic() + patience
                until = patient if until is None else min(until, patient)
            await self._pass(gate_of(self._request), None, until)
        except BaseException:
            self._end(None)
            raise

    async def _set_aside(self, purse: Purse, until: float | None) -> None:
        expense = Expense(most_dollars(self._request), self._request.model)
        await self._enter(purse, expense, until)
        self._expenses.append((purse, expense))

    async def _pass(self, gate: Gate, limits: Limits | None, until: float | None) -> None:
        counted = limits is not None and gate.counts_tokens
        passage = Passage(likely_tokens(self._request) + limits.answer if counted and limits else 0.0)
        await self._enter(gate, passage, until)
        self._gates.append((gate, passage))

    async def _enter(self, turns: Turns[Any], ticket: Ticket, until: float | None) -> None:
        if turns.enters(ticket):
            return
        try:
            await turns.enter(ticket, until)
        except Late:
            raise LMTimeoutError(
                f"`{self._request.model}`: the time for the request was over before it could be sent\n"
                "raise deadline, or send fewer requests at once",
                model=self._request.model,
            ) from None

    # --- how it ended

    def answered(self, usage: Mapping[str, Any], cost: float | None) -> None:
        """An answer came, whatever it is worth; by what it says of tokens and of its cost."""
        total, written = usage.get("total_tokens"), usage.get("completion_tokens")
        if self._limits is not None and isinstance(written, (int, float)):
            self._limits.answer += 0.1 * (written - self._limits.answer)
        for gate, passage in self._gates:
            gate.passed(passage, total if isinstance(total, (int, float)) else None)
        for purse, expense in self._expenses:
            purse.settle(expense, dollars(self._request, usage, cost, expense.most))

    def failed(self, error: BaseException) -> None:
        """No answer came."""
        if isinstance(error, LMRateLimitError):
            for number, (gate, passage) in enumerate(self._gates):
                # What is learned belongs to the endpoint, which comes last.
                if number == len(self._gates) - 1:
                    gate.refused(passage, error.retry_after)
                else:
                    gate.failed(passage)
        self._end(error)

    def _end(self, error: BaseException | None) -> None:
        for gate, passage in self._gates:
            gate.failed(passage)
        # What was sent and not refused may have been answered, and be paid for.
        sent = error is not None and not _is_refusal(error)
        for purse, expense in self._expenses:
            purse.settle(expense, expense.most if sent else 0.0)


def _is_refusal(error: BaseException) -> bool:
    if isinstance(error, LMTransportError):
        return error.unreachable
    return isinstance(error, LMError) and not isinstance(error, LMTimeoutError)


def time_left(until: float | None) -> float | None:
    """The seconds that are left; None where there is no end."""
    return None if until is None else until - time.monotonic()
