"""Measuring programs: `Evaluate`, its result, and metrics."""

from ..dspy_paths import extend
from .aggregation import majority
from .auto_evaluation import CompleteAndGrounded, SemanticF1
from .calibration import Calibration, calibration
from .comparison import Comparison, compare
from .evaluate import Evaluate
from .measured import EvaluatedRow
from .metrics import EM, F1, HotPotF1, answer_exact_match, answer_passage_match, normalize_text
from .result import EvaluationResult

__all__ = [
    "EM",
    "F1",
    "Calibration",
    "Comparison",
    "CompleteAndGrounded",
    "Evaluate",
    "EvaluatedRow",
    "EvaluationResult",
    "HotPotF1",
    "SemanticF1",
    "answer_exact_match",
    "answer_passage_match",
    "calibration",
    "compare",
    "majority",
    "normalize_text",
]

extend(__name__)
