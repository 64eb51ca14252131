"""What GEPA has found, for those who want to know more than the best program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..modules.base import Module
from ..prediction import Prediction


@dataclass(frozen=True)
class GEPAResult:
    """The candidates of a run, by their numbers.

    Attributes:
        candidates: their programs.
        parents: the numbers of the candidates that each was made of; `[None]` for the first.
        val_aggregate_scores: the mean score of each, from 0 to the metric's highest.
        val_subscores: the score of each on each row of the valset.
        per_val_instance_best_candidates: the candidates with the best score, for each row.
        discovery_eval_counts: how many metric calls had been made before each was measured.
        best_outputs_valset: for each row, the candidates with the best score and what they predicted; None
            unless that was to be kept.
        total_metric_calls: how many metric calls were made.
        num_full_val_evals: how many candidates were measured on all rows.
        log_dir: where states were written.
        seed: what everything was drawn by.
    """

    candidates: list[Module]
    parents: list[list[int | None]]
    val_aggregate_scores: list[float]
    val_subscores: list[dict[int, float]]
    per_val_instance_best_candidates: dict[int, set[int]]
    discovery_eval_counts: list[int]
    best_outputs_valset: dict[int, list[tuple[int, Prediction]]] | None = None
    total_metric_calls: int | None = None
    num_full_val_evals: int | None = None
    log_dir: str | None = None
    seed: int | None = None

    @property
    def best_idx(self) -> int:
        """The number of the candidate with the highest mean score."""
        scores = self.val_aggregate_scores
        return max(range(len(scores)), key=lambda number: scores[number])

    @property
    def best_candidate(self) -> Module:
        """The program with the highest mean score."""
        return self.candidates[self.best_idx]

    @property
    def highest_score_achieved_per_val_task(self) -> dict[int, float]:
        """The best score of any candidate, for each row."""
        found = self.per_val_instance_best_candidates
        return {row: self.val_subscores[min(best)][row] for row, best in found.items()}

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, with the instructions instead of the programs."""
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "candidates": [
                {name: one.signature.instructions for name, one in program.named_predictors()}
                for program in self.candidates
            ],
            "per_val_instance_best_candidates": {
                row: sorted(best) for row, best in self.per_val_instance_best_candidates.items()
            },
            "best_idx": self.best_idx,
        }

    def __deepcopy__(self, memo: dict[int, Any]) -> GEPAResult:
        return self
