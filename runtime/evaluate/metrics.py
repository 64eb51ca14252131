"""Metrics for answers in words: exact match, overlap of words, an answer in a passage."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence, Set
from typing import Any

from .. import dspy_paths
from ..errors import EvaluationError

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_TOKEN = re.compile(r"[\w\u0300-\u036f]+|[^\w\s]")


def normalize_text(s: str) -> str:
    """A text without case, punctuation, articles and repeated spaces, in Unicode's decomposed form.

    This is the normalization of the SQuAD evaluation script (Rajpurkar et al., 2016), as DSPy has it.
    """
    plain = unicodedata.normalize("NFD", s).lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", plain).split())


def EM(prediction: str, answers_list: Sequence[str]) -> bool:  # noqa: N802
    """Whether the prediction equals one of the answers, after both are normalized."""
    _verify_answers(answers_list)
    found = normalize_text(prediction)
    return any(found == normalize_text(answer) for answer in answers_list)


def F1(prediction: str, answers_list: Sequence[str]) -> float:  # noqa: N802
    """The best F1 score of the prediction's words against those of an answer, both normalized; 0 to 1."""
    _verify_answers(answers_list)
    return max(f1_score(prediction, answer) for answer in answers_list)


def HotPotF1(prediction: str, answers_list: Sequence[str]) -> float:  # noqa: N802
    """`F1` as the evaluation script of HotPotQA has it (Yang et al., 2018): an answer "yes", "no" or
    "noanswer" must be exactly that, or the score is 0.
    """
    _verify_answers(answers_list)
    return max(hotpot_f1_score(prediction, answer) for answer in answers_list)


def answer_exact_match(example: Any, pred: Any, trace: Any = None, frac: float = 1.0) -> bool:
    """Whether `pred.answer` is `example.answer`, or one of them where that is a list.

    Args:
        example: the example, with an `answer`.
        pred: the prediction, with an `answer`.
        trace: not used.
        frac: if below 1, an F1 score of at least this is enough.
    """
    answers = _answers(example.answer)
    return EM(str(pred.answer), answers) if frac >= 1.0 else F1(str(pred.answer), answers) >= frac


def answer_passage_match(example: Any, pred: Any, trace: Any = None) -> bool:
    """Whether one of the passages in `pred.context` contains `example.answer`, or one of them."""
    passages = [pred.context] if isinstance(pred.context, str) else pred.context
    wanted = [_tokens(answer) for answer in _answers(example.answer)]
    return any(_contains(_tokens(passage), tokens) for passage in passages for tokens in wanted)


def _answers(answer: Any) -> list[str]:
    # A number in the data is the answer "4" as a model writes it.
    if hasattr(answer, "tolist"):  # an array of numpy, as tables hold them
        answer = answer.tolist()
    return [str(one) for one in answer] if isinstance(answer, (list, tuple, Set)) else [str(answer)]


def _verify_answers(answers: Sequence[str]) -> None:
    if isinstance(answers, str) or not answers:
        raise EvaluationError(f"the answers must be a list with at least one text, not {answers!r}")


def f1_score(prediction: str, ground_truth: str) -> float:
    """The F1 score of the prediction's words against those of one answer, both normalized; 0 to 1.

    Two answers that are equal have 1, also where no words are left of them, as of the choice "A"; the
    evaluation script of SQuAD 2.0 has it so.
    """
    found, wanted = normalize_text(prediction).split(), normalize_text(ground_truth).split()
    if found == wanted:
        return 1.0
    common = (Counter(found) & Counter(wanted)).total()
    if common == 0:
        return 0.0
    precision, recall = common / len(found), common / len(wanted)
    return 2 * precision * recall / (precision + recall)


_CLOSED = frozenset({"yes", "no", "noanswer"})


def hotpot_f1_score(prediction: str, ground_truth: str) -> float:
    """The same, and 0 where only one of the two is "yes", "no" or "noanswer"."""
    found, wanted = normalize_text(prediction), normalize_text(ground_truth)
    if found != wanted and not _CLOSED.isdisjoint((found, wanted)):
        return 0.0
    return f1_score(prediction, ground_truth)


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(normalize_text(text))


def _contains(tokens: list[str], wanted: list[str]) -> bool:
    width = len(wanted)
    return width > 0 and any(
        tokens[start : start + width] == wanted for start in range(len(tokens) - width + 1)
    )


dspy_paths.extend(__name__)
