"""Making a program's state: the optimizer's run, measured before and after, resumable and bounded."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import DspycError, EvaluationError, OptimizerError, StateError
from ..evaluate import Evaluate, EvaluationResult
from ..evaluate.rows import describe_errors
from ..execution.progress import within
from ..execution.replacing import answering_themselves, in_place_of
from ..execution.settings import context, lookup
from ..lm.reproducible import reproducible
from ..modules.base import Module
from ..modules.models import models_of
from ..optimizers.base import Optimizer
from ..optimizers.best import BestSoFar, keeping_best
from ..state.format import ProgramState, read, write
from ..work.identity import digest, running_digest, value_digest
from ..work.run import exhausted, next_step, stage
from ..work.sources import sources_digest
from .capture import candidates_of, facts_of, learned, with_models_beside, with_scores

logger = logging.getLogger("dspyc")


@dataclass(frozen=True)
class OptimizeResult:
    """The outcome of `Program.optimize`.

    Attributes:
        program: the optimized module.
        state: the state file that was written.
        before: the evaluation of the module as it was, where one was asked for.
        after: the evaluation of the optimized module.
        seconds: how long the optimizer took.
        candidates: the scores of the programs that it tried, best first.
        learned: whether the module now has anything that it did not have: demos, instructions or a model.
            True for an optimizer that has nothing to learn.
    """

    program: Module
    state: Path
    before: EvaluationResult | None
    after: EvaluationResult | None
    seconds: float
    candidates: tuple[float, ...] = ()
    learned: bool = True

    @property
    def score_before(self) -> float | None:
        """The score of the module as it was, in percent."""
        return None if self.before is None else self.before.score

    @property
    def score_after(self) -> float | None:
        """The score of the optimized module, in percent."""
        return None if self.after is None else self.after.score


@dataclass(frozen=True)
class Making:
    """What a state is made with.

    Attributes:
        name: the program's name.
        optimizer: what creates the state.
        subject: what is compiled: the module, which stays as it is, or for an ensemble the programs.
        outline: the module as it is before anything is learned; what is learned is what differs from it.
        arguments: what `optimizer.compile` is called with, programs among them as their modules.
        given: the same as the source has them, for the state's facts.
        source: the file that declares the program.
        state: the state file.
        reload: the program's module, read anew from the state file.
    """

    name: str
    optimizer: Optimizer
    subject: Any
    outline: Module
    arguments: Mapping[str, Any]
    given: Mapping[str, Any]
    source: Path
    state: Path
    reload: Callable[[], Module]

    def run_facts(self) -> dict[str, str]:
        """What makes this making what it is, as digests by name: with others, answers mean something else.

        The evaluation is not among them: what it keeps is kept under its own digest; see `_measure`.
        """
        data = {name: value for name, value in self.arguments.items() if not isinstance(value, Module)}
        others = {name: value for name, value in self.arguments.items() if isinstance(value, Module)}
        return {
            "program": digest([self.name, running_digest(self.outline), value_digest(others)]),
            "data": value_digest(list(data.items())),
            "settings": digest([type(self.optimizer).__name__, value_digest(self._parameters())]),
            "seed": value_digest(getattr(self.optimizer, "seed", 0)),
            "sources": sources_digest(self.source),
            "models": value_digest(self._models()),
        }

    @property
    def before(self) -> Module:
        """What the result is compared with; of several programs that become one, the first."""
        several: Sequence[Module] = [self.subject] if isinstance(self.subject, Module) else self.subject
        return several[0]

    def _models(self) -> list[Any]:
        """The model that is configured, which may write instructions or judge, and those of a teacher."""
        configured = in_place_of(lookup("lm", self.outline._defaults))
        given = [each for value in self.arguments.values() for each in _listed(value)]
        others = [models_of(each) for each in given if isinstance(each, Module)]
        return [configured, others]

    def _parameters(self) -> dict[str, Any]:
        parameters = self.optimizer.get_params()
        return {name: value for name, value in parameters.items() if name not in _PACE}


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else [value]


_PACE = ("num_threads", "max_errors")
"""Parameters that change how fast, or for how long, an optimizer works, and not what it finds."""


def make_state(making: Making, evaluation: Evaluate | None) -> OptimizeResult:
    """Run the optimizer, write what it learned, and measure the module before and after.

    Raises:
        OptimizerError: the optimizer cannot work, its result fails on every example of the evaluation, or
            it could not be measured within the budget and there is an earlier state; that one is kept.
        StateError: the state cannot be written.
    """
    before = _measure(evaluation, making.before, "before")
    began = time.monotonic()
    with stage("compile"), keeping_best() as best:
        try:
            optimized = making.optimizer.compile(making.subject, **making.arguments)
        except (KeyboardInterrupt, Exception):
            _keep(making, best, time.monotonic() - began)
            raise
    seconds = time.monotonic() - began
    has_learned = not making.optimizer.needs_state or not _is_as_it_was(making, optimized)
    state = _state(making, optimized, seconds)
    had_state = making.state.exists() and not _is_unfinished(making.state)
    with _restored_on_failure(making.state):
        state = _with_models(making, state)
        # Written before it is measured, so that what was learned outlives whatever happens meanwhile.
        write(making.state, state)
        # What was written is read again: the program is then the one that the next process gets.
        program = making.reload()
        # They are learned, so they answer where another model stands for all models of the source.
        trained = [one.lm for name, one in program.named_predictors() if state.predictors[name].lm]
        with answering_themselves(trained):
            after = _measure(evaluation, program, "after")
        if after is None and evaluation is not None and exhausted() is not None and had_state:
            raise _Worthless(
                f"the budget of {exhausted()} is used up before the optimized program could be measured; "
                f"{making.state.name} stays as it was{next_step()}"
            )
    if before is not None and after is not None:
        write(making.state, with_scores(state, before, after))
    scores = tuple(candidate.score for candidate in state.candidates)
    return OptimizeResult(program, making.state, before, after, seconds, scores, has_learned)


def _with_models(making: Making, state: ProgramState) -> ProgramState:
    """The state with its models beside it; where they do not fit, they stay where they were trained, and are
    found there by the next run.
    """
    try:
        return with_models_beside(state, making.state)
    except OSError as error:
        reason = error.strerror or error
        raise StateError(
            f"the trained model cannot be copied to {making.state.parent}: {reason}; the next run takes it "
            "from where it was trained"
        ) from error


def _state(making: Making, optimized: Module, seconds: float, **facts: Any) -> ProgramState:
    return ProgramState(
        program=making.name,
        predictors=learned(making.outline, optimized),
        candidates=candidates_of(making.outline, optimized),
        facts={**facts_of(making.optimizer, making.given, seconds), **facts},
    )


def _keep(making: Making, best: BestSoFar, seconds: float) -> None:
    """Write the best that an optimizer had found when it was interrupted or failed, unless there is a state
    that was finished, or the best is worth nothing or the program as it was. Nothing that goes wrong is
    raised, for what ended the optimizer is to end the run.
    """
    program = best.program
    try:
        if program is None or best.score == 0 or _is_as_it_was(making, program):
            return
        if making.state.exists() and not _is_unfinished(making.state):
            logger.warning("%s stays as it was before this run", making.state)
            return
        state = _state(making, program, seconds, unfinished=True)
        write(making.state, _with_models(making, state))
    except (DspycError, OSError) as error:
        logger.warning("the best program so far could not be kept: %s", error)
        return
    scored = "" if best.score is None else f", with a score of {best.score} %,"
    logger.warning("the best program so far%s is in %s", scored, making.state)


def _is_as_it_was(making: Making, program: Module) -> bool:
    return learned(making.outline, program) == learned(making.outline, making.outline)


def _is_unfinished(path: Path) -> bool:
    """Whether a state was written by a run that was interrupted; one that cannot be read is left alone."""
    try:
        return bool(read(path).facts.get("unfinished"))
    except StateError:
        return False


def _measure(evaluation: Evaluate | None, module: Module, when: str) -> EvaluationResult | None:
    if evaluation is None:
        return None
    # A weak model may well fail on many rows; that is no reason not to make it better.
    allowed = len(evaluation.devset) + 1
    # Under its digest, so that a run that is resumed with another evaluation takes no rows of the first one.
    measured_by = f"{when} {value_digest([evaluation.devset, evaluation.metric])}"
    with within(when), stage(measured_by), reproducible(), context(max_errors=allowed):
        try:
            return evaluation(module)
        except EvaluationError as error:
            errors = list(error.result.errors.values())
            if when == "after" and errors and len(errors) == error.result.total:
                raise _Worthless(
                    f"the optimized program failed on all {len(errors)} examples of the evaluation, "
                    f"{describe_errors(errors)}; an earlier state is kept"
                ) from error
            logger.warning("the program was not measured %s: %s", when, error)
            return None


class _Worthless(OptimizerError):
    """An optimized program that does nothing but fail, or of which nothing is known."""


@contextmanager
def _restored_on_failure(path: Path) -> Iterator[None]:
    """Put a state and the models beside it back as they were where what is made instead is worthless."""
    kept = {file: file.with_name(f".{file.name}.earlier") for file in _files_of(path)}
    for file, earlier in kept.items():
        earlier.unlink(missing_ok=True)
        _link(file, earlier)
    try:
        yield
    except _Worthless:
        for file in _files_of(path):
            if file not in kept:
                file.unlink()
        for file, earlier in kept.items():
            os.replace(earlier, file)
        raise
    finally:
        for earlier in kept.values():
            with suppress(OSError):
                earlier.unlink(missing_ok=True)


def _files_of(path: Path) -> list[Path]:
    """A state file and the models that lie beside it under its name, as far as they are there."""
    stem = path.name.removesuffix(".json").removesuffix(".state")
    models = [path.with_name(f"{stem}.gguf"), *(path.with_name(f"{stem}.{n}.gguf") for n in range(2, 100))]
    return [file for file in (path, *models) if file.is_file()]


def _link(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:
        # A file system without links.
        import shutil

        shutil.copyfile(file, target)
