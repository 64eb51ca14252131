"""Measuring programs: `Evaluate`, its result, and metrics."""

from ..dspy_paths import extend
from .aggregation import majority
from .evaluate import Evaluate
from .metrics import EM, F1, answer_exact_match, answer_passage_match, normalize_text
from .result import EvaluatedRow, EvaluationResult

__all__ = [
    "EM",
    "F1",
    "Evaluate",
    "EvaluatedRow",
    "EvaluationResult",
    "answer_exact_match",
    "answer_passage_match",
    "majority",
    "normalize_text",
]

extend(__name__)
