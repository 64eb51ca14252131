"""What `dspyc optimize --report` writes: the search, the rows before and after, and what was learned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..runtime.optimizers.best import Tried
    from ..runtime.programs.making import OptimizeResult
    from ..runtime.programs.program import Program


def write_report(path: Path, name: str, program: Program, student: Any, result: OptimizeResult) -> None:
    """Write a page about an optimisation.

    Args:
        path: the file.
        name: the program's name.
        program: the program.
        student: its module, as it was.
        result: the outcome.

    Raises:
        OSError: the file cannot be written.
    """
    from ..runtime.evaluate.comparison import compare
    from ..runtime.evaluate.report import Learned, Report, save_report

    before, after = result.before, result.after
    sources = dict(student.named_predictors())
    learned = tuple(
        Learned(
            predictor,
            sources[predictor].signature.instructions,
            one.signature.instructions,
            tuple(dict(demo) for demo in one.demos or ()),
            str(one.lm.model) if one.lm is not None and one.lm is not sources[predictor].lm else "",
        )
        for predictor, one in result.program.named_predictors()
        if predictor in sources
    )
    page = Report(
        f"{name}: {type(program.optimizer).__name__}",
        results=tuple(each for each in (after, before) if each is not None),
        trials=tuple(_record(each) for each in result.trials),
        baseline=result.score_before,
        comparison=None if before is None or after is None else compare(before, after),
        learned=learned,
        facts={"optimizer": type(program.optimizer).__name__, "seconds": f"{result.seconds:.1f}"},
    )
    save_report(path, page)


def _record(tried: Tried) -> Any:
    from ..runtime.evaluate.report import TrialRecord
    from ..runtime.evaluate.rows import describe_error

    predictors = [] if tried.program is None else tried.program.named_predictors()
    return TrialRecord(
        tried.number,
        tried.score,
        tried.label,
        tried.is_full,
        {name: one.signature.instructions for name, one in predictors},
        {name: len(one.demos or ()) for name, one in predictors},
        "" if tried.error is None else describe_error(tried.error),
    )
