"""From what an optimizer plans to calls, tokens and money, by role and model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from ..evaluate import Evaluate
from ..example import Example
from ..execution.callables import name_of
from ..execution.settings import context, lookup
from ..lm.capabilities import capabilities_of
from ..lm.prices import cost_of
from ..modules.base import Module
from ..modules.models import models_of
from ..optimizers.plan import Planned, Span

_LIKELY, _FEWEST = 4.0, 3.0
"""Bytes of text in a token: likely, and at least."""
_ANSWER = 4
"""The tokens of the shortest answer."""
_LONGEST_ANSWER = 4_096
"""The tokens of the longest answer where neither the model nor its settings say."""
_ROWS = 20
"""How many rows are looked at to know how long prompts are."""


@dataclass(frozen=True)
class PlanLine:
    """What one role takes of one model.

    Attributes:
        role: what the calls are for.
        model: the model's name.
        calls: how many.
        tokens: of prompts and answers together.
        dollars: what they cost; None where the model's price is not known.
    """

    role: str
    model: str
    calls: Span
    tokens: Span
    dollars: Span | None

    def __add__(self, other: PlanLine) -> PlanLine:
        """Both, of one role and model."""
        dollars = None if self.dollars is None or other.dollars is None else self.dollars + other.dollars
        return replace(
            self, calls=self.calls + other.calls, tokens=self.tokens + other.tokens, dollars=dollars
        )


@dataclass(frozen=True)
class OptimizePlan:
    """What `Program.optimize` will take.

    Attributes:
        lines: by role and model.
        has_optimizer: whether the optimizer's own calls are among them; some optimizers cannot say.
        metrics: the metrics that are programs themselves; their calls are not among them.
    """

    lines: tuple[PlanLine, ...]
    has_optimizer: bool = True
    metrics: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether all calls are among the lines, as far as that is known."""
        return self.has_optimizer and not self.metrics

    @property
    def calls(self) -> Span:
        """All calls together."""
        return sum((line.calls for line in self.lines), Span(0, 0))

    @property
    def tokens(self) -> Span:
        """All tokens together."""
        return sum((line.tokens for line in self.lines), Span(0, 0))

    @property
    def dollars(self) -> Span | None:
        """What all cost together; None where a price is not known."""
        known = [line.dollars for line in self.lines if line.dollars is not None]
        return sum(known, Span(0, 0)) if len(known) == len(self.lines) else None


def plan_of(
    student: Module,
    planned: Sequence[Planned] | None,
    evaluation: Evaluate | None,
    per_run: Span | None = None,
    metric: Any = None,
    trainset: Iterable[Example] = (),
) -> OptimizePlan:
    """What a run will take.

    Args:
        student: the program.
        planned: what the optimizer plans; None where it cannot say.
        evaluation: what measures the program before and after.
        per_run: how many calls a run of the program makes, where that is known.
        metric: the optimizer's.
        trainset: the rows to know from how long prompts are where there is no evaluation.
    """
    lines: list[PlanLine] = []
    rows: Sequence[Example] = list(islice(trainset, _ROWS))
    if evaluation is not None:
        rows = list(evaluation.devset)
        count = Span(2 * len(rows), 2 * len(rows))
        most = max((each.demos for each in planned or ()), default=0)
        lines += _lines(Planned("evaluation", count, student, demos=most), rows, per_run)
    for each in planned or ():
        if each.in_calls:
            # Of the two evaluations, the one before measures the program as it was.
            calls = 0 if evaluation is None else len(rows)
            each = replace(each, count=each.count * Span(calls, calls))
        lines += _lines(each, rows, per_run if each.program is student else None)
    lines = _joined(lines)
    judges = (metric, None if evaluation is None else evaluation.metric)
    asking = dict.fromkeys(name_of(each) for each in judges if isinstance(each, Module))
    return OptimizePlan(tuple(lines), planned is not None, tuple(asking))


def _joined(lines: Sequence[PlanLine]) -> list[PlanLine]:
    """One line for each role of each model, in the order of the first of them."""
    joined: dict[tuple[str, str], PlanLine] = {}
    for line in lines:
        name = (line.role, line.model)
        joined[name] = line if (known := joined.get(name)) is None else known + line
    return list(joined.values())


def _lines(planned: Planned, rows: Sequence[Example], per_run: Span | None) -> list[PlanLine]:
    if planned.count.most == 0:
        return []
    if planned.program is None:
        lm = planned.lm if planned.lm is not None else lookup("lm")
        retries = Span(1, 1 + int(lookup("max_retries")))
        return [_line(planned.role, lm, planned.count * retries, planned.prompt, planned.answers)]
    by_model: dict[str, tuple[Any, Span]] = {}
    predictors = planned.program.named_predictors()
    with nullcontext() if planned.lm is None else context(lm=planned.lm):
        models = models_of(planned.program)
    for name, predictor in predictors:
        lm = models[name]
        prompt = _prompt(predictor, rows, planned.demos)
        if (known := by_model.get(_name(lm))) is not None:
            prompt = Span(min(known[1].least, prompt.least), _larger(known[1], prompt))
        by_model[_name(lm)] = (lm, prompt)
    calls = per_run or _calls(planned.program, [predictor for _, predictor in predictors])
    if len(by_model) > 1:
        # Any of them may get all of the calls.
        calls = Span(0, calls.most)
    return [_line(planned.role, lm, planned.count * calls, prompt) for lm, prompt in by_model.values()]


def _calls(program: Module, predictors: Sequence[Any]) -> Span:
    """How many calls a run of a program makes."""
    interface = type(program).interface
    if len(predictors) == 1:
        (predictor,) = predictors
        if program is predictor or (interface is not None and interface.calls == "answer"):
            retries = predictor.max_retries
            if retries is None:
                retries = lookup("max_retries", program._defaults)
            return Span(1, 1 + int(retries))
    # Of a program with steps of its own it is known that it calls a model, and not how often.
    return Span(1, None)


def _prompt(predictor: Any, rows: Sequence[Example], demos: int) -> Span:
    """How many characters its prompts have."""
    signature = predictor.signature
    sizes, shown = [], []
    for row in rows[:_ROWS]:
        inputs = {name: row[name] for name in signature.input_fields if name in row}
        given = {name: inputs.get(name, "") for name in signature.input_fields}
        try:
            messages = predictor.messages(**given)
        except Exception:  # noqa: BLE001  an input that another step makes has no value yet
            continue
        sizes.append(sum(len(str(message["content"])) for message in messages))
        shown.append(sum(len(str(value)) for value in row.values()))
    if not sizes:
        least = len(signature.instructions) + 40 * len(signature.fields)
        return Span(least, None)
    return Span(min(sizes), max(sizes) + demos * (max(shown) + 60 * len(signature.fields)))


def _line(role: str, lm: Any, calls: Span, prompt: Span, answers: int = 1) -> PlanLine:
    written = answers * _most_written(lm)
    least_in, least_out = calls.least * prompt.least / _LIKELY, calls.least * _ANSWER
    most_in = None
    longest = None if prompt.most is None else prompt.most / _FEWEST
    if (window := capabilities_of(_name(lm)).max_input_tokens) is not None:
        # No prompt is longer than the model's window, whatever other steps put into it.
        longest = window if longest is None else min(longest, window)
    if calls.most is not None and longest is not None:
        most_in = calls.most * longest
    most_out = None if calls.most is None else calls.most * written
    most = None if most_in is None or most_out is None else most_in + most_out
    tokens = Span(round(least_in + least_out), None if most is None else round(most))
    least_cost = _cost(lm, least_in, least_out)
    dollars = None
    if least_cost is not None:
        high = None if most_in is None or most_out is None else _cost(lm, most_in, most_out)
        dollars = Span(least_cost, high)
    rounded = Span(round(calls.least), None if calls.most is None else round(calls.most))
    return PlanLine(role, _name(lm), rounded, tokens, dollars)


def _cost(lm: Any, given: float, written: float) -> float | None:
    usage = {"prompt_tokens": int(given), "completion_tokens": int(written)}
    return cost_of(_name(lm), usage, None, _settings(lm))


def _most_written(lm: Any) -> int:
    settings = _settings(lm)
    found = [settings.get(name) for name in ("max_completion_tokens", "max_tokens", "max_output_tokens")]
    limit = next((each for each in found if isinstance(each, int)), None)
    return limit or capabilities_of(_name(lm)).max_output_tokens or _LONGEST_ANSWER


def _settings(lm: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(lm, "kwargs", None) or {}
    return found


def _name(lm: Any) -> str:
    return "no model" if lm is None else str(getattr(lm, "model", type(lm).__name__))


def _larger(one: Span, other: Span) -> float | None:
    return None if one.most is None or other.most is None else max(one.most, other.most)
