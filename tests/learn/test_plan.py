"""What a run will take, said beforehand, against what it takes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from dspyc.cli import plans
from dspyc.runtime import (
    COPRO,
    GEPA,
    LM,
    SIMBA,
    BetterTogether,
    BootstrapFewShot,
    BootstrapFewShotWithOptuna,
    BootstrapFinetune,
    BootstrapRS,
    Embedder,
    Ensemble,
    Evaluate,
    Example,
    InferRules,
    KNNFewShot,
    LabeledFewShot,
    MIPROv2,
    Module,
    OptimizerError,
    Predict,
    Program,
    context,
)
from dspyc.runtime.optimizers.base import Optimizer
from dspyc.runtime.optimizers.plan import Span
from support.obedient import Obedient, rows, same_label

TRAIN, VAL = rows(24), rows(20, 100)


def sizes(texts: list[str]) -> list[list[float]]:
    return [[float(len(text)), float(sum(map(ord, text)) % 97)] for text in texts]


LATER: dict[str, Any] = {
    "search": lambda lm: BootstrapRS(metric=same_label, num_candidate_programs=2, max_bootstrapped_demos=1),
    "optuna": lambda lm: BootstrapFewShotWithOptuna(metric=same_label, num_candidate_programs=2),
    "rules": lambda lm: InferRules(
        metric=same_label, num_candidates=2, max_bootstrapped_demos=1, teacher_settings={"lm": lm}
    ),
}
"""Optimizers that try one more program where something was learned before."""
OPTIMIZERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "labeled": (lambda lm: LabeledFewShot(k=3), {"trainset": TRAIN}),
    "bootstrap": (
        lambda lm: BootstrapFewShot(metric=same_label, max_bootstrapped_demos=3),
        {"trainset": TRAIN},
    ),
    "labels": (
        lambda lm: BootstrapFewShot(metric=same_label, max_bootstrapped_demos=3),
        {"trainset": TRAIN, "teacher": "labels"},
    ),
    "search": (
        lambda lm: BootstrapRS(metric=same_label, num_candidate_programs=3, max_rounds=2),
        {"trainset": TRAIN, "valset": VAL},
    ),
    "copro": (lambda lm: COPRO(metric=same_label, breadth=4, depth=2, prompt_model=lm), {"trainset": TRAIN}),
    "mipro": (lambda lm: MIPROv2(metric=same_label, prompt_model=lm), {"trainset": TRAIN, "valset": VAL}),
    "instructions": (
        lambda lm: MIPROv2(
            metric=same_label,
            prompt_model=lm,
            auto=None,
            num_candidates=3,
            max_bootstrapped_demos=0,
            max_labeled_demos=0,
        ),
        {"trainset": TRAIN, "valset": VAL, "num_trials": 5, "minibatch_size": 7},
    ),
    "gepa": (
        lambda lm: GEPA(metric=same_label, max_metric_calls=120, reflection_lm=lm),
        {"trainset": TRAIN, "valset": VAL},
    ),
    "optuna": (
        lambda lm: BootstrapFewShotWithOptuna(metric=same_label, num_candidate_programs=3),
        {"trainset": TRAIN, "valset": VAL},
    ),
    "simba": (
        lambda lm: SIMBA(metric=same_label, bsize=8, num_candidates=3, max_steps=2, prompt_model=lm),
        {"trainset": TRAIN},
    ),
    "rules": (
        lambda lm: InferRules(metric=same_label, num_candidates=3, teacher_settings={"lm": lm}),
        {"trainset": TRAIN, "valset": VAL},
    ),
    "nearest": (
        lambda lm: KNNFewShot(
            3, TRAIN, Embedder(sizes), metric=same_label, max_bootstrapped_demos=2, max_labeled_demos=1
        ),
        {},
    ),
    "nearest labels": (lambda lm: KNNFewShot(3, TRAIN, Embedder(sizes)), {"teacher": "labels"}),
    "together": (
        lambda lm: BetterTogether(
            metric=same_label,
            few=BootstrapFewShot(metric=same_label, max_bootstrapped_demos=2),
            words=COPRO(metric=same_label, breadth=3, depth=1, prompt_model=lm),
        ),
        {"trainset": TRAIN, "valset": VAL, "strategy": "few -> words"},
    ),
    "nearest, measured": (
        lambda lm: BetterTogether(
            metric=same_label,
            near=KNNFewShot(3, TRAIN, Embedder(sizes), metric=same_label, max_bootstrapped_demos=2),
        ),
        {"trainset": TRAIN, "valset": rows(30, 300), "strategy": "near"},
    ),
    **{
        f"few, then {name}": (
            lambda lm, make=make: BetterTogether(metric=same_label, few=LabeledFewShot(k=2), s=make(lm)),
            {"trainset": TRAIN, "valset": VAL, "strategy": "few -> s"},
        )
        for name, make in LATER.items()
    },
}


def made(optimizer: Optimizer, folder: Path, **arguments: Any) -> tuple[Program, Evaluate]:
    program = Program(optimizer, Predict("text -> label"), name="p", source=folder / "f.dspy", **arguments)
    return program, Evaluate(program, devset=VAL, metric=same_label)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_what_is_planned_holds(kind: str, tmp_path: Path) -> None:
    task, writer = Obedient(), Obedient()
    writer.model = "test/writer"
    make, arguments = OPTIMIZERS[kind]
    program, evaluation = made(make(writer), tmp_path, **arguments)
    # Without retries, what is planned at most has no room for runs that were forgotten.
    with context(lm=task, max_retries=0):
        plan = program.plan(evaluation)
        assert task.asked == writer.asked == []
        program.optimize(evaluation=evaluation)
    for model in (task, writer):
        lines = [line for line in plan.lines if line.model == model.model]
        least = sum(line.calls.least for line in lines)
        most = sum(line.calls.most or 0 for line in lines)
        assert least <= len(model.asked) <= most, (kind, model.model, plan.lines)
        characters = sum(len(str(message["content"])) for one in model.requests for message in one.messages)
        fewest, highest = (
            sum(each.tokens.least for each in lines),
            sum(each.tokens.most or 0 for each in lines),
        )
        assert fewest * 0.9 <= characters / 4 <= highest, (kind, model.model, plan.lines)
    assert plan.is_complete


def test_what_is_made_for_each_call_costs_nothing_where_nothing_is_measured(tmp_path: Path) -> None:
    make, arguments = OPTIMIZERS["nearest"]
    program, evaluation = made(make(None), tmp_path, **arguments)
    with context(lm=Obedient(), max_retries=0):
        assert program.plan().calls == Span(0, 0)
        assert program.plan().is_complete
        (before, teacher) = program.plan(evaluation).lines
    assert before.calls == Span(2 * len(VAL), 2 * len(VAL))
    assert (teacher.role, teacher.calls) == ("teacher", Span(len(VAL), 3 * len(VAL)))


@pytest.mark.parametrize(
    ("strategy", "most"), [("near", 3 * 30), ("few -> near", 3 * 30), ("near -> few", None)]
)
def test_what_calls_ask_is_planned_for_the_rows_of_the_run(
    strategy: str, most: int | None, tmp_path: Path
) -> None:
    near = KNNFewShot(3, TRAIN, Embedder(sizes), metric=same_label)
    both = BetterTogether(metric=same_label, near=near, few=LabeledFewShot(k=2))
    program, _ = made(both, tmp_path, trainset=TRAIN, valset=rows(30, 300), strategy=strategy)
    with context(lm=Obedient(), max_retries=0):
        lines = [line for line in program.plan().lines if line.role == "teacher"]
    assert [line.calls for line in lines] == [Span(0, most)]


@pytest.mark.parametrize("name", LATER)
def test_a_later_step_is_planned_for_a_program_that_has_learned(name: str) -> None:
    few, search, student = LabeledFewShot(k=2), LATER[name](named("writer")), Predict("text -> label")
    data = {"trainset": TRAIN, "valset": VAL}
    with context(lm=Obedient()):
        both = BetterTogether(metric=same_label, few=few, s=search)
        planned = both.plan(student, **data, strategy="few -> s")
        assert planned is not None
        program: Any = search.compile(few.compile(student, trainset=TRAIN), **data)
    assert all(one.program in (student, None) for one in planned)
    measured = planned[-2]
    assert measured.role == "program"
    assert measured.count.most == len(program.candidate_programs) * len(VAL)


def test_prices_are_counted_where_they_are_known(tmp_path: Path) -> None:
    lm = Obedient(input_cost_per_token=0.001, output_cost_per_token=0.01, max_tokens=100)
    program, evaluation = made(LabeledFewShot(k=3), tmp_path, trainset=TRAIN)
    with context(lm=lm):
        plan = program.plan(evaluation)
    (line,) = plan.lines
    assert line.dollars is not None
    assert line.dollars.most is not None
    assert 0 < line.dollars.least < line.dollars.most
    # 40 rows, each with up to two more tries, and each answer of at most 100 tokens.
    assert line.calls.most == 120
    assert line.dollars.most > 120 * 100 * 0.01
    with context(lm=Obedient()):
        assert program.plan(evaluation).dollars is None


class Two(Module):
    """Two steps, each with a model of its own, if there are two."""

    def __init__(self, *models: Any) -> None:
        self.topic = Predict("text -> topic", lm=models[0] if models else None)
        self.label = Predict("text, topic -> label", lm=models[-1] if models else None)

    def forward(self, text: str) -> Any:
        return self.label(text=text, topic=self.topic(text=text).topic)


class Judge(Module):
    """A metric that asks a model."""

    def forward(self, example: Any, pred: Any) -> float:
        return 1.0


def named(name: str, **settings: Any) -> Obedient:
    lm = Obedient(**settings)
    lm.model = f"test/{name}"
    return lm


def lines_of(optimizer: Any, student: Any, **arguments: Any) -> dict[str, Any]:
    program = Program(optimizer, student, name="p", source=Path("f.dspy"), **{"trainset": TRAIN, **arguments})
    with context(lm=named("task")):
        return {f"{line.role} {line.model}": line for line in program.plan(per_run=Span(1, 6)).lines}


def test_what_is_asked_at_most_is_a_bound() -> None:
    strong, writer = named("strong"), named("writer", max_tokens=100)
    student = Predict("text -> label")
    settings = {"lm": strong}
    for make in (BootstrapFewShot, BootstrapRS):
        optimizer = make(metric=same_label, teacher_settings=settings)
        assert lines_of(optimizer, student)["teacher test/strong"].calls.most > 0
    few = BootstrapFewShot(metric=same_label, teacher_settings=settings)
    assert set(lines_of(few, Predict("text -> label", lm=named("own")))) == {"teacher test/own"}
    copro = COPRO(metric=same_label, breadth=7, depth=1, prompt_model=writer)
    line = lines_of(copro, student)["prompt model test/writer"]
    assert line.tokens.most > line.calls.most * 7 * 100
    gepa = GEPA(metric=same_label, max_metric_calls=100, reflection_lm=writer, reflection_minibatch_size=50)
    line = lines_of(gepa, student, trainset=TRAIN[:2], valset=VAL)["reflection model test/writer"]
    assert line.calls.most >= (100 - len(VAL)) / 2


def test_any_of_several_models_may_get_all_calls() -> None:
    few = BootstrapFewShot(metric=same_label)
    lines = lines_of(few, Two(named("one"), named("two")))
    assert {(line.calls.least, line.calls.most) for line in lines.values()} == {(0, 6 * len(TRAIN))}
    assert len(lines) == 2
    (line,) = lines_of(few, Two()).values()
    assert line.calls == Span(1, 6 * len(TRAIN))


def test_a_metric_that_is_a_program_is_not_counted(tmp_path: Path) -> None:
    program, evaluation = made(BootstrapFewShot(metric=Judge()), tmp_path, trainset=TRAIN)
    evaluation.metric = Judge()
    with context(lm=Obedient()):
        plan = program.plan(evaluation)
    assert plan.metrics == ("Judge",)
    assert plan.has_optimizer
    assert not plan.is_complete


def test_an_optimizer_that_cannot_say(tmp_path: Path) -> None:
    class Own(Optimizer):
        def compile(self, student: Any, **arguments: Any) -> Any:
            return student

    program, evaluation = made(Own(), tmp_path, trainset=TRAIN)
    with context(lm=Obedient()):
        plan = program.plan(evaluation)
    assert not plan.is_complete
    assert [line.role for line in plan.lines] == ["evaluation"]


def test_a_training_asks_its_teachers_once_for_each_row_and_labels_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    student = Predict("text -> label", lm=LM("embedded/base"))
    strong = Predict("text -> label", lm=named("strong"))
    tune = BootstrapFinetune(train_kwargs={"steps": 5})
    lines = lines_of(tune, student, teacher=[strong, student])
    assert lines["teacher test/strong"].calls.least == len(TRAIN)
    assert lines["teacher embedded/base"].calls == Span(len(TRAIN), 6 * len(TRAIN))
    assert lines_of(tune, student, teacher="labels") == {}


@pytest.mark.parametrize(
    "optimizer",
    [
        MIPROv2(metric=same_label),
        BootstrapFewShotWithOptuna(metric=same_label),
        BootstrapFinetune(train_kwargs={"steps": 5}),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_plan_needs_no_package_that_only_the_run_needs(
    optimizer: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("optuna", "torch"):
        monkeypatch.setitem(sys.modules, name, None)
    student = Predict("text -> label", lm=LM("embedded/base"))
    assert lines_of(optimizer, student, trainset=[*TRAIN, *VAL])
    # What will be missing is said, and the run itself refuses.
    [message] = caplog.messages
    assert "pip install" in message
    with pytest.raises(OptimizerError, match="pip install"), context(lm=named("task")):
        optimizer.verify(student, trainset=[*TRAIN, *VAL])


def test_no_prompt_is_longer_than_the_window_of_its_model() -> None:
    lm = LM("openai/gpt-4o-mini", api_key="k")
    few = BootstrapFewShot(metric=same_label)
    [line] = lines_of(few, Two(lm), trainset=[Example(text=None, label="red").with_inputs("text")]).values()
    assert line.calls.most == 6
    assert line.tokens.most is not None
    assert line.dollars is not None
    assert line.dollars.most is not None


@pytest.mark.parametrize(
    ("optimizer", "student", "arguments"),
    [
        (LabeledFewShot(k=2), Predict("text -> label"), {"trainset": TRAIN}),
        (
            BootstrapFewShot(metric=same_label),
            Predict("text -> label"),
            {"trainset": TRAIN, "teacher": "labels"},
        ),
        (Ensemble(), [Predict("text -> label")] * 2, {}),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_asks_no_model_says_so(
    optimizer: Any, student: Any, arguments: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program(optimizer, student, name="p", source=Path("f.dspy"), **arguments)
    with context(lm=Obedient()):
        plans.show("p", type(optimizer).__name__, program.plan())
    assert capsys.readouterr().out == "`p` asks no model to be optimized.\n"


def test_a_role_of_a_model_is_one_line() -> None:
    few = LabeledFewShot(k=2)
    search = BootstrapRS(metric=same_label, num_candidate_programs=2, max_bootstrapped_demos=0)
    both = BetterTogether(metric=same_label, few=few, s=search)
    data = {"trainset": TRAIN, "valset": VAL}
    own = lines_of(search, Predict("text -> label"), **data)["program test/task"]
    planned = both.plan(Predict("text -> label"), **data, strategy="few -> s")
    assert planned is not None
    assert [one.role for one in planned if one.count.most] == ["program", "program"]
    (line,) = lines_of(both, Predict("text -> label"), **data, strategy="few -> s").values()
    assert line.calls.most > own.calls.most
    assert line.tokens.most > own.tokens.most
