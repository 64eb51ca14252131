"""`teacher_settings`: what each optimizer that takes them does with every kind of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from dspyc.runtime import (
    SIMBA,
    BetterTogether,
    BootstrapFewShot,
    BootstrapFewShotWithOptuna,
    BootstrapRS,
    ConfigurationError,
    Embedder,
    InferRules,
    JSONAdapter,
    KNNFewShot,
    LabeledFewShot,
    MIPROv2,
    Module,
    OptimizerError,
    Predict,
    context,
)
from dspyc.runtime.optimizers.base import Optimizer
from dspyc.runtime.parameters import parameters
from support.obedient import Obedient, rows, same_label

TRAIN, VAL = rows(8), rows(4, 50)
SMALL = {"max_bootstrapped_demos": 1, "max_labeled_demos": 0}


def in_numbers(texts: list[str]) -> list[list[float]]:
    return [[float(len(text)), float(sum(map(ord, text)) % 97)] for text in texts]


def near(**options: Any) -> KNNFewShot:
    return KNNFewShot(k=3, trainset=TRAIN, vectorizer=Embedder(in_numbers), **options)


OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "BootstrapFewShot": lambda **more: BootstrapFewShot(metric=same_label, **SMALL, **more),
    "BootstrapRS": lambda **more: BootstrapRS(metric=same_label, num_candidate_programs=1, **SMALL, **more),
    "BootstrapFewShotWithOptuna": lambda **more: BootstrapFewShotWithOptuna(
        metric=same_label, num_candidate_programs=2, **{**SMALL, "max_labeled_demos": 2}, **more
    ),
    "KNNFewShot": lambda **more: near(metric=same_label, **SMALL, **more),
    "MIPROv2": lambda **more: MIPROv2(
        metric=same_label, auto=None, num_candidates=3, **{**SMALL, "max_labeled_demos": 1}, **more
    ),
    "InferRules": lambda **more: InferRules(metric=same_label, num_candidates=1, **SMALL, **more),
    "SIMBA": lambda **more: SIMBA(metric=same_label, num_candidates=2, max_steps=1, bsize=4, **more),
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "KNNFewShot": {},
    "MIPROv2": {"trainset": TRAIN, "valset": VAL, "num_trials": 1, "minibatch": False},
    "SIMBA": {"trainset": TRAIN},
}
BY_NAME = pytest.mark.parametrize("name", OPTIMIZERS)


def asked(name: str, settings: dict[str, Any] | None, student: Any = None) -> tuple[Obedient, Any]:
    """The configured model after a run, and the program."""
    lm = Obedient()
    arguments = ARGUMENTS.get(name, {"trainset": TRAIN, "valset": VAL})
    if name == "BootstrapFewShot":
        arguments = {"trainset": TRAIN}
    with context(lm=lm, num_threads=2):
        optimizer = OPTIMIZERS[name](teacher_settings=settings)
        program = optimizer.compile(student or Predict("text -> label"), **arguments)
        if name == "KNNFewShot":
            program(text="message 99")
    return lm, program


@BY_NAME
def test_settings_of_requests_go_with_the_teachers_requests_and_no_others(name: str) -> None:
    lm, program = asked(name, {"temperature": 0.37, "max_tokens": 77})
    taught = [each for each in lm.requests if each.kwargs.get("temperature") == 0.37]
    assert taught
    assert all(each.kwargs.get("max_tokens") == 77 for each in taught)
    assert len(taught) < len(lm.requests) or name == "BootstrapFewShot"
    # The program that comes out does not keep the teacher's settings.
    assert all("temperature" not in one.config for one in program.predictors())


@BY_NAME
def test_a_model_of_the_teachers_own_is_asked(name: str) -> None:
    strong = Obedient()
    asked(name, {"lm": strong, "temperature": 0.37})
    assert strong.requests
    assert {each.kwargs.get("temperature") for each in strong.requests} == {0.37}


@BY_NAME
def test_settings_of_runs_hold_while_the_teacher_runs_and_not_longer(name: str) -> None:
    lm, _ = asked(name, {"adapter": JSONAdapter()})
    ways = {"JSON object" in str(each.messages[0]["content"]) for each in lm.requests}
    assert ways == ({True} if name == "BootstrapFewShot" else {True, False})


@BY_NAME
def test_a_misspelt_setting_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="unknown setting `temprature`; did you mean `temperature`"):
        OPTIMIZERS[name](teacher_settings={"temprature": 1})


def test_a_setting_of_the_programs_own_is_none_of_ours() -> None:
    asked("BootstrapFewShot", {"house_style": "short"})


def test_a_threshold_without_a_metric_is_refused() -> None:
    for make in (lambda **more: BootstrapFewShot(**more), near):
        with pytest.raises(ConfigurationError, match="`metric_threshold` needs a `metric`"):
            make(metric_threshold=0.5)


def test_a_threshold_of_an_optimizer_that_scores_in_another_way_is_its_own_matter() -> None:
    @parameters
    class Ranked(Optimizer):
        metric_threshold: float = 0.5

    assert Ranked(metric_threshold=0.7).metric_threshold == 0.7


# --- said where it changes nothing ----------------------------------------------------------------------


@pytest.mark.parametrize("name", [each for each in OPTIMIZERS if each != "SIMBA"])
def test_a_model_that_is_not_used_is_told_of_once(name: str, caplog: pytest.LogCaptureFixture) -> None:
    strong, own = Obedient(), Obedient()
    with caplog.at_level(logging.WARNING, logger="dspyc"):
        asked(name, {"lm": strong}, student=Predict("text -> label", lm=own))
    told = [each.getMessage() for each in caplog.records if "teacher_settings" in each.getMessage()]
    assert len(told) == 1
    assert "not used by predictors with a model of their own, which `self` has" in told[0]


def test_a_student_without_a_hash_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    @dataclass
    class Labels(Module):
        tries: int = 1

        def __post_init__(self) -> None:
            self.label = Predict("text -> label", lm=Obedient())

        def forward(self, text: str) -> Any:
            return self.label(text=text)

    with caplog.at_level(logging.WARNING, logger="dspyc"):
        asked("BootstrapRS", {"lm": Obedient()}, student=Labels())
    assert len([each for each in caplog.messages if "teacher_settings" in each]) == 1


def test_where_it_is_used_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="dspyc"):
        asked("BootstrapRS", {"lm": Obedient()})
    assert not [each for each in caplog.records if "teacher_settings" in each.getMessage()]


def test_labels_have_no_teacher_that_settings_could_hold_for(caplog: pytest.LogCaptureFixture) -> None:
    optimizer = BootstrapRS(metric=same_label, num_candidate_programs=2, teacher_settings={"temperature": 1})
    with caplog.at_level(logging.WARNING, logger="dspyc"), context(lm=Obedient()):
        optimizer.compile(Predict("text -> label"), trainset=TRAIN, valset=VAL, teacher="labels")
    told = [each.getMessage() for each in caplog.records if "teacher_settings" in each.getMessage()]
    assert told == ['`teacher_settings` has no effect with `teacher="labels"`: no teacher runs']


def test_rules_are_written_with_them_where_labels_teach(caplog: pytest.LogCaptureFixture) -> None:
    strong = Obedient()
    optimizer = OPTIMIZERS["InferRules"](teacher_settings={"lm": strong})
    with caplog.at_level(logging.WARNING, logger="dspyc"), context(lm=Obedient()):
        optimizer.compile(Predict("text -> label"), trainset=TRAIN, valset=VAL, teacher="labels")
    assert strong.requests
    assert caplog.messages == []


# --- arguments that were overridden ---------------------------------------------------------------------


@pytest.mark.parametrize(("minibatch", "expected"), [(True, True), (False, False)])
def test_minibatches_are_not_measured_where_they_are_not_wanted(minibatch: bool, expected: bool) -> None:
    optimizer = MIPROv2(metric=same_label, auto="light", max_bootstrapped_demos=0, max_labeled_demos=0)
    with context(lm=Obedient()):
        program: Any = optimizer.compile(
            Predict("text -> label"), trainset=TRAIN, valset=rows(60, 100), minibatch=minibatch
        )
    assert any("mb_score" in log for log in program.trial_logs.values()) == expected


def test_nobody_is_asked_for_permission() -> None:
    optimizer = MIPROv2(metric=same_label)
    for look in (optimizer.verify, optimizer.compile):
        with pytest.raises(OptimizerError, match="asks nobody before it runs") as error:
            look(Predict("text -> label"), trainset=TRAIN, valset=VAL, requires_permission_to_run=True)
        assert isinstance(error.value, ValueError)


def test_a_teacher_that_no_step_takes_is_refused() -> None:
    both = BetterTogether(metric=same_label, a=LabeledFewShot(k=1), b=LabeledFewShot(k=2))
    teacher = Predict("text -> label")
    with pytest.raises(OptimizerError, match="`teacher` would have no effect: none of `a` and `b` takes one"):
        both.verify(Predict("text -> label"), trainset=TRAIN, teacher=teacher, strategy="a -> b")
