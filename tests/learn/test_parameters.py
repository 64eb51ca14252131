"""Every parameter of an optimizer, and every argument of its `compile`, changes something that can be seen:
what models are asked, how many at once, the program that comes out, what is kept on it, logged or refused.
"""

from __future__ import annotations

import inspect
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    COPRO,
    GEPA,
    SIMBA,
    BetterTogether,
    BootstrapFewShot,
    BootstrapFewShotWithOptuna,
    BootstrapRS,
    DspycError,
    Embedder,
    Ensemble,
    InferRules,
    KNNFewShot,
    LabeledFewShot,
    MIPROv2,
    Predict,
    Prediction,
    Score,
    context,
    majority,
)
from dspyc.runtime.parameters import parameters_of
from support.obedient import Obedient, rows, same_label

TRAIN, VAL = rows(12), rows(6, 50)


class Watched(Obedient):
    """Counts its requests, and how many are in flight at once."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.most = self._now = 0
        self._counting = threading.Lock()

    def complete(self, request: Any) -> Any:
        with self._counting:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(self.kwargs.get("seconds", 0))
        text = str(request.messages[-1]["content"])
        try:
            if "message 3" in text and self.kwargs.get("fails"):
                raise RuntimeError("out of order")
            return super().complete(request)
        finally:
            with self._counting:
                self._now -= 1


def half(example: Any, pred: Any, trace: Any = None) -> float:
    return 0.5 if example.label == pred.label else 0.2


def wordy(example: Any, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None) -> Any:
    return Score(float(example.label == pred.label), feedback=f"it is {example.label}")


def in_numbers(texts: list[str]) -> list[list[float]]:
    return [[float(len(text)), float(sum(map(ord, text)) % 97)] for text in texts]


def in_other_numbers(texts: list[str]) -> list[list[float]]:
    return [[float(sum(map(ord, text)) % 7), 1.0] for text in texts]


def unhelpful(candidate: Any, reflective_dataset: Any, components_to_update: Any) -> dict[str, str]:
    return {name: f"Do {name}." for name in components_to_update}


def unlike(example: Any, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None) -> Any:
    return Score(float(example.label == pred.label) / (1 if pred_name is None else 2), feedback="so it is")


def none_of_them(predictions: list[Any]) -> Any:
    return Prediction(label="none of them")


def never(example: Any, pred: Any, trace: Any = None) -> bool:
    return False


# --- what is seen ---------------------------------------------------------------------------------------


def seen(
    make: Callable[..., Any],
    settings: Mapping[str, Any],
    arguments: Mapping[str, Any],
    lm: Watched,
    others: Mapping[str, Watched],
    log: list[str],
    folder: Path,
) -> Any:
    """All that can be seen of a run."""
    log.clear()
    with context(lm=lm, num_threads=4):
        try:
            given = dict(arguments)
            program = make(**settings).compile(
                given.pop("student", None) or Predict("text -> label"), **given
            )
            answer = program(text="message 99")
            predictors = {name: one.dump_state() for name, one in program.named_predictors()}
            candidates = [
                (each.get("score"), sorted(each)) for each in getattr(program, "candidate_programs", ())
            ]
            details = getattr(program, "detailed_results", None)
            candidates.append((getattr(details, "best_outputs_valset", None) is None, []))
            result: Any = [predictors, candidates, sorted(vars(program)), str(answer)]
        except DspycError as error:
            result = f"{type(error).__name__}: {error}"
    requests = {
        name: sorted(
            json.dumps([dict(each.kwargs), [dict(one) for one in each.messages]], default=str)
            for each in one.requests
        )
        for name, one in {"task": lm, **others}.items()
    }
    written = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.json"))
    return [result, requests, lm.most, list(log), written]


FEW = {"max_bootstrapped_demos": 2, "max_labeled_demos": 2}
TAUGHT = {"trainset": TRAIN}
MEASURED = {"trainset": TRAIN, "valset": VAL}
TEACHER = LabeledFewShot(k=1).compile(Predict("text -> label: str"), trainset=rows(1, 400))
OTHER = rows(12, 200)
CHOSEN = {"metric": same_label, "auto": None, "num_candidates": 3, **FEW}
TRIED = {**MEASURED, "num_trials": 2, "minibatch": False}
EVOLVED = {"metric": wordy, "max_metric_calls": 30, "reflection_lm": Obedient()}
SOME = {"metric": same_label, **FEW}

Case = tuple[type[Any], dict[str, Any], dict[str, Any], dict[str, Any]]
"""An optimizer, what it is made with, what `compile` gets, and other values for each of all."""

CASES: dict[str, Case] = {
    "LabeledFewShot": (LabeledFewShot, {"k": 2}, TAUGHT, {"k": 3, "trainset": OTHER, "sample": False}),
    "BootstrapFewShot": (
        BootstrapFewShot, SOME, TAUGHT,
        {
            "metric": half, "metric_threshold": 2, "teacher_settings": {"top_p": 0.5},
            "max_bootstrapped_demos": 1, "max_labeled_demos": 4, "max_rounds": 2, "trainset": OTHER,
            "teacher": TEACHER,
        },
    ),
    "BootstrapFewShot that fails": (BootstrapFewShot, SOME, TAUGHT, {"max_errors": 1}),
    "BootstrapRS": (
        BootstrapRS, {**SOME, "num_candidate_programs": 2}, MEASURED,
        {
            "metric": half, "metric_threshold": 2, "teacher_settings": {"top_p": 0.5},
            "max_bootstrapped_demos": 1, "max_labeled_demos": 4, "max_rounds": 2, "trainset": OTHER,
            "teacher": TEACHER, "valset": OTHER, "num_candidate_programs": 1, "stop_at_score": 0,
            "restrict": [-3], "labeled_sample": False,
        },
    ),
    "BootstrapRS that fails": (
        BootstrapRS, {**SOME, "num_candidate_programs": 0}, MEASURED, {"max_errors": 1}
    ),
    "BootstrapRS at once": (
        BootstrapRS, {**SOME, "num_candidate_programs": 0}, MEASURED, {"num_threads": 1}
    ),
    "BootstrapFewShotWithOptuna": (
        BootstrapFewShotWithOptuna, {**SOME, "max_labeled_demos": 8, "num_candidate_programs": 3}, MEASURED,
        {
            "metric": half, "teacher_settings": {"top_p": 0.5}, "max_bootstrapped_demos": 1,
            "max_labeled_demos": 6, "max_rounds": 2, "trainset": OTHER, "teacher": TEACHER, "valset": OTHER,
            "num_candidate_programs": 2, "seed": 5, "max_demos": 1,
        },
    ),
    "BootstrapFewShotWithOptuna at once": (
        BootstrapFewShotWithOptuna, {**SOME, "num_candidate_programs": 2}, MEASURED, {"num_threads": 1}
    ),
    "KNNFewShot": (
        KNNFewShot, {"k": 6, "trainset": TRAIN, "vectorizer": Embedder(in_numbers), **SOME}, {},
        {
            "k": 4, "trainset": OTHER, "vectorizer": Embedder(in_other_numbers), "metric": never,
            "metric_threshold": 2, "teacher_settings": {"top_p": 0.5}, "max_bootstrapped_demos": 1,
            "max_labeled_demos": 3, "teacher": TEACHER,
        },
    ),
    "KNNFewShot on bad runs": (
        KNNFewShot, {"k": 6, "trainset": TRAIN, "vectorizer": Embedder(in_numbers), "metric": never}, {},
        {"max_rounds": 2},
    ),
    "KNNFewShot that fails": (
        KNNFewShot, {"k": 12, "trainset": TRAIN, "vectorizer": Embedder(in_numbers), "metric": never}, {},
        {"max_errors": 1},
    ),
    "MIPROv2": (
        MIPROv2, {**CHOSEN, "prompt_model": Watched()}, TRIED,
        {
            "metric": half, "prompt_model": Watched(pool=["Be brief."]), "task_model": Watched(top_p=0.5),
            "teacher_settings": {"top_p": 0.5}, "max_bootstrapped_demos": 1, "max_labeled_demos": 1,
            "auto": "light", "num_candidates": 4, "seed": 3, "init_temperature": 0.5, "verbose": True,
            "track_stats": False, "log_dir": "logs", "metric_threshold": 2,
            "trainset": OTHER, "teacher": TEACHER, "valset": OTHER, "num_trials": 1,
            "program_aware_proposer": False, "data_aware_proposer": False, "view_data_batch_size": 5,
            "tip_aware_proposer": False, "fewshot_aware_proposer": False, "requires_permission_to_run": True,
        },
    ),
    "MIPROv2 on minibatches": (
        MIPROv2, CHOSEN, {**MEASURED, "num_trials": 4, "minibatch_size": 4},
        {"minibatch": False, "minibatch_size": 3, "minibatch_full_eval_steps": 2},
    ),
    "MIPROv2 that fails": (
        MIPROv2, CHOSEN, {**TRIED, "valset": TRAIN}, {"max_errors": 1, "provide_traceback": True}
    ),
    "MIPROv2 at once": (MIPROv2, CHOSEN, TRIED, {"num_threads": 1}),
    "InferRules": (
        InferRules, {**SOME, "num_candidates": 1}, MEASURED,
        {
            "num_candidates": 2, "num_rules": 3, "teacher_settings": {"top_p": 0.5}, "metric": half,
            "metric_threshold": 2, "max_bootstrapped_demos": 1, "max_labeled_demos": 4, "max_rounds": 2,
            "seed": 4, "trainset": OTHER, "teacher": TEACHER, "valset": OTHER,
        },
    ),
    "InferRules that fails": (InferRules, {**SOME, "num_candidates": 1}, MEASURED, {"max_errors": 1}),
    "InferRules at once": (InferRules, {**SOME, "num_candidates": 1}, MEASURED, {"num_threads": 1}),
    "COPRO": (
        COPRO, {"metric": same_label, "breadth": 2, "depth": 2}, TAUGHT,
        {
            "prompt_model": Watched(pool=["Be brief."]), "metric": half, "breadth": 3, "depth": 1,
            "init_temperature": 0.5, "track_stats": True, "trainset": OTHER,
        },
    ),
    "COPRO at once": (
        COPRO, {"metric": same_label, "breadth": 2, "depth": 1}, TAUGHT, {"eval_kwargs": {"num_threads": 1}}
    ),
    "SIMBA": (
        SIMBA, {"metric": wordy, "bsize": 6, "num_candidates": 3, "max_steps": 3}, TAUGHT,
        {
            "metric": half, "bsize": 4, "num_candidates": 2, "max_steps": 1, "max_demos": 0,
            "prompt_model": Watched(pool=["Be brief."]), "teacher_settings": {"top_p": 0.5},
            "demo_input_field_maxlen": 3, "temperature_for_sampling": 50, "temperature_for_candidates": 50,
            "trainset": OTHER, "seed": 7,
        },
    ),
    "SIMBA at once": (
        SIMBA, {"metric": wordy, "bsize": 6, "num_candidates": 3, "max_steps": 1}, TAUGHT, {"num_threads": 1}
    ),
    "GEPA": (
        GEPA, EVOLVED, MEASURED,
        {
            "metric": half, "auto": "light", "max_full_evals": 2, "max_metric_calls": 50,
            "reflection_minibatch_size": 2, "candidate_selection_strategy": "current_best",
            "reflection_lm": Obedient(pool=["Be brief."]), "instruction_proposer": unhelpful,
            "perfect_score": 0.0, "log_dir": "logs", "track_stats": True, "seed": 4, "proposals_at_once": 1,
            "trainset": OTHER, "teacher": TEACHER, "valset": OTHER, "track_best_outputs": True,
        },
    ),
    "GEPA on perfect runs": (
        GEPA, {**EVOLVED, "perfect_score": 0.0}, MEASURED, {"skip_perfect_score": False}
    ),
    "GEPA that fails": (GEPA, EVOLVED, {**MEASURED, "valset": TRAIN}, {"failure_score": -1.0}),
    "GEPA with another score": (
        GEPA, {**EVOLVED, "metric": unlike}, MEASURED, {"warn_on_score_mismatch": False}
    ),
    "GEPA at once": (GEPA, EVOLVED, MEASURED, {"num_threads": 1}),
    "BetterTogether": (
        BetterTogether, {"metric": same_label, "p": BootstrapFewShot(**SOME), "q": LabeledFewShot(k=3)},
        {**MEASURED, "strategy": "p -> q"},
        {
            "metric": half, "p": BootstrapFewShot(metric=half), "trainset": OTHER, "teacher": TEACHER,
            "valset": OTHER, "strategy": "q -> p", "seed": 3, "shuffle_trainset_between_steps": False,
            "optimizer_compile_args": {"q": {"sample": False}},
        },
    ),
    "BetterTogether that splits": (
        BetterTogether, {"metric": same_label, "p": BootstrapFewShot(**SOME)},
        {"trainset": TRAIN, "strategy": "p"}, {"valset_ratio": 0.5},
    ),
    "BetterTogether that fails": (
        BetterTogether, {"metric": same_label, "p": BootstrapFewShot(**SOME)},
        {"trainset": TRAIN, "valset": TRAIN, "strategy": "p"}, {"max_errors": 1, "provide_traceback": True},
    ),
    "BetterTogether at once": (
        BetterTogether, {"metric": same_label, "p": BootstrapFewShot(**SOME)},
        {**MEASURED, "strategy": "p"}, {"num_threads": 1},
    ),
    "Ensemble": (
        Ensemble, {"size": 2, "reduce_fn": majority},
        {"student": [Predict("text -> label", temperature=one / 10) for one in range(6)]},
        {"reduce_fn": none_of_them, "size": 3, "programs": [Predict("text -> label", top_p=0.1)]},
    ),
}  # fmt: skip

ELSEWHERE = {
    # These need programs and answers of their own: test_gepa.py and test_ensemble.py.
    "GEPA": {"add_format_failure_as_feedback", "component_selector", "use_merge", "max_merge_invocations"},
    "Ensemble": {"deterministic"},
}  # fmt: skip


CHANGES = [(name, parameter, value) for name, case in CASES.items() for parameter, value in case[3].items()]


@pytest.mark.parametrize(("name", "parameter", "value"), CHANGES, ids=[f"{a}: {b}" for a, b, _ in CHANGES])
def test_it_changes_something(
    name: str, parameter: str, value: Any, caplog: pytest.LogCaptureFixture, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    make, settings, arguments, _ = CASES[name]
    log: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: log.append(f"{record.getMessage()}{bool(record.exc_info)}")  # type: ignore[method-assign]
    logger = logging.getLogger("dspyc")
    monkeypatch.setattr(logger, "handlers", [handler])
    caplog.set_level(logging.INFO, logger="dspyc")
    of_optimizer = {one.name for one in parameters_of(make)} | {"p", "q"}

    def run(changed: dict[str, Any]) -> Any:
        own = {
            key: one for key, one in changed.items() if key in of_optimizer and key not in _of_compile(make)
        }
        given = {key: one for key, one in changed.items() if key not in own}
        if "programs" in given:
            given["student"] = given.pop("programs")
        made, called = {**settings, **own}, {**arguments, **given}
        if parameter in ("auto", "max_full_evals") and changed and make is GEPA:
            made.pop("max_metric_calls")
        if parameter == "auto" and changed and make is MIPROv2:
            made.pop("num_candidates")
            called.pop("num_trials")
        if parameter == "track_best_outputs":
            made["track_stats"] = True
        lm = Watched(fails="fails" in name, seconds=0.002 if "at once" in name else 0)
        others: dict[str, Watched] = {}
        for key in ("prompt_model", "task_model", "reflection_lm"):
            if isinstance(made.get(key), Obedient):
                made[key] = others[key] = type(made[key])(pool=made[key].pool, **made[key].kwargs)
        return seen(make, made, called, lm, others, log, tmp_path)

    before = run({})
    after = run({parameter: value})
    if "at once" in name:
        assert before[2] > after[2] >= 1
    else:
        before[2] = after[2] = 0
        assert before != after


@pytest.mark.parametrize("name", [name for name in CASES if " " not in name])
def test_every_parameter_is_among_them(name: str) -> None:
    make = CASES[name][0]
    changed = {key for one in CASES.values() if one[0] is make for key in one[3]}
    declared = {one.name for one in parameters_of(make)} | _of_compile(make)
    assert declared - changed - ELSEWHERE.get(name, set()) == set()


def _of_compile(make: Any) -> set[str]:
    return set(inspect.signature(make.compile).parameters) - {"self", "student"}
