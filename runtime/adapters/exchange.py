"""One exchange with a model, the same for all adapters: ask, read, and ask again with the reason.

An answer that cannot be read, or that breaks a condition, is shown to the model with what is wrong, up to
`max_retries` times, and then raised with all tries. An answer that was cut off at the limit of tokens is
asked for once more with more room, and never read half, unless the program says `accept_truncated`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import AdapterParseError, TruncatedAnswerError
from ..execution import drive, streams
from ..execution.assertions import feedback
from ..execution.settings import lookup
from ..lm.request import TRUNCATED, Completion, Response
from ..signature.signature import Signature
from .answers import LONGEST, Answers, kept
from .feedback import with_feedback
from .plan import Plan, Planner
from .probabilities import PROBABILITIES, with_log_probabilities, with_probabilities
from .streaming import answered

MORE_ROOM = 4
"""How many times as many tokens an answer may have after one that was cut off."""


async def exchange(
    adapter: Planner,
    lm: Any,
    settings: Mapping[str, Any],
    signature: type[Signature],
    demos: Sequence[Any],
    inputs: Mapping[str, Any],
    max_retries: int | None,
) -> list[dict[str, Any]]:
    """Ask a model and read its answers; see `Adapter.acall`."""
    plan, settings, messages = prepare(adapter, lm, settings, signature, demos, inputs)
    sink = streams.listening()
    # Inline, as awaiting a coroutine costs, and this is every call.
    response = (
        await lm.reply(messages, settings, plan.tools, plan.output)
        if sink is None
        else await answered(adapter, plan, lm, messages, settings, 0)
    )
    answers, error = _read_at_sight(adapter, plan, response, inputs)
    if len(answers) < len(response.completions):
        asked = adapter, lm, settings, plan, messages, inputs, max_retries
        await _read_others(asked, response, answers, error)
    if sink is not None and answers:
        sink.complete(streams.predictor(), answers[0])
    return answers


def exchange_now(
    adapter: Planner,
    lm: Any,
    settings: Mapping[str, Any],
    signature: type[Signature],
    demos: Sequence[Any],
    inputs: Mapping[str, Any],
    max_retries: int | None,
) -> list[dict[str, Any]]:
    """What `exchange` does, for code that waits in place: without a coroutine for what needs none."""
    if streams.sink() is not None and streams.listening() is not None:
        work = exchange(adapter, lm, settings, signature, demos, inputs, max_retries)
        return drive.drive(work, inside=True)
    plan, settings, messages = prepare(adapter, lm, settings, signature, demos, inputs)
    response = lm.reply_now(messages, settings, plan.tools, plan.output)
    answers, error = _read_at_sight(adapter, plan, response, inputs)
    if len(answers) < len(response.completions):
        asked = adapter, lm, settings, plan, messages, inputs, max_retries
        drive.drive(_read_others(asked, response, answers, error), inside=True)
    return answers


def _read_at_sight(
    adapter: Planner, plan: Plan, response: Response, inputs: Mapping[str, Any]
) -> tuple[Answers, AdapterParseError | None]:
    """What the answers say, up to the first for which a model has to be asked: again, or to read it.

    Returns:
        the values, and why that first one cannot be read; None where that is not known.
    """
    answers = Answers()
    answers.adapter, answers.signature = adapter, plan.signature
    answers.texts = []
    answers.known = None
    for completion in response.completions:
        if completion.finish_reason == TRUNCATED or completion.logprobs is not None or adapter.asks_to_read:
            break
        try:
            answers.append(adapter.read_completion(plan, completion, inputs))
        except AdapterParseError as error:
            return answers, error
        text = completion.text
        answers.texts.append(text if len(text) <= LONGEST else None)
    return answers, None


async def _read_others(
    asked: tuple[Any, ...], response: Response, answers: Answers, error: AdapterParseError | None
) -> None:
    """Add what the further answers say; a model is asked for those that cannot be used.

    Args:
        asked: the arguments of `_Exchange`.
        response: all answers.
        answers: what those before say.
        error: why the first of these cannot be read, where that is known.
    """
    adapter, _, _, plan, _, inputs, _ = asked
    for completion in response.completions[len(answers) :]:
        if error is None and completion.finish_reason != TRUNCATED:
            try:
                answers.append(await _read(adapter, plan, completion, inputs))
                answers.texts.append(kept(completion.text))
                continue
            except AdapterParseError as found:
                error = found
        made = _Exchange(*asked)
        answers.append(await made.settle(completion, response.usage, error))
        answers.texts.append(kept(made.text))
        error = None


async def _read(
    adapter: Planner, plan: Plan, completion: Completion, inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """The outputs of an answer, with their probabilities where the provider gave those of tokens."""
    values = (
        await adapter.aread_completion(plan, completion, inputs)
        if adapter.asks_to_read
        else adapter.read_completion(plan, completion, inputs)
    )
    if completion.logprobs is None:
        return values
    return with_probabilities(adapter, plan.signature, completion, values)


def prepare(
    adapter: Planner,
    lm: Any,
    settings: Mapping[str, Any],
    signature: type[Signature],
    demos: Sequence[Any],
    inputs: Mapping[str, Any],
) -> tuple[Plan, Mapping[str, Any], list[dict[str, Any]]]:
    """How a model is asked first: the plan, the settings, and the messages."""
    plan = adapter.plan(signature, lm, settings, inputs)
    if plan.settings:
        settings = {**settings, **plan.settings}
    if settings.get(PROBABILITIES, lm.kwargs.get(PROBABILITIES)):
        settings = with_log_probabilities(settings, plan.signature, lm)
    messages = adapter.make_messages(plan, demos, inputs)
    return plan, settings, messages if feedback.get() is None else with_feedback(messages)


class _Exchange:
    """What one answer of an exchange needs to be settled: read, or asked for again."""

    def __init__(
        self,
        adapter: Planner,
        lm: Any,
        settings: Mapping[str, Any],
        plan: Plan,
        messages: list[dict[str, Any]],
        inputs: Mapping[str, Any],
        max_retries: int | None,
    ) -> None:
        self.adapter = adapter
        self.lm = lm
        # Whatever is asked again is asked once.
        self.settings = {name: value for name, value in settings.items() if name != "n"}
        self.plan = plan
        self.messages = messages
        self.inputs = inputs
        self.max_retries: int = lookup("max_retries") if max_retries is None else max_retries
        self.text = ""
        self.several = (settings.get("n") or lm.kwargs.get("n") or 1) > 1

    async def settle(
        self,
        completion: Completion,
        usage: Mapping[str, Any],
        error: AdapterParseError | None = None,
    ) -> dict[str, Any]:
        """The values of an answer, or of a later one in its place.

        Args:
            completion: the answer.
            usage: the counts of its request.
            error: why it cannot be read, where that is known already.

        Raises:
            AdapterParseError: the last answer could not be read either; it has the earlier ones.
        """
        turns = self.messages
        tries: list[AdapterParseError] = []
        while True:
            if error is None:
                try:
                    values = await self._read(completion, turns)
                    self.text = completion.text
                    return values
                except AdapterParseError as found:
                    error = found
            error.messages = turns
            tries.append(error)
            if len(tries) > self.max_retries or not self._prepare(error, tries, usage):
                break
            turns = self._turns(error)
            settings = self.settings | self._once()
            response = await answered(self.adapter, self.plan, self.lm, turns, settings, len(tries))
            completion, usage, error = response.completions[0], response.usage, None
            self.several = False
        error.attempts = tuple(tries[:-1])
        excuse = getattr(self.lm, "excuse", None)  # a scripted model's, for the last answer
        error.note = error.note or (excuse if isinstance(excuse, str) else None)
        raise error

    async def _read(self, completion: Completion, turns: list[dict[str, Any]]) -> dict[str, Any]:
        if completion.is_truncated:
            text = completion.text
            if not (self._accepts_truncated() or self.adapter.is_finished(self.plan.signature, text)):
                raise TruncatedAnswerError(
                    type(self.adapter).__name__,
                    self.plan.signature,
                    text,
                    self.lm.model,
                    self._limit()[1],
                    turns,
                )
        return await _read(self.adapter, self.plan, completion, self.inputs)

    def _accepts_truncated(self) -> bool:
        found = self.settings.get("accept_truncated", self.lm.kwargs.get("accept_truncated"))
        return bool(lookup("accept_truncated") if found is None else found)

    def _prepare(
        self, error: AdapterParseError, tries: list[AdapterParseError], usage: Mapping[str, Any]
    ) -> bool:
        """Whether asking again may help; after an answer that was cut off, with more room and once only."""
        if not isinstance(error, TruncatedAnswerError):
            return True
        if any(isinstance(earlier, TruncatedAnswerError) for earlier in tries[:-1]):
            return False
        name, limit = self._limit()
        if limit is None:
            return False
        able = self.lm.capabilities
        if able.exact_usage and not self.several and usage.get("completion_tokens", limit) < limit:
            # It stopped before the limit, because the model's context is full.
            return False
        most = able.max_output_tokens
        wanted = limit * MORE_ROOM if most is None else min(limit * MORE_ROOM, most)
        if wanted <= limit:
            return False
        self.settings = {**self.settings, name: wanted}
        return True

    def _limit(self) -> tuple[str, int | None]:
        """The setting that limits an answer, and its value."""
        for name in ("max_completion_tokens", "max_tokens"):
            limit = self.settings.get(name, self.lm.kwargs.get(name))
            if isinstance(limit, int):
                return name, limit
        return "max_tokens", None

    def _turns(self, error: AdapterParseError) -> list[dict[str, Any]]:
        if isinstance(error, TruncatedAnswerError):
            return self.messages if error.messages is None else error.messages
        # The follow-up grows from the first request by the last answer only: earlier ones would be bad
        # examples.
        return [
            *self.messages,
            {"role": "assistant", "content": error.lm_response or "(nothing)"},
            {"role": "user", "content": self.adapter.format_retry(self.plan.signature, error)},
        ]

    def _once(self) -> dict[str, Any]:
        """The setting that asks for one answer, where the model asks for several by itself."""
        return {"n": 1} if (self.lm.kwargs.get("n") or 1) > 1 else {}
