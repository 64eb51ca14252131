"""From runs and feedback to better instructions: what a reflecting model is shown, and what it is asked."""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from ...base.expressions import pattern
from ..adapters.base import Adapter
from ..adapters.json_adapter import JSONAdapter
from ..errors import AdapterParseError, ConfigurationError, OptimizerError, TruncatedAnswerError
from ..evaluate.rows import describe_errors
from ..evaluate.scores import as_number, feedback_of, judge
from ..example import Example
from ..execution.settings import context
from ..interface import Metric
from ..modules.predict import Predict
from ..signature.fields import InputField, OutputField
from ..signature.signature import Signature
from ..values.rendering import to_json_types
from ..work.engine import FATAL
from .instructions import cleaned
from .reflection_runs import Trajectory

logger = logging.getLogger("dspyc")

ReflectiveExample: TypeAlias = dict[str, Any]
"""`Inputs`, `Generated Outputs` and `Feedback` of a call of a predictor."""


class InstructionWriter(Protocol):
    """Writes new instructions, as DSPy's `ProposalFn` does."""

    def __call__(
        self,
        candidate: dict[str, str],
        reflective_dataset: dict[str, list[ReflectiveExample]],
        components_to_update: list[str],
    ) -> dict[str, str]:
        """Return the new instructions, by the names of predictors.

        Args:
            candidate: the instructions so far.
            reflective_dataset: for each predictor, what it got and answered, and what is to be said of it.
            components_to_update: the predictors whose instructions are asked for.
        """
        ...


class ProposeInstruction(Signature):
    """An assistant was given instructions for a task. You get those instructions, inputs that it was then
    given, what it answered, and feedback on how each answer could be better. Write a new instruction for the
    assistant.

    Work out from the inputs what the task is and what form they have. Put every fact of the domain that the
    inputs and the feedback give away into the instruction, because the assistant will not see them again.
    Where the assistant has found a way that works in general, describe it, too.
    """

    current_instruction: str = InputField(desc="the instructions so far")
    examples_with_feedback: list[dict[str, Any]] = InputField(
        desc="inputs, what the assistant answered, and feedback"
    )
    new_instruction: str = OutputField(desc="the new instruction, and nothing else")


class CompressInstruction(Signature):
    """Shorten the instruction to the limit. Keep every rule and every fact; leave out what is said twice."""

    instruction: str = InputField()
    length_limit: str = InputField()
    shortened_instruction: str = OutputField()


class InstructionProposer:
    """Asks the model in force for a new instruction for each predictor.

    Args:
        additional_instructions: what to heed in every proposal, such as "Write in the imperative."
        base_instructions: what to ask for, instead of what `ProposeInstruction` says.
        max_chars: how many characters an instruction may have. A longer one is shortened by one more call; if
            it
            is still too long, the proposal fails.
        adapter: the adapter for these calls; `JSONAdapter()` unless given.

    Raises:
        ConfigurationError: `max_chars` is not above 0.
    """

    def __init__(
        self,
        additional_instructions: str | None = None,
        base_instructions: str | None = None,
        max_chars: int | None = None,
        adapter: Adapter | None = None,
    ) -> None:
        if max_chars is not None and (isinstance(max_chars, bool) or max_chars < 1):
            raise ConfigurationError(f"`max_chars` must be at least 1, not {max_chars!r}")
        instructions = base_instructions or ProposeInstruction.instructions
        if additional_instructions:
            instructions = f"{instructions}\n\n{additional_instructions}"
        self._ask = Predict(ProposeInstruction.with_instructions(instructions))
        self._shorten = Predict(CompressInstruction)
        self._max_chars = max_chars
        self._adapter = adapter or JSONAdapter()

    def __call__(
        self,
        candidate: dict[str, str],
        reflective_dataset: dict[str, list[ReflectiveExample]],
        components_to_update: list[str],
    ) -> dict[str, str]:
        """See `InstructionWriter`.

        Raises:
            OptimizerError: an instruction is empty, or longer than `max_chars` also when it is shortened. As
                any other error of one predictor, it is only logged where there is one for another.
        """
        found: dict[str, str] = {}
        errors: dict[str, Exception] = {}
        with context(adapter=self._adapter):
            for name in filter(reflective_dataset.get, components_to_update):
                try:
                    found[name] = self._proposed(candidate[name], reflective_dataset[name])
                except FATAL:
                    raise
                except Exception as error:  # noqa: BLE001  it is the error of one instruction
                    errors[name] = error
        for name, failure in errors.items():
            if not found:
                raise failure
            logger.warning("no instruction of %s could be written, %s", name, describe_errors([failure]))
        return found

    @staticmethod
    def _shown(examples: list[ReflectiveExample]) -> list[ReflectiveExample]:
        plain: list[ReflectiveExample] = to_json_types(examples)
        return plain

    def _proposed(self, current: str, examples: list[ReflectiveExample]) -> str:
        inputs = {"current_instruction": current, "examples_with_feedback": self._shown(examples)}
        try:
            text = cleaned(self._ask(**inputs).new_instruction)
        except AdapterParseError as error:
            if isinstance(error, TruncatedAnswerError):
                raise
            text = _written_plainly(error.lm_response or "")
            if not text:
                raise
        if self._max_chars is not None and len(text) > self._max_chars:
            limit = f"at most {self._max_chars} characters; it has {len(text)}"
            text = cleaned(self._shorten(instruction=text, length_limit=limit).shortened_instruction)
            if len(text) > self._max_chars:
                raise OptimizerError(
                    f"a proposed instruction has {len(text)} characters, and may have {self._max_chars}"
                )
        if not text:
            raise OptimizerError("a proposed instruction is empty")
        return text


class MultiModalInstructionProposer(InstructionProposer):
    """An `InstructionProposer` that shows images, audio and files among the examples as such, to a reflecting
    model that can read them; the other shows what they are.
    """

    @staticmethod
    def _shown(examples: list[ReflectiveExample]) -> list[ReflectiveExample]:
        return examples


def _written_plainly(answer: str) -> str:
    """The instruction in an answer that is nothing else, or that has a section that is called so; empty where
    it is something else, such as a refusal.

    The instruction is measured before it is used, so taking a model at its word costs a measurement at most.
    """
    # Before the first header, then each header's name and what stands below it.
    _, *parts = _HEADER.split(answer)
    if parts:
        named = dict(zip(parts[::2], parts[1::2], strict=True))
        answer = next((text for name, text in named.items() if "instruction" in name.lower()), "")
    fenced = _FENCED.search(answer)
    text = cleaned(fenced[1] if fenced is not None else answer)
    return "" if text.startswith(("{", "[", "<")) or _REFUSAL.match(text) else text


_FENCED = pattern(r"^```[^\n`]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_HEADER = pattern(r"^\[\[ ## (\w+) ## \]\][ \t]*", re.MULTILINE)
"""What names a field at the beginning of a line, as `ChatAdapter` asks for."""
_REFUSAL = pattern(
    r"(?:(?:I['’]m |I am |we are |we['’]re )?(?:very |so |really )?sorry\b"
    r"|(?:I |we )?apologi[sz]e\b|my apologies\b|unfortunately,? (?:I|we)\b|as an AI\b"
    r"|(?:I|we) (?:can(?:['’]t|not)|can not|won['’]t|will not|do(?:n['’]t| not)|must decline)\b"
    r"|(?:I['’]m|I am|we are) (?:unable|not able|not allowed|afraid)\b)",
    re.IGNORECASE,
)
"""How an assistant begins that speaks of itself, and gives no instruction."""


def calls_for_each(writer: Any) -> int | None:
    """The most calls that a writer makes for an instruction; None where that is not known."""
    if writer is None:
        return 1
    if type(writer) not in (InstructionProposer, MultiModalInstructionProposer):
        return None
    return 1 if writer._max_chars is None else 2


class Reflection:
    """What is shown of runs.

    Args:
        metric: gives feedback for a predictor, where it has any.
        shows_unread: show answers that could not be read, too.
        warns: warn once where the score of a predictor differs from that of the run.
    """

    def __init__(self, metric: Metric, shows_unread: bool, warns: bool) -> None:
        self._metric = metric
        self._shows_unread = shows_unread
        self._warns = warns

    def examples(
        self, name: str, runs: Sequence[tuple[Example, Trajectory]], signature: Any, rng: random.Random
    ) -> list[ReflectiveExample]:
        """One example for each run in which a predictor was called.

        Args:
            name: the predictor's name.
            runs: the examples and what came of them.
            signature: the predictor's.
            rng: what chooses one of several calls in a run.
        """
        found = [self._example(name, example, run, signature, rng) for example, run in runs]
        return [each for each in found if each is not None]

    def _example(
        self, name: str, example: Example, run: Trajectory, signature: Any, rng: random.Random
    ) -> ReflectiveExample | None:
        if self._shows_unread and run.unread_by == name:
            fields = ", ".join(f"`{each}`" for each in signature.output_fields)
            return {
                "Inputs": dict(example.inputs().items()),
                "Generated Outputs": f"The answer could not be read. It was:\n{run.unread}",
                "Feedback": f"The answer must give {fields} in the form that was asked for: {run.error}",
            }
        calls = [call for call in run.calls if call.predictor == name]
        if not calls or run.error is not None:
            return None
        call = rng.choice(calls)
        step = next((step for step in run.trace if step[1] is call.inputs), None)
        return {
            "Inputs": dict(call.inputs),
            "Generated Outputs": dict(call.outputs.items()),
            "Feedback": self._feedback(name, example, run, step),
        }

    def _feedback(self, name: str, example: Example, run: Trajectory, step: Any) -> str:
        plain = run.feedback or f"This run got a score of {run.score:g}."
        shown = {"trace": list(run.trace), "pred_name": name, "pred_trace": [] if step is None else [step]}
        try:
            said = judge(self._metric, example, run.prediction, **shown)
            score = as_number(self._metric, said)
        except Exception as error:  # noqa: BLE001  the score is known; only words are missing
            logger.warning("the metric gave no feedback for `%s`: %s", name, describe_errors([error]))
            return plain
        if self._warns and score != run.score:
            self._warns = False
            logger.warning(
                "the metric gives a score of %g for `%s`, and of %g for the whole run; the latter counts. "
                "`warn_on_score_mismatch=False` turns this warning off",
                score, name, run.score,
            )  # fmt: skip
        return feedback_of(said) or plain


def by_position(metric: Any) -> Metric:
    """A metric that names its arguments as it likes: `(gold, pred, trace, pred_name, pred_trace)`."""
    import inspect

    try:
        names = [
            one.name
            for one in inspect.signature(metric).parameters.values()
            if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        return metric  # type: ignore[no-any-return]
    if len(names) < 5 or tuple(names[2:5]) == ("trace", "pred_name", "pred_trace"):
        return metric  # type: ignore[no-any-return]

    def called(
        example: Any, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None
    ) -> Any:
        return metric(example, pred, trace, pred_name, pred_trace)

    called.__name__ = called.__qualname__ = getattr(metric, "__name__", "metric")
    return called


def propose_one(task: Any, registry: Mapping[str, Any]) -> dict[str, str]:
    """Ask for the task's instructions.

    Args:
        task: which proposal.
        registry: `proposer` and `proposals`: candidates, data sets, predictors.
    """
    candidate, dataset, names = registry["proposals"][task.example]
    found = registry["proposer"](
        candidate=dict(candidate), reflective_dataset=dataset, components_to_update=list(names)
    )
    return {str(name): str(text) for name, text in found.items() if name in candidate}
