"""`BootstrapFinetune`, on models that learn conversations by heart."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Literal

import pytest

from dspyc.runtime import (
    LM,
    Adapter,
    BootstrapFinetune,
    ChainOfThoughtWithHint,
    ChatAdapter,
    DummyLM,
    Evaluate,
    Example,
    LabeledFewShot,
    Module,
    OptimizerError,
    Predict,
    Prediction,
    Program,
    Score,
    Signature,
    bootstrap_trace_data,
    context,
)
from dspyc.runtime.execution.progress import Progress, reporting_to
from dspyc.runtime.lm.transports.embedded import SHIPPED
from dspyc.runtime.optimizers.training_jobs import finds_again
from dspyc.runtime.work.budget import Budget
from support import banking
from support.banking import INTENTS, same_label
from support.neighbour import Neighbour, sections

TRAIN, DEV = list(banking.TRAIN), list(banking.DEV)


def knowing() -> Neighbour:
    """A model that has seen all training messages."""
    return Neighbour(known=[({"text": row.text}, {"label": row.label, "topic": row.label}) for row in TRAIN])


class Two(Module):
    """Two steps; the second runs twice where the first says so."""

    def __init__(self) -> None:
        self.topic = Predict("text -> topic")
        self.label = Predict("text, topic -> label")

    def forward(self, text: str) -> Prediction:
        topic = self.topic(text=text).topic
        label = self.label(text=text, topic=topic).label
        if "PIN" in text:
            label = self.label(text=text, topic="again").label
        return Prediction(label=label)


def test_a_weak_model_learns_from_a_strong_one() -> None:
    weak, strong = Neighbour({"label": "change_pin"}), knowing()
    student, teacher = Predict("text -> label", lm=weak), Predict("text -> label", lm=strong)
    evaluate = Evaluate(devset=DEV, metric=same_label)
    before = evaluate(student).score
    program = BootstrapFinetune(metric=same_label, train_kwargs={"epochs": 2}).compile(
        student, trainset=TRAIN, teacher=teacher
    )
    assert evaluate(program).score > before + 30
    trained = program.predictors()[0].lm
    assert trained is not None
    assert trained.model == "test/neighbour-trained-1"
    assert program._compiled
    assert student.lm is weak
    [(data, data_format, settings)] = weak.trained
    assert (len(data), data_format, settings) == (len(TRAIN), "chat", {"epochs": 2})
    assert weak.killed == 1
    assert strong.trained == []


@pytest.mark.parametrize("name", ["output", "output_dir"])
def test_two_models_are_not_written_to_one_file(name: str) -> None:
    lm = Neighbour()
    student = Two()
    student.set_lm(lm)
    tune = BootstrapFinetune(multitask=False, train_kwargs={name: "./mine.gguf"}, num_threads=2)
    with pytest.raises(OptimizerError, match=r"of `topic` and of `label` would both be written to `./mine"):
        tune.compile(student, trainset=TRAIN)
    assert (lm.asked, lm.trained) == ([], []), "nothing is spent"
    BootstrapFinetune(multitask=False, train_kwargs={name: "mine"}, num_threads=2).compile(
        student, trainset=TRAIN[:2]
    )
    assert len(lm.trained) == 2


@pytest.mark.parametrize(
    ("lm", "found"),
    [
        (LM("openai/gpt-4o-mini"), True),
        (LM("openai/local:folder"), True),
        (LM("databricks/base"), True),
        (LM("gguf/model.gguf"), True),
        (LM("anthropic/claude"), False),
        (Neighbour(), False),
    ],
)
def test_only_providers_that_find_trainings_again_are_told_to_begin_anew(lm: Any, found: bool) -> None:
    assert finds_again(lm) == found


def test_conversations_are_what_the_student_will_send() -> None:
    weak = Neighbour()
    student = Predict("text -> label", lm=weak)
    teacher = Predict("text -> label", lm=knowing())
    teacher.signature = teacher.signature.with_instructions("Take great care.")
    teacher.demos = [Example(text="t", label="l")]
    BootstrapFinetune().compile(student, trainset=TRAIN[:1], teacher=teacher)
    [conversation] = weak.trained[0][0]
    expected = student.messages(text=TRAIN[0].text)
    assert conversation["messages"][:-1] == expected
    assert conversation["messages"][-1]["content"].startswith(f"[[ ## label ## ]]\n{TRAIN[0].label}")


def test_a_hint_at_training_time_is_not_learned() -> None:
    """DSPy's front page: the label is given as a hint, and the model learns to answer without it."""

    class TakesHints(Neighbour):
        def complete(self, request: Any) -> Any:
            hint = sections(request.messages[-1]["content"]).get("hint", "change_pin")
            self.otherwise = {"reasoning": "It is clear.", "label": hint}
            return super().complete(request)

    lm = TakesHints()
    signature = Signature("text -> label").with_updated_fields("label", type_=Literal[INTENTS])
    classify = ChainOfThoughtWithHint(signature)
    hinted = [row.copy(hint=row.label).with_inputs("text", "hint") for row in TRAIN]
    with context(lm=lm, num_threads=1):
        optimizer = BootstrapFinetune(metric=lambda x, y, trace=None: x.label == y.label, num_threads=1)
        program = optimizer.compile(classify, trainset=hinted)
        assert Evaluate(devset=DEV, metric=same_label)(program).score > 50
    data = lm.trained[0][0]
    assert len(data) == len(TRAIN)
    assert all("hint" not in row["messages"][0]["content"] for row in data)
    assert {frozenset(sections(row["messages"][1]["content"])) for row in data} == {frozenset({"text"})}
    assert {frozenset(sections(row["messages"][2]["content"])) for row in data} == {
        frozenset({"reasoning", "label"})
    }


def test_only_accepted_runs_are_learned_from_and_in_an_order_that_is_always_the_same() -> None:
    orders = []
    for threads in (1, 6):
        weak = Neighbour()
        student = Predict("text -> label", lm=weak)
        teacher = Predict("text -> label", lm=Neighbour({"label": "change_pin"}))
        BootstrapFinetune(metric=same_label, num_threads=threads).compile(student, TRAIN, teacher)
        orders.append([row["messages"][1]["content"] for row in weak.trained[0][0]])
    assert orders[0] == orders[1]
    accepted = [row.text for row in TRAIN if row.label == "change_pin"]
    assert sorted(accepted) != accepted
    assert {text.split("\n")[1] for text in orders[0]} == set(accepted)


@pytest.mark.parametrize(
    "score",
    [float, lambda right: Prediction(score=float(right)), lambda right: Score(float(right), feedback="x")],
)
def test_a_run_that_scored_0_is_not_learned_from_whatever_kind_of_score_it_is(score: Any) -> None:
    weak = Neighbour()
    student = Predict("text -> label", lm=weak)
    teacher = Predict("text -> label", lm=Neighbour({"label": "change_pin"}))
    optimizer = BootstrapFinetune(metric=lambda example, pred: score(example.label == pred.label))
    optimizer.compile(student, TRAIN, teacher)
    assert len(weak.trained[0][0]) == sum(row.label == "change_pin" for row in TRAIN)


def test_a_budget_that_ends_the_runs_trains_nothing_and_keeps_them(tmp_path: Path) -> None:
    lm = knowing()
    program = Program(
        BootstrapFinetune(metric=same_label, num_threads=1),
        Predict("text -> label", lm=lm), name="p", source=tmp_path / "f.dspy", trainset=TRAIN,
    )  # fmt: skip
    told = "the budget of 3 calls is used up before the teacher ran on every example, .*; 3 answers are kept"
    with pytest.raises(OptimizerError, match=told):
        program.optimize(journal=True, budget=Budget(calls=3))
    assert lm.trained == []
    assert program.journal_path.exists()


def test_demos_stay_unless_excluded_and_never_show_the_answer() -> None:
    for exclude in (False, True):
        lm = knowing()
        student = LabeledFewShot(k=2).compile(Predict("text -> label", lm=lm), trainset=TRAIN, sample=False)
        program = BootstrapFinetune(metric=same_label, exclude_demos=exclude).compile(student, trainset=TRAIN)
        lengths = [len(row["messages"]) for row in lm.trained[0][0]]
        assert set(lengths) == ({3} if exclude else {5, 7})
        assert lengths.count(5) == (0 if exclude else 2)
        assert len(program.predictors()[0].demos or ()) == (0 if exclude else 2)


def test_one_model_for_all_predictors_or_one_for_each() -> None:
    pins = sum("PIN" in row.text for row in TRAIN)
    for multitask, sizes in ((True, [2 * len(TRAIN) + pins]), (False, [len(TRAIN), len(TRAIN) + pins])):
        lm = knowing()
        with context(lm=lm):
            program = BootstrapFinetune(multitask=multitask).compile(Two(), trainset=TRAIN)
        # By predictor, not by position in the trace: the second predictor's third step is its own.
        assert [len(data) for data, _, _ in lm.trained] == sizes
        models = [predictor.lm for predictor in program.predictors()]
        assert (models[0] is models[1]) is multitask
        for data, _, _ in lm.trained[:1] if not multitask else []:
            assert all("`topic` (str)" in row["messages"][0]["content"] for row in data)
            assert all("[[ ## topic ## ]]\n" in row["messages"][-1]["content"] for row in data)


def test_each_model_is_trained_on_the_calls_of_its_predictors() -> None:
    student = Two()
    first, second = knowing(), knowing()
    student.topic.lm, student.label.lm = first, second
    program = BootstrapFinetune(
        train_kwargs={first: {"epochs": 1}, second: {"epochs": 9}},
        adapter={first: ChatAdapter(), second: ChatAdapter()},
    ).compile(student, trainset=TRAIN)
    assert [len(lm.trained) for lm in (first, second)] == [1, 1]
    assert (first.trained[0][2], second.trained[0][2]) == ({"epochs": 1}, {"epochs": 9})
    assert all("-trained-1" in str(predictor.lm and predictor.lm.model) for predictor in program.predictors())
    assert (student.topic.lm, student.label.lm) == (first, second)


def test_several_teachers() -> None:
    weak = Neighbour()
    teachers = [
        Predict("text -> label", lm=Neighbour({"label": label})) for label in ("change_pin", "exchange_rate")
    ]
    told: list[Progress] = []
    with reporting_to(told.append):
        BootstrapFinetune(metric=same_label).compile(Predict("text -> label", lm=weak), TRAIN, list(teachers))
    answers = {row["messages"][-1]["content"].split("\n")[1] for row in weak.trained[0][0]}
    assert answers == {"change_pin", "exchange_rate"}
    details = [step.detail for step in told if step.stage == "bootstrap"]
    assert details[0].startswith("teacher 1 of 2: ")
    assert details[-1] == "teacher 2 of 2: 8 kept"
    assert told[-1] == Progress("train", 1, 1)


class Silent(Adapter):
    """An adapter that makes no training data."""


@pytest.mark.parametrize(
    ("optimizer", "student", "message"),
    [
        (BootstrapFinetune(), Predict("text -> label"), "no language model is set for `self`"),
        (
            BootstrapFinetune(multitask=False, num_threads=1),
            Two(),
            "there are 2 models to train and `num_threads` is 1; it must be at least 2, or `multitask` true",
        ),
        (
            BootstrapFinetune(adapter=Silent()),
            Predict("text -> label"),
            "`Silent` does not make training data",
        ),
        (
            BootstrapFinetune(),
            Predict("text -> label", lm=DummyLM([])),
            "uses, cannot be trained: it has no `finetune`",
        ),
    ],
)
def test_what_is_wrong_is_found_before_the_first_call(
    optimizer: BootstrapFinetune, student: Module, message: str
) -> None:
    lm = knowing()
    with pytest.raises(OptimizerError) as raised, context(lm=None if "no language" in message else lm):
        optimizer.compile(student, trainset=TRAIN)
    assert message in str(raised.value)
    assert lm.asked == []


def test_teachers_of_another_structure_or_none() -> None:
    with context(lm=knowing()):
        with pytest.raises(OptimizerError, match="the teacher has no `self`, it has `topic` and `label`"):
            BootstrapFinetune().compile(Predict("text -> label"), TRAIN, Two())
        with pytest.raises(OptimizerError, match="`teacher` is an empty list"):
            BootstrapFinetune().compile(Predict("text -> label"), TRAIN, [])


def test_nothing_good_enough_to_learn_from() -> None:
    with (
        context(lm=Neighbour({"label": "never"})),
        pytest.raises(
            OptimizerError, match=r"nothing to train `self` on: the metric accepted none of the teacher's 32"
        ),
    ):
        BootstrapFinetune(metric=same_label).compile(Predict("text -> label"), trainset=TRAIN)


def test_a_training_that_fails() -> None:
    with (
        context(lm=knowing()),
        pytest.raises(OptimizerError, match="the training failed: the training ran out of memory"),
    ):
        BootstrapFinetune(train_kwargs={"breaks": True}).compile(Predict("text -> label"), trainset=TRAIN)


def test_traces_of_the_examples_that_worked() -> None:
    lm = Neighbour({"label": "change_pin", "topic": "t"}, fails=lambda inputs: "rate" in inputs["text"])
    with context(lm=lm):
        data = bootstrap_trace_data(Two(), TRAIN, metric=same_label, num_threads=4)
    worked = [index for index, row in enumerate(TRAIN) if "rate" not in row.text]
    assert [one["example_ind"] for one in data] == worked
    assert all(one["example"] is TRAIN[one["example_ind"]] for one in data)
    assert {len(one["trace"]) for one in data} == {2, 3}
    assert [one["score"] for one in data] == [same_label(one["example"], one["prediction"]) for one in data]
    with (
        context(lm=Neighbour(fails=lambda inputs: True)),
        pytest.raises(
            OptimizerError, match="failed on all 32 examples, with RuntimeError: the model is out of order"
        ),
    ):
        bootstrap_trace_data(Predict("text -> label"), TRAIN)


@pytest.mark.parametrize(
    ("model", "settings", "without", "message"),
    [
        ("embedded/banking-base", {}, "torch", r"needs the package `torch`: pip install 'dspyc\[train\]'"),
        ("embedded/banking-base", {"step": 1}, None, "`step`"),
        ("embedded/bankin", {}, None, "did you mean `embedded/banking`"),
        ("gguf/nowhere.gguf", {}, None, "there is no model file at"),
        ("gguf/{folder}/mamba.gguf", {}, None, "its architecture is `mamba`"),
    ],
)
def test_what_keeps_a_model_from_being_trained_is_found_before_any_call(
    model: str,
    settings: dict[str, Any],
    without: str | None,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if without is not None:
        monkeypatch.setitem(sys.modules, without, None)
    base = SHIPPED["banking-base"].read_bytes()
    (tmp_path / "mamba.gguf").write_bytes(base.replace(b"llama", b"mamba"))
    calls: list[Any] = []

    def counted(example: Any, pred: Any) -> bool:
        calls.append(pred)
        return True

    program = Program(
        BootstrapFinetune(metric=counted, train_kwargs=settings),
        Predict("text -> label", lm=LM(model.format(folder=tmp_path))),
        name="p",
        source=tmp_path / "p.dspy",
        trainset=TRAIN,
        teacher=Predict("text -> label", lm=Neighbour(fails=lambda inputs: bool(calls.append(inputs)))),
    )
    with pytest.raises(OptimizerError, match=message):
        program.optimize(evaluation=Evaluate(devset=DEV, metric=counted))
    assert calls == []


def test_several_models_are_trained_at_once_by_their_keys() -> None:
    rows = [{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}]
    one, two = Neighbour(), Neighbour()
    found = BootstrapFinetune.finetune_lms(
        {
            "first": {"lm": one, "train_data": rows, "train_kwargs": {"epochs": 2}},
            "second": {"lm": two, "train_data": rows, "train_data_format": "chat"},
        }
    )
    assert list(found) == ["first", "second"]
    assert all(lm.model.startswith("test/neighbour-trained") for lm in found.values())
    assert one.trained == [(rows, "chat", {"epochs": 2})]
    assert (one.killed, two.killed) == (1, 1)


def test_a_key_that_is_missing_is_told_before_any_call(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    student = Predict("text -> label", lm=LM("openai/gpt-4o-mini"))
    teacher = knowing()
    with pytest.raises(OptimizerError, match="set OPENAI_API_KEY"):
        BootstrapFinetune().compile(student, trainset=TRAIN[:2], teacher=Predict("text -> label", lm=teacher))
    assert not teacher.asked


@pytest.mark.parametrize("multitask", [True, False])
@pytest.mark.parametrize("patched", [True, False])
def test_a_training_of_ones_own(multitask: bool, patched: bool) -> None:
    asked: dict[Any, Any] = {}

    def train(finetune_dict: Any) -> dict[Any, Any]:
        asked.update(finetune_dict)
        return {key: DummyLM([{"topic": f"t{key[1]}", "label": "own"}]) for key in finetune_dict}

    class Own(BootstrapFinetune):
        finetune_lms = staticmethod(train)

    student = Two()
    student.set_lm(DummyLM([{"topic": "a", "label": "b"}] * 50))
    optimizer = BootstrapFinetune(multitask=multitask) if patched else Own(multitask=multitask)
    if patched:
        optimizer.finetune_lms = train  # type: ignore[method-assign]
    found = optimizer.compile(student, trainset=TRAIN[:2])
    assert found.label.lm is not student.label.lm
    assert (found.topic.lm is found.label.lm) == multitask
    assert [key[1] for key in asked] == ([None] if multitask else [0, 1])
    for given in asked.values():
        assert given["lm"] is student.label.lm
        assert given["train_data"][0]["messages"][-1]["role"] == "assistant"
        assert given["train_data_format"] == "chat"


@pytest.mark.parametrize(
    ("train", "words"),
    [
        (lambda asked: {}, "returned no model for `topic` and `label`"),
        (lambda asked: None, "`finetune_lms` returned NoneType; it must return a dict"),
        (lambda asked: 1 / 0, "the training failed: division by zero"),
    ],
)
def test_a_training_of_ones_own_that_gives_no_models(train: Any, words: str) -> None:
    student = Two()
    student.set_lm(DummyLM([{"topic": "a", "label": "b"}] * 50))
    optimizer = BootstrapFinetune()
    optimizer.finetune_lms = train  # type: ignore[method-assign]
    with pytest.raises(OptimizerError, match=re.escape(words)):
        optimizer.compile(student, trainset=TRAIN[:2])


def test_a_training_of_ones_own_needs_an_adapter_that_writes_its_data() -> None:
    lm = DummyLM([{"label": "b"}] * 50)
    optimizer = BootstrapFinetune(adapter=Silent())
    optimizer.finetune_lms = lambda asked: dict.fromkeys(asked, lm)  # type: ignore[method-assign]
    with pytest.raises(OptimizerError, match="does not make training data"):
        optimizer.compile(Predict("text -> label", lm=lm), trainset=TRAIN[:2])
    assert not lm.history
