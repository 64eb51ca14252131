"""From an optimized module to the state that keeps it: what was learned, with what, trained models."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from filecmp import cmp
from itertools import count
from pathlib import Path
from typing import Any

from ...base.files import remove_leftovers, replacing
from ..data.dataset import Dataset
from ..errors import StateError, list_names
from ..evaluate import EvaluationResult
from ..example import Example
from ..execution.callables import name_of
from ..lm.redact import is_secret
from ..modules.base import Module
from ..optimizers.base import Optimizer
from ..state.format import CandidateState, PredictorState, ProgramState, predictor_state, read


def learned(student: Module, optimized: Module) -> dict[str, PredictorState]:
    """What each predictor of an optimized module has learned.

    Raises:
        StateError: the optimized module has other predictors than the student.
    """
    sources, predictors = dict(student.named_predictors()), dict(optimized.named_predictors())
    if sources.keys() != predictors.keys():
        raise StateError(
            f"the optimizer returned a program with other predictors: {list_names(predictors)} instead of "
            f"{list_names(sources)}"
        )
    return {name: predictor_state(predictor, sources[name]) for name, predictor in predictors.items()}


def candidates_of(student: Module, optimized: Module) -> tuple[CandidateState, ...]:
    """What the programs that the optimizer tried have learned, best first; none where it keeps none."""
    found: list[CandidateState] = []
    for candidate in getattr(optimized, "candidate_programs", ()):
        if candidate["score"] is None:
            continue
        # The signatures stand once in the state, with the program itself.
        predictors = {
            name: replace(one, signature={}) for name, one in learned(student, candidate["program"]).items()
        }
        found.append(CandidateState(candidate["score"], candidate.get("seed"), predictors))
    return tuple(found)


def facts_of(
    optimizer: Optimizer,
    arguments: Mapping[str, Any],
    seconds: float,
) -> dict[str, Any]:
    """What a state says of its making: when, and with what."""
    given = {name: value for name, value in optimizer.get_params().items() if value is not None}
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "optimizer": {
            "name": type(optimizer).__name__,
            "parameters": {name: describe(value) for name, value in given.items()},
            "seconds": round(seconds, 1),
        },
        "arguments": {name: describe(value) for name, value in arguments.items()},
        "score": None,
    }


def with_scores(state: ProgramState, before: EvaluationResult, after: EvaluationResult) -> ProgramState:
    """The same state with what its making brought."""
    score = {
        "before": before.score,
        "after": after.score,
        "metric": after.metric,
        "examples": len(after.rows),
    }
    return replace(state, facts={**state.facts, "score": score})


def with_models_beside(state: ProgramState, path: Path) -> ProgramState:
    """The same state with the trained models copied to where the state file is, and named relative to it.

    No other file is overwritten: the earlier state, or a program that is loaded, may need it. A model that
    lies beside the state under its name already stays as it is.

    Args:
        state: the state, with models as they were trained.
        path: the state file; its models are named after it.

    Raises:
        OSError: a model cannot be copied.
    """
    copies: dict[str, str] = {}
    stem = path.name.removesuffix(".json").removesuffix(".state")

    def beside(one: PredictorState) -> PredictorState:
        model = "" if one.lm is None else one.lm["model"]
        if one.lm is None or not model.startswith("gguf/"):
            return one
        if model not in copies:
            source = Path(model.removeprefix("gguf/"))
            if source.name.startswith(f"{stem}.") and _lies_in(path.parent, source):
                copies[model] = source.name
            elif source.is_dir():
                copies[model] = _copy_folder(source, path.with_name(f"{stem}.{source.name}")).name
            else:
                copies[model] = _copy(source, path.with_name(f"{stem}.gguf")).name
        return replace(one, lm={**one.lm, "model": f"gguf/{copies[model]}"})

    return replace(
        state,
        predictors={name: beside(one) for name, one in state.predictors.items()},
        candidates=tuple(
            replace(one, predictors={name: beside(each) for name, each in one.predictors.items()})
            for one in state.candidates
        ),
    )


def describe(value: Any) -> Any:
    """A parameter's value as a reader of the state needs it: functions and models by name, data by size.

    What is named as a key or a password is, is left out.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {_key(key): describe(item) for key, item in value.items() if not is_secret(_key(key))}
    if callable(dump := getattr(value, "model_dump", None)):
        return dump(mode="json")
    if isinstance(value, Dataset):
        return value.describe()
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(item, Example) for item in value):
            return f"{len(value)} examples"
        return [describe(item) for item in value]
    if isinstance(model := getattr(value, "model", None), str):
        return model
    fields = getattr(getattr(value, "signature", None), "signature", None)
    return f"{name_of(value)}({fields})" if isinstance(fields, str) else name_of(value)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(describe(key))


def _lies_in(folder: Path, source: Path) -> bool:
    return source.exists() and source.parent.resolve() == folder.resolve()


def _copy(source: Path, wanted: Path) -> Path:
    """Copy a file, whole or not at all, and give the copy: under a name with a number, `NAME.2.gguf`, where
    another file has the name.
    """
    target = wanted
    for number in count(2):
        if not target.exists():
            break
        if target.is_file() and cmp(source, target, shallow=False):
            return target
        target = wanted.with_name(f"{wanted.stem}.{number}{wanted.suffix}")
    remove_leftovers(target)
    with source.open("rb") as content, replacing(target) as copy:
        shutil.copyfileobj(content, copy)
    return target


def _copy_folder(source: Path, wanted: Path) -> Path:
    """Copy a folder, whole or not at all, and give the copy; a number behind its name where there is another
    folder already, which may be that of an earlier state and is kept.
    """
    target = wanted
    for number in count(2):
        if not target.exists():
            break
        if _is_same(source, target):
            return target
        target = wanted.with_name(f"{wanted.name}-{number}")
    beside = target.with_name(f".{target.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(source, beside)
    beside.rename(target)
    return target


def _is_same(one: Path, other: Path) -> bool:
    """Whether two folders hold the same files with the same content, down to the last byte."""
    if one.samefile(other):
        return True
    names, others = (
        sorted(each.relative_to(folder) for each in folder.rglob("*") if each.is_file())
        for folder in (one, other)
    )
    return names == others and all(cmp(one / name, other / name, shallow=False) for name in names)


def describe_top(path: Path, n: int) -> str:
    """The scores of the `n` best programs in a state file, or in words why there are none."""
    try:
        state = read(path)
    except StateError:
        return "no readable state" if path.exists() else "no state"
    scores = [candidate.score for candidate in state.candidates[:n]]
    return str(scores) if scores else "1 program without a score"
