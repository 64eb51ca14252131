"""Which model a program asks with what: after an optimizer, after its state, and when it is loaded again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    COPRO,
    LM,
    SIMBA,
    BestOfN,
    BootstrapFewShot,
    BootstrapFinetune,
    BootstrapRS,
    ChainOfThought,
    ChatAdapter,
    CompactAdapter,
    Evaluate,
    Example,
    InferRules,
    JournalError,
    JSONAdapter,
    LabeledFewShot,
    MIPROv2,
    Module,
    Optimizer,
    Predict,
    Program,
    XMLAdapter,
    configure,
    context,
    parameters,
)
from dspyc.runtime.execution.replacing import replacing
from dspyc.runtime.execution.settings import reset
from dspyc.runtime.lm import models
from dspyc.runtime.lm.request import Request, Response
from dspyc.runtime.modules.models import models_of
from dspyc.runtime.optimizers.rollouts import sampling
from support.banking import demos
from support.obedient import rows, same_label
from support.resumable import Killed
from support.wavering import Wavering

TRAIN, VAL = rows(8), rows(8, first=100)
BANKING = Path(models.__file__).with_name("banking.gguf")
BASE = BANKING.with_name("banking-base.gguf")
BANKS = [
    Example(text="My card still has not arrived", label="card_arrival").with_inputs("text"),
    Example(text="My wallet is gone and my card was in it", label="lost_or_stolen_card").with_inputs("text"),
]

Asked = list[tuple[str, dict[str, Any], Any]]


class Noting(Wavering):
    """A model of the program's own class that notes who is asked what in which list."""

    def __init__(self, model: str, notes: Asked, **settings: Any) -> None:
        super().__init__(**settings)
        self.model = model
        self.notes = notes

    def complete(self, request: Request) -> Response:
        if len(self.notes) >= self.kill_at:
            raise Killed
        self.notes.append((self.model, dict(request.kwargs), request.openai_messages))
        return super().complete(request)

    def finetune(self, data: Any, data_format: Any = None, train_kwargs: Any = None) -> Future[Any]:
        """Trained at once, under another name."""
        job: Future[Any] = Future()
        job.set_result(self.copy(model=f"{self.model}-trained"))
        return job


class Label(Module):
    def __init__(self, **settings: Any) -> None:
        self.predict = Predict("text -> label", **settings)

    def forward(self, text: str) -> Any:
        return self.predict(text=text)


@pytest.fixture(autouse=True)
def _clean_settings() -> Iterator[None]:
    reset()
    yield
    reset()


def outputs(messages: Any) -> str:
    """What a prompt says of the outputs."""
    said: str = messages[0]["content"]
    return said.partition("Your output fields are:")[2].partition("All interactions")[0]


def asked(program: Any, notes: Asked) -> Asked:
    """What a program asks for one input."""
    before = len(notes)
    program(text="message 7")
    return notes[before:]


# --- optimizers ------------------------------------------------------------------------------------------

OF_BOTH = {"trainset": TRAIN, "valset": VAL}
OPTIMIZERS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "labeled": (lambda: LabeledFewShot(k=2), {"trainset": TRAIN}),
    "few": (lambda: BootstrapFewShot(metric=same_label, max_bootstrapped_demos=1), {"trainset": TRAIN}),
    "search": (
        lambda: BootstrapRS(metric=same_label, num_candidate_programs=1, max_labeled_demos=2),
        OF_BOTH,
    ),
    "copro": (lambda: COPRO(metric=same_label, breadth=3, depth=1), {"trainset": TRAIN}),
    "mipro": (
        lambda: MIPROv2(metric=same_label, auto=None, num_candidates=2, max_labeled_demos=1),
        {**OF_BOTH, "num_trials": 2, "minibatch": False},
    ),
    "simba": (lambda: SIMBA(metric=same_label, bsize=4, max_steps=1, num_candidates=2), {"trainset": TRAIN}),
    "rules": (lambda: InferRules(1, metric=same_label, max_labeled_demos=1), OF_BOTH),
    "finetune": (lambda: BootstrapFinetune(metric=same_label), {"trainset": TRAIN}),
}


def with_own(notes: Asked) -> Module:
    return Label(lm=Noting("right", notes, top_p=0.5))


def with_set(notes: Asked) -> Module:
    student = Label(temperature=0.25)
    student.set_lm(Noting("right", notes))
    return student


def around(notes: Asked) -> Module:
    return ChainOfThought("text -> label", lm=Noting("right", notes))


def with_saved(notes: Asked) -> Module:
    """A model of which only its state is known; the configured one answers for it."""
    student, source = Label(), Label()
    source.set_lm(LM("openai/right", temperature=0.25, max_tokens=7, cache=False))
    student.load_state(source.dump_state())
    return student


SOURCES: dict[str, Callable[[Asked], Module]] = {
    each.__name__: each for each in (with_own, with_set, around, with_saved)
}


@pytest.mark.parametrize(("name", "source"), list(product(OPTIMIZERS, SOURCES)))
def test_what_was_learned_is_asked_of_the_same_model(name: str, source: str, tmp_path: Path) -> None:
    notes: Asked = []
    make, arguments = OPTIMIZERS[name]
    with context(lm=Noting("configured", notes), num_threads=2):
        student = SOURCES[source](notes)
        [first] = asked(student, notes)
        compiled = make().compile(student, **arguments)
        assert {model for model, _, messages in notes if "`label`" in outputs(messages)} == {first[0]}
        [wanted] = asked(compiled, notes)
        assert wanted[0] == first[0] + ("-trained" if name == "finetune" else "")
        assert wanted[1] == first[1], "the settings of the source"

        compiled.save(tmp_path / "saved.json")
        loaded = SOURCES[source](notes)
        loaded.load(tmp_path / "saved.json")
        assert asked(loaded, notes) == [wanted]

        def program() -> Program:
            return Program(make(), SOURCES[source](notes), name="p", source=tmp_path / "f.dspy", **arguments)

        made = program().optimize().program
        [of_state] = asked(made, notes)
        assert asked(program(), notes) == [of_state]
        assert of_state[1] == wanted[1]
        if demos(made) == demos(compiled):
            assert of_state == wanted


# --- states ----------------------------------------------------------------------------------------------


def test_a_copy_of_a_saved_model_keeps_its_changes_where_another_answers_for_it() -> None:
    notes: Asked = []
    program = with_saved(notes)
    with context(lm=Noting("configured", notes)):
        [(model, settings, _)] = asked(program, notes)
        assert (model, settings) == ("openai/right", {"temperature": 0.25, "max_tokens": 7})
        own = program.get_lm()
        assert own is not None
        assert [entry["model"] for entry in own.history] == ["openai/right"]
        [(model, settings, _)] = asked(sampling(program, 3), notes)
        assert model == "openai/right"
        assert settings == {"temperature": 1.0, "max_tokens": 7, "rollout_id": 3}
        assert isinstance(models_of(program)["predict"], Noting), "what is trained, priced and compared"
    with context(lm=LM("openai/other", api_base="http://here", temperature=0.5)):
        twin = models_of(sampling(program, 4))["predict"]
        assert (twin.model, twin.kwargs["api_base"]) == ("openai/right", "http://here")
        assert (twin.kwargs["temperature"], twin.kwargs["rollout_id"]) == (1.0, 4)


def test_a_saved_model_that_is_given_elsewhere_is_asked_where_the_configured_one_is() -> None:
    notes: Asked = []
    saved = with_saved(notes).get_lm()
    with context(lm=Noting("configured", notes)):
        Label()(text="message 1")
        Predict("text -> label")(text="message 1", lm=saved)
        ChainOfThought("text -> label")(text="message 1", lm=saved)
        BestOfN(Predict("text -> label"), N=1, reward_fn=lambda args, pred: 1.0, lm=saved)(text="message 1")
        COPRO(metric=same_label, breadth=2, depth=1, prompt_model=saved).compile(Label(), trainset=TRAIN[:1])
    writing = [model for model, _, messages in notes if "instruction" in outputs(messages)]
    assert [model for model, _, _ in notes[:4]] == ["configured", *["openai/right"] * 3]
    assert writing == ["openai/right"]


@pytest.mark.parametrize("source", [with_own, with_set])
def test_a_state_without_a_model_leaves_the_model_of_the_source(
    source: Callable[[Asked], Module], tmp_path: Path
) -> None:
    notes: Asked = []
    LabeledFewShot(k=1).compile(Label(), trainset=TRAIN).save(tmp_path / "s.json")
    program = source(notes)
    program.load(tmp_path / "s.json")
    assert len(program.predictors()[0].demos) == 1
    with context(lm=Noting("configured", notes)):
        assert [model for model, _, _ in asked(program, notes)] == ["right"]


@parameters
class Sets(Optimizer):
    """Sets what the predictors are called with."""

    lm: Any = None
    """The model."""
    config: dict[str, Any] | None = None
    """The settings of the calls."""

    def compile(self, student: Module, **arguments: Any) -> Module:
        """Return a copy with these."""
        program = student.deepcopy()
        for predictor in program.predictors():
            predictor.lm = self.lm or predictor.lm
            predictor.config = {**predictor.config, **(self.config or {})}
        return program


def test_settings_that_an_optimizer_chooses_are_in_the_state(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notes: Asked = []
    optimizer = Sets(config={"temperature": 0.75, "stop": ["x"], "api_base": "http://elsewhere"})

    def program(**settings: Any) -> Program:
        return Program(optimizer, Label(**settings), name="p", source=tmp_path / "f.dspy")

    result = program(top_k=3).optimize()
    assert result.learned
    assert "['api_base']" in caplog.text
    with context(lm=Noting("configured", notes)):
        [(_, settings, _)] = asked(program(top_k=3, timeout=9), notes)
    assert settings == {"temperature": 0.75, "stop": ["x"], "top_k": 3, "timeout": 9}
    assert not Program(Sets(), Label(), name="q", source=tmp_path / "f.dspy").optimize().learned


# --- `--lm` ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("everywhere", [LM("embedded/banking-base"), LM(f"gguf/{BASE}")])
def test_what_is_trained_answers_itself_where_it_is_measured(everywhere: LM, tmp_path: Path) -> None:
    """And is replaced, as all models are, where another one is asked for afterwards."""
    trained = tmp_path / "trained.gguf"
    shutil.copy(BANKING, trained)

    def program() -> Program:
        tune = Sets(lm=LM(f"gguf/{trained}"))
        return Program(tune, Predict("text -> label"), name="p", source=tmp_path / "f.dspy")

    configure(lm=everywhere)
    evaluate = Evaluate(devset=BANKS, metric=same_label)
    calm = program().optimize(evaluation=evaluate)
    assert (calm.score_before, calm.score_after) == (0.0, 100.0)
    with replacing(everywhere):
        result = program().optimize(evaluation=evaluate)
        assert (result.score_before, result.score_after) == (0.0, 100.0)
        assert evaluate(program()).score == 0.0, "the one that was asked for"
    assert evaluate(program()).score == 100.0


# --- runs that go on -------------------------------------------------------------------------------------


def judged(example: Any, pred: Any, trace: Any = None) -> bool:
    """A metric that asks the configured model."""
    Predict("text, label -> opinion")(text=example.text, label=pred.label)
    return same_label(example, pred)


RUNS: dict[str, tuple[Optimizer, dict[str, Any]]] = {
    "writes instructions": (COPRO(metric=same_label, breadth=3, depth=1), {"trainset": TRAIN}),
    "teaches": (BootstrapFewShot(metric=same_label), {"trainset": TRAIN, "teacher": Label()}),
    "teaches, of several": (
        BootstrapFinetune(metric=same_label),
        {"trainset": TRAIN, "teacher": [Label(), Label()]},
    ),
    "judges": (BootstrapFewShot(metric=judged), {"trainset": TRAIN}),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_does_not_go_on_with_another_configured_model(name: str, tmp_path: Path) -> None:
    optimizer, arguments = RUNS[name]
    notes: Asked = []

    def optimize(configured: str, kill_at: int = 10**9) -> Any:
        own, other = Noting("own", notes), Noting(configured, notes)
        own.kill_at = other.kill_at = kill_at
        program = Program(optimizer, Label(lm=own), name="p", source=tmp_path / "f.dspy", **arguments)
        with context(lm=other, num_threads=1):
            return program.optimize(journal=True)

    with pytest.raises(Killed):
        optimize("one", kill_at=3)
    begun = len(notes)
    with pytest.raises(JournalError, match="`models` changed since"):
        optimize("other")
    assert len(notes) == begun
    optimize("one")


def test_an_evaluation_does_not_go_on_with_another_judge(tmp_path: Path) -> None:
    notes: Asked = []

    def evaluate(configured: str, kill_at: int = 10**9) -> Any:
        own, other = Noting("own", notes), Noting(configured, notes)
        own.kill_at = other.kill_at = kill_at
        evaluation = Evaluate(devset=VAL, metric=judged, num_threads=1, journal=str(tmp_path / "j.jsonl"))
        with context(lm=other):
            return evaluation(Label(lm=own))

    with pytest.raises(Killed):
        evaluate("one", kill_at=5)
    with pytest.raises(JournalError, match="`models` changed since"):
        evaluate("other")
    evaluate("one")


# --- what has no effect ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "own", "warned"),
    [
        (XMLAdapter(), None, "XMLAdapter, but the program asks by ChatAdapter"),
        (None, XMLAdapter(), ""),
        (XMLAdapter(), XMLAdapter(), ""),
        (ChatAdapter(), JSONAdapter(), "ChatAdapter, but the program asks by JSONAdapter"),
        (ChatAdapter(), None, ""),
    ],
)
def test_another_form_at_the_training_than_afterwards_is_told(
    given: Any, own: Any, warned: str, caplog: pytest.LogCaptureFixture
) -> None:
    student = Label(lm=Noting("right", []))
    with context(adapter=own):
        BootstrapFinetune(adapter=given).compile(student, trainset=TRAIN, teacher="labels")
    assert (f"`predict` is trained on prompts of {warned}" in caplog.text) == bool(warned)


@pytest.mark.parametrize(
    ("given", "own", "warned"),
    [
        (CompactAdapter(), None, False),
        (ChatAdapter(), None, False),
        (JSONAdapter(), None, True),
        (ChatAdapter(), CompactAdapter(), True),
    ],
)
def test_a_file_remembers_two_forms(
    given: Any, own: Any, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    student = Label(lm=LM(f"gguf/{BASE}"))
    tune = BootstrapFinetune(adapter=given)
    tune.finetune_lms = lambda asked: {key: LM("test/trained") for key in asked}  # type: ignore[method-assign]
    with context(adapter=own):
        tune.compile(student, trainset=TRAIN, teacher="labels")
    assert ("is trained on prompts of" in caplog.text) == warned


@pytest.mark.parametrize("has_own", [True, False])
def test_a_task_model_that_does_not_run_is_told(has_own: bool, caplog: pytest.LogCaptureFixture) -> None:
    notes: Asked = []
    student = Label(lm=Noting("own", notes)) if has_own else Label()
    make, arguments = OPTIMIZERS["mipro"]
    optimizer = make()
    optimizer.task_model = Noting("task", notes)
    with context(lm=Noting("configured", notes)):
        optimizer.compile(student, **arguments)
    ran = {model for model, _, messages in notes if "`label`" in outputs(messages)}
    assert ran == {"own" if has_own else "task"}
    words = "`task_model` is not used by predictors with a model of their own, which `predict` has"
    assert caplog.text.count(words) == has_own
