"""Budgets that are smaller than a single answer."""

from __future__ import annotations

from msgspec import Struct

from ....grammar import syntax
from ...program import Item, Program
from ..rule import Findings, rule
from ..walking import Construction
from .parts import written_model
from .written import Written, constant, model_of

_UNLIMITED = 4_096
"""How many tokens the runtime counts for an answer of which nothing says how long it may be."""
_PRICE = "output_cost_per_token"


@rule("E321", "budget-too-small", Construction, syntax.ConfigureDeclaration)
def budget_too_small(
    program: Program, item: Item, node: syntax.Call | syntax.ConfigureDeclaration
) -> Findings:
    """The budget is smaller than what one answer may cost, so every call fails.

    Before a call is made, the most that it can cost is set aside: by the length of the prompt, by
    `max_tokens` and by the model's price in litellm's table, or by `output_cost_per_token=`. A call for which
    the budget has not enough raises `BudgetExceededError`.

    ```dspy
    lm big = LM("openai/gpt-4o", max_tokens=8000, budget=0.05)
    #                                                    ^^^^ E321 one answer may cost $0.08, over the budget
    ```

    ```dspy
    lm big = LM("openai/gpt-4o", max_tokens=8000, budget=5.0)
    ```
    """
    if isinstance(node, syntax.ConfigureDeclaration):
        given = next((each for each in node.arguments if each.name and each.name.text == "budget"), None)
        answer = _answer_of_file(program, item, node) if given is not None else None
    else:
        found = model_of(item, node)
        given = found.argument("budget") if found is not None else None
        answer = _answer(found) if found is not None and given is not None else None
    budget = constant(given.value) if given is not None else None
    if answer is None or given is None or isinstance(budget, bool) or not isinstance(budget, int | float):
        return
    if answer.dollars > budget > 0:
        words = f"one answer may cost {_amount(answer.dollars)}, over the budget"
        limit = f"an answer of `{answer.model}` may have {answer.tokens:,} tokens"
        yield budget_too_small.at(
            given.value, words, f"{limit}; set a lower `max_tokens`, or a larger budget"
        )


class _Answer(Struct, frozen=True):
    """The longest answer of a model."""

    model: str
    tokens: int
    dollars: float


def _answer_of_file(program: Program, item: Item, node: syntax.ConfigureDeclaration) -> _Answer | None:
    """The longest answer of the model that a `configure` sets."""
    given = next((each.value for each in node.arguments if each.name and each.name.text == "lm"), None)
    if isinstance(given, syntax.Name):
        return program.ask(_answer_declared, given.text)
    found = model_of(item, given) if isinstance(given, syntax.Call) else None
    return _answer(found) if found is not None else None


def _answer_declared(program: Program, name: str) -> _Answer | None:
    found = written_model(program, name)
    return _answer(found) if found is not None else None


def _answer(found: Written) -> _Answer | None:
    """None for a model of which the price is not known, or that another one stands in for."""
    tokens, price = longest_answer(found), price_of(found)
    if tokens is None or price is None or found.argument("fallbacks") is not None:
        return None
    return _Answer(found.name, tokens, tokens * price)


def longest_answer(found: Written) -> int | None:
    """How many tokens an answer may have, as the runtime counts them; None where that is not known."""
    limit = found.value("max_completion_tokens") if found.argument("max_completion_tokens") else None
    limit = found.value("max_tokens") if limit is None else limit
    if limit is None:
        limit = found.row.get("max_output_tokens") if found.row is not None else None
        limit = limit if isinstance(limit, int) else _UNLIMITED
    several = found.value("n") if found.argument("n") is not None else 1
    if not isinstance(limit, int) or not isinstance(several, int):
        return None
    return limit * max(several, 1)


def price_of(found: Written) -> float | None:
    """What a token of an answer costs in US dollars; None where that is not known."""
    if found.argument(_PRICE) is not None:
        price: object = found.value(_PRICE)
    else:
        price = found.row.get(_PRICE) if found.row is not None else None
    return float(price) if isinstance(price, int | float) and not isinstance(price, bool) else None


def _amount(amount: float) -> str:
    """An amount with as many digits as say something."""
    return f"${amount:,.2f}" if amount >= 0.01 else f"${amount:.2g}"
