"""`SemanticF1` and `CompleteAndGrounded`: metrics for long answers, judged by a model."""

from __future__ import annotations

from typing import Any, ClassVar

from ..interface import Interface
from ..modules.base import Module, call_part
from ..modules.chain_of_thought import ChainOfThought
from ..parameters import parameters
from ..prediction import Score
from ..signature.fields import InputField, OutputField
from ..signature.signature import Signature

_COVERED = "share of the ground truth that the system response covers, from 0.0 to 1.0"
_CORRECT = "share of the system response that the ground truth covers, from 0.0 to 1.0"
_TRUTH_IDEAS = "the key ideas of the ground truth, as a list"
_RESPONSE_IDEAS = "the key ideas of the system response, as a list"
_OVERLAP = "which ideas both have, and which only one of them has"


class SemanticRecallPrecision(Signature):
    """
    Measure recall and precision of a system response against the ground truth, by meaning and not by wording.
    While reasoning, list the key ideas of each, and say which of them are present in the other.
    """

    question: str = InputField()
    ground_truth: str = InputField()
    system_response: str = InputField()
    recall: float = OutputField(desc=_COVERED, ge=0, le=1)
    precision: float = OutputField(desc=_CORRECT, ge=0, le=1)


class DecompositionalSemanticRecallPrecision(Signature):
    """
    Measure recall and precision of the key ideas of a system response against the ground truth.
    First list the key ideas of each, then discuss which of them they share, then give recall and precision.
    """

    question: str = InputField()
    ground_truth: str = InputField()
    system_response: str = InputField()
    ground_truth_key_ideas: str = OutputField(desc=_TRUTH_IDEAS)
    system_response_key_ideas: str = OutputField(desc=_RESPONSE_IDEAS)
    discussion: str = OutputField(desc=_OVERLAP)
    recall: float = OutputField(desc=_COVERED, ge=0, le=1)
    precision: float = OutputField(desc=_CORRECT, ge=0, le=1)


class AnswerCompleteness(Signature):
    """
    Judge how complete a system response is, measured against the ground truth.
    First list the key ideas of each, then discuss which of them they share, then give the completeness.
    """

    question: str = InputField()
    ground_truth: str = InputField()
    system_response: str = InputField()
    ground_truth_key_ideas: str = OutputField(desc=_TRUTH_IDEAS)
    system_response_key_ideas: str = OutputField(desc=_RESPONSE_IDEAS)
    discussion: str = OutputField(desc=_OVERLAP)
    completeness: float = OutputField(desc=_COVERED, ge=0, le=1)


class AnswerGroundedness(Signature):
    """
    Judge how well a system response is supported by the documents that were retrieved for it.
    First list the claims in the response that need support, then discuss which of them follow from the
    retrieved context and common knowledge, then give the groundedness.
    """

    question: str = InputField()
    retrieved_context: str = InputField()
    system_response: str = InputField()
    system_response_claims: str = OutputField(desc="the claims in the system response that need support")
    discussion: str = OutputField(desc="which claims the retrieved context supports")
    groundedness: float = OutputField(
        desc="share of the system response that the retrieved context supports, from 0.0 to 1.0", ge=0, le=1
    )


def f1_score(precision: float, recall: float) -> float:
    """The harmonic mean of two shares, each first limited to 0 to 1; 0 if both are 0."""
    precision, recall = (max(0.0, min(1.0, float(share))) for share in (precision, recall))
    return 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)


_JUDGES = Interface(
    of="",
    needs={"example": Any, "pred": Any},
    inputs={"trace": Any},
    outputs={"score": float, "feedback": str},
)


@parameters
class SemanticF1(Module):
    """The F1 score of the ideas in `pred.response` against those in `example.response`, judged by a model.

        evaluate = Evaluate(devset=dev, metric=SemanticF1(decompositional=True))

    The example needs `question` and `response`, the prediction `response`. The result has the score and, as
    feedback, recall, precision and the judge's reasoning. During optimization (`trace` is given) the score
    is whether the F1 score reaches the threshold.
    """

    interface: ClassVar[Interface | None] = _JUDGES
    concurrent: ClassVar[bool] = False

    threshold: float = 0.66
    """The F1 score that is good enough for an optimizer to learn from."""
    decompositional: bool = False
    """Let the judge list and discuss the ideas of both texts in separate outputs first."""

    def __post_init__(self) -> None:
        """Make the judge."""
        signature = (
            DecompositionalSemanticRecallPrecision if self.decompositional else SemanticRecallPrecision
        )
        self.module = ChainOfThought(signature)

    async def aforward(self, /, example: Any, pred: Any, trace: Any = None) -> Any:
        """Judge a prediction.

        Args:
            example: has `question` and `response`.
            pred: has `response`.
            trace: given during optimization.
        """
        found = await call_part(
            self.module,
            {
                "question": example.question,
                "ground_truth": example.response,
                "system_response": pred.response,
            },
        )
        score = f1_score(found.precision, found.recall)
        shares = f"recall {found.recall:g}, precision {found.precision:g}"
        return _judged(score, self.threshold, trace, shares, found)


@parameters
class CompleteAndGrounded(Module):
    """How complete and how well supported `pred.response` is, judged by a model: the harmonic mean of both.

        evaluate = Evaluate(devset=dev, metric=CompleteAndGrounded())

    The example needs `question` and `response`; the prediction needs `response` and the `context` that was
    retrieved for it. During optimization (`trace` is given) the score is whether it reaches the threshold.
    """

    interface: ClassVar[Interface | None] = _JUDGES

    threshold: float = 0.66
    """The score that is good enough for an optimizer to learn from."""

    def __post_init__(self) -> None:
        """Make the two judges."""
        self.completeness_module = ChainOfThought(AnswerCompleteness)
        self.groundedness_module = ChainOfThought(AnswerGroundedness)

    async def aforward(self, /, example: Any, pred: Any, trace: Any = None) -> Any:
        """Judge a prediction.

        Args:
            example: has `question` and `response`.
            pred: has `response` and `context`.
            trace: given during optimization.
        """
        asked = {"question": example.question, "system_response": pred.response}
        complete = await call_part(self.completeness_module, {**asked, "ground_truth": example.response})
        grounded = await call_part(
            self.groundedness_module, {**asked, "retrieved_context": _as_text(pred.context)}
        )
        score = f1_score(grounded.groundedness, complete.completeness)
        shares = f"completeness {complete.completeness:g}, groundedness {grounded.groundedness:g}"
        return _judged(score, self.threshold, trace, shares, complete, grounded)


def _judged(score: float, threshold: float, trace: Any, shares: str, *found: Any) -> Score:
    words = "\n".join([shares, *(one.get("discussion") or one.get("reasoning") or "" for one in found)])
    return Score(score if trace is None else score >= threshold, feedback=words.strip())


def _as_text(context: Any) -> Any:
    return "\n\n".join(map(str, context)) if isinstance(context, (list, tuple)) else context
