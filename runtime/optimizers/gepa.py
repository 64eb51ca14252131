"""`GEPA`: instructions that evolve by reflection on runs and on the words of a metric."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from ..errors import ConfigurationError, OptimizerError, list_names
from ..evaluate import Evaluate
from ..execution.settings import lookup
from ..interface import Examples, Metric
from ..limits import Ge
from ..lm.base import BaseLM
from ..lm.reproducible import reproducible
from ..modules.base import Module
from ..parameters import KW_ONLY, parameters
from .base import Candidates, Optimizer, as_examples
from .evolution import Population
from .gepa_result import GEPAResult
from .gepa_search import Search, Settings
from .instructions import instructions_of
from .log_dir import save_programs, verify_log_dir
from .mipro import AUTO_RUN_SETTINGS, trials_for
from .plan import Planned, Span, writing_prompt
from .reflection import InstructionProposer, Reflection, by_position, calls_for_each
from .study import Study

logger = logging.getLogger("dspyc")


@parameters
class GEPA(Optimizer):
    """Lets a model look at runs, with what a metric says of them, and rewrite the instructions.

    A metric gives feedback by returning `Score(0.5, feedback="…")`; one that names `pred_name` and
    `pred_trace` can say something of a single predictor. In each round some of the best candidates are run on
    a few examples of the trainset, a model that sees inputs, answers and feedback writes a better instruction
    for one of their predictors, and a candidate that then does better on the same examples is measured on the
    valset. The candidates to go on from are drawn from those that lead on some row of the valset (a Pareto
    front), and two of them that have improved different predictors are merged. Exactly one of `auto`,
    `max_full_evals` and `max_metric_calls` says how long.

    From GEPA (Agrawal et al., 2025, arXiv:2507.19457).
    """

    metric: Metric
    """How good a prediction is, best with feedback: `(gold, pred, trace, pred_name, pred_trace)`."""
    _: KW_ONLY
    auto: Literal["light", "medium", "heavy"] | None = None
    """As many metric calls as MIPROv2 would make with this setting."""
    max_full_evals: Annotated[int, Ge(1)] | None = None
    """As many metric calls as measuring so many programs on trainset and valset takes."""
    max_metric_calls: Annotated[int, Ge(1)] | None = None
    """How many metric calls to make; no round is begun after that."""
    reflection_minibatch_size: Annotated[int, Ge(1)] = 3
    """How many examples are looked at for a new instruction."""
    candidate_selection_strategy: Literal["pareto", "current_best"] = "pareto"
    """Which candidates to go on from: those that lead on some row, or always the best."""
    reflection_lm: BaseLM | None = None
    """The model that writes instructions; a strong one."""
    skip_perfect_score: bool = True
    """Write no new instruction where all the examples that are looked at have `perfect_score`."""
    add_format_failure_as_feedback: bool = False
    """Show answers that could not be read, too."""
    instruction_proposer: Callable[..., dict[str, str]] | None = None
    """What writes instructions: a function of `candidate`, `reflective_dataset` and `components_to_update`.
    """
    component_selector: Literal["round_robin", "all"] | Callable[..., Any] = "round_robin"
    """Which predictors get a new instruction: one after another, all, or what a function chooses."""
    use_merge: bool = True
    """Merge candidates that have improved different predictors."""
    max_merge_invocations: Annotated[int, Ge(0)] | None = 5
    """How many merges to make at most; None for any number."""
    num_threads: Annotated[int, Ge(1)] | None = None
    """How many examples to run at a time; `settings.num_threads` unless given."""
    failure_score: float = 0.0
    """The score of a run that failed."""
    perfect_score: float = 1.0
    """The highest score that the metric gives."""
    log_dir: str | None = None
    """A folder for the states of the candidates."""
    track_stats: bool = False
    """Keep on the result all candidates, their scores and their parents: `detailed_results`."""
    track_best_outputs: bool = False
    """Keep in `detailed_results` the best predictions for each row of the valset."""
    warn_on_score_mismatch: bool = True
    """Warn where the metric's score for a predictor is another one than for the run."""
    seed: int = 0
    """Draws candidates, examples and merges."""
    proposals_at_once: Annotated[int, Ge(1)] = 4
    """How many new instructions are written and tried in a round, at the same time."""

    def __post_init__(self) -> None:
        """Complain about parameters that do not fit together.

        Raises:
            ConfigurationError: naming them.
        """
        names = ("auto", "max_full_evals", "max_metric_calls")
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            told = list_names(given) if given else "none"
            raise ConfigurationError(
                f"GEPA needs exactly one of {list_names(names)}, to know how long to search, and got {told}"
            )
        if self.reflection_lm is None and self.instruction_proposer is None:
            raise ConfigurationError(
                "GEPA needs `reflection_lm=`, a strong model that writes instructions, or an "
                "`instruction_proposer=`"
            )
        if self.track_best_outputs and not self.track_stats:
            raise ConfigurationError(
                "`track_best_outputs` needs `track_stats=True`, where the outputs are kept"
            )

    def compile(
        self, student: Module, *, trainset: Examples, teacher: None = None, valset: Examples | None = None
    ) -> Module:
        """Return the best candidate.

        Args:
            student: the program; it is not changed.
            trainset: the examples whose runs are looked at.
            teacher: not supported; DSPy's parameter.
            valset: the examples that candidates are measured on; the trainset when None, to which the
                instructions
                will then be fitted.

        Raises:
            OptimizerError: the program has no predictor, there is a teacher, or the program could not be
                measured.
        """
        self.verify(student, trainset=trainset, teacher=teacher, valset=valset)
        train = as_examples("trainset", trainset)
        if valset is None:
            logger.warning(
                "GEPA has no valset: the instructions are fitted to the trainset, and may do worse on other "
                "rows"
            )
        val = train if valset is None else as_examples("valset", valset)
        threads = self.num_threads or int(lookup("num_threads", student._defaults))
        metric = by_position(self.metric)
        settings = Settings(
            metric=metric,
            metric_calls=self.metric_calls(student, len(train), None if valset is None else len(val)),
            minibatch=self.reflection_minibatch_size,
            strategy=self.candidate_selection_strategy,
            skip_perfect_score=self.skip_perfect_score,
            perfect_score=self.perfect_score,
            failure_score=self.failure_score,
            selector=self.component_selector,
            merges=0 if not self.use_merge else self._most_merges(),
            at_once=self.proposals_at_once,
            num_threads=threads,
            seed=self.seed,
        )
        reflection = Reflection(metric, self.add_format_failure_as_feedback, self.warn_on_score_mismatch)
        writer = self.instruction_proposer or InstructionProposer()
        search = Search(settings, student, train, len(val), writer, self.reflection_lm, reflection)
        evaluate = Evaluate(
            devset=val,
            metric=metric,
            num_threads=threads,
            # A candidate that fails on some rows is one that is bad at them.
            max_errors=len(val),
            failure_score=self.failure_score,
        )
        study = Study(search.build, evaluate, keep_predictions=self.track_best_outputs)
        with reproducible():
            winner: Any = study.search(search.steps()).program
        population = search.population
        winner.candidate_programs = Candidates(_entries(population))
        if self.log_dir is not None:
            programs = {number: member.program for number, member in enumerate(population.members)}
            save_programs(Path(self.log_dir), programs)
        if self.track_stats:
            winner.detailed_results = self._results(population, search.spent)
        return winner  # type: ignore[no-any-return]

    def verify(
        self, student: Module, *, trainset: Examples, teacher: None = None, valset: Examples | None = None
    ) -> None:
        """Raise what `compile` would reject.

        Args:
            student: the program.
            trainset: as in `compile`.
            teacher: as in `compile`.
            valset: as in `compile`.

        Raises:
            OptimizerError: what `compile` would raise before its first call.
        """
        if teacher is not None:
            raise OptimizerError("GEPA learns from a metric's feedback, and takes no `teacher=`")
        as_examples("trainset", trainset)
        if valset is not None:
            as_examples("valset", valset)
        instructions_of(student)
        verify_log_dir(self.log_dir)

    def plan(self, student: Module, **arguments: Any) -> Sequence[Planned]:
        """What `compile` will ask of models; see `Optimizer.plan`."""
        train, valset = arguments["trainset"], arguments.get("valset")
        rows = len(train if valset is None else valset)
        calls = self.metric_calls(student, len(train), None if valset is None else rows)
        # A round that has begun is finished: its ideas are tried, and one of them measured on all rows.
        most = calls + 2 * self.reflection_minibatch_size * self.proposals_at_once + rows
        looked = min(self.reflection_minibatch_size, len(train))
        ideas = max(0, calls - rows) // looked + self.proposals_at_once
        names = 1 if self.component_selector == "round_robin" else len(instructions_of(student))
        asked = calls_for_each(self.instruction_proposer)
        return [
            Planned("program", Span(rows, max(most, rows)), student),
            Planned(
                "reflection model",
                Span(0, ideas * names) * Span(1, asked),
                lm=self.reflection_lm,
                prompt=writing_prompt(student, train[: self.reflection_minibatch_size]),
            ),
        ]

    def metric_calls(self, student: Module, train: int, val: int | None) -> int:
        """How many metric calls a run makes.

        Args:
            student: the program.
            train: how many examples the trainset has.
            val: how many the valset has; None where there is none.
        """
        if self.max_metric_calls is not None:
            return self.max_metric_calls
        if self.max_full_evals is not None:
            return self.max_full_evals * (train + (val or 0))
        assert self.auto is not None
        candidates, _ = AUTO_RUN_SETTINGS[self.auto]
        return self.auto_budget(len(instructions_of(student)), candidates, train if val is None else val)

    def auto_budget(
        self,
        num_preds: int,
        num_candidates: int,
        valset_size: int,
        minibatch_size: int = 35,
        full_eval_steps: int = 5,
    ) -> int:
        """How many metric calls MIPROv2 would make.

        Args:
            num_preds: how many predictors the program has.
            num_candidates: how many candidates there would be.
            valset_size: how many rows.
            minibatch_size: how many rows a minibatch would have.
            full_eval_steps: after how many minibatches all rows would be measured.
        """
        trials = trials_for(num_candidates, num_preds, zero_shot=False)
        full = 1 + (trials + 1) // full_eval_steps + 1 + (trials < full_eval_steps)
        return 5 * num_candidates + trials * minibatch_size + full * valset_size

    def _most_merges(self) -> int:
        return 1 << 30 if self.max_merge_invocations is None else self.max_merge_invocations

    def _results(self, population: Population, spent: int) -> GEPAResult:
        members, front = population.members, population.front()
        outputs = None
        if self.track_best_outputs:
            outputs = {
                row: [(number, members[number].predictions[row]) for number in best]
                for row, best in enumerate(front)
            }
        return GEPAResult(
            candidates=[member.program for member in members],
            parents=[list(member.parents) or [None] for member in members],
            val_aggregate_scores=[member.score for member in members],
            val_subscores=[dict(enumerate(member.subscores)) for member in members],
            per_val_instance_best_candidates={row: set(best) for row, best in enumerate(front)},
            discovery_eval_counts=[member.spent for member in members],
            best_outputs_valset=outputs,
            total_metric_calls=spent,
            num_full_val_evals=len(members),
            log_dir=self.log_dir,
            seed=self.seed,
        )


def _entries(population: Population) -> list[dict[str, Any]]:
    return [
        {
            "score": round(100 * member.score, 2),
            "subscores": list(member.subscores),
            "seed": None,
            "program": member.program,
        }
        for member in population.members
    ]
