"""What a program takes from its state: types, instructions, stale and broken ones, trained models."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import shutil
import threading
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypedDict

import pydantic
import pytest

from dspyc.runtime import (
    LM,
    BootstrapFewShot,
    Example,
    InputField,
    LabeledFewShot,
    Module,
    Optimizer,
    OutputField,
    Predict,
    Prediction,
    Program,
    Signature,
    StateError,
    configure,
    context,
    parameters,
)
from dspyc.runtime.lm import models
from dspyc.runtime.modules.calling import in_force
from dspyc.runtime.programs.capture import with_models_beside
from dspyc.runtime.state import format as states
from support.banking import demos, few_shot
from support.neighbour import Neighbour


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"


class Person(pydantic.BaseModel):
    name: str
    born: datetime.date


class Facts(Signature):
    """Read the facts."""

    text: str = InputField()
    people: list[Person] = OutputField()
    mood: Mood = OutputField()
    price: Decimal = OutputField()
    size: Literal["s", "l"] | None = OutputField()
    pair: tuple[int, str] = OutputField()


def test_demos_come_back_with_their_types(tmp_path: Path) -> None:
    row = Example(
        text="t",
        people=[Person(name="Ada", born=datetime.date(1815, 12, 10))],
        mood=Mood.GOOD,
        price=Decimal("1.50"),
        size=None,
        pair=(1, "a"),
        unrelated="left out",
    ).with_inputs("text")

    def made() -> Program:
        return Program(LabeledFewShot(), Predict(Facts), name="p", source=tmp_path / "f.dspy", trainset=[row])

    made().optimize()
    [demo] = demos(made())["self"]
    assert demo == {name: value for name, value in row.items() if name != "unrelated"}
    assert isinstance(demo["people"][0], Person)
    assert (type(demo["mood"]), type(demo["price"]), type(demo["pair"])) == (Mood, Decimal, tuple)


@parameters
class Rewrite(Optimizer):
    """Gives every predictor these instructions."""

    instructions: str
    """The instructions."""

    def compile(self, student: Module, **arguments: Any) -> Module:
        """Return a copy with the instructions."""
        program = student.deepcopy()
        for predictor in program.predictors():
            predictor.signature = predictor.signature.with_instructions(self.instructions)
        return program


def test_instructions_that_were_learned(tmp_path: Path) -> None:
    def made() -> Program:
        return Program(Rewrite("Be exact."), Predict("q -> a"), name="p", source=tmp_path / "f.dspy")

    made().optimize()
    predictor = made().predictors()[0]
    assert predictor.signature.instructions == "Be exact."
    assert predictor.messages(q="x")[0]["content"].endswith("        Be exact.")
    assert made().stale_predictors() == {}


STALE = [
    ("q -> a", "q -> a, b", ["the output `b` is new"]),
    ("q, c -> a", "q -> a", ["the input `c` is gone"]),
    ("q -> a", "q -> a: int", ["the output `a` was `str` and is `int`"]),
    ("q -> a", "c -> b", ["the input `c` is new", "the input `q` is gone", "the output `b` is new"]),
    ("q, c -> a", "c, q -> a", ["the inputs are in a different order"]),
    ("q -> a", Signature("q -> a", "Answer."), ["its instructions have changed"]),
]


@pytest.mark.parametrize(("then", "now", "what"), STALE)
def test_a_state_of_another_signature_is_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, then: Any, now: Any, what: list[str]
) -> None:
    def made(signature: Any, **more: Any) -> Program:
        return Program(Rewrite("Be exact."), Predict(signature), name="p", source=tmp_path / "f.dspy", **more)

    made(then).optimize()
    program = made(now)
    assert program.stale_predictors()["self"][: len(what)] == what
    assert program.predictors()[0].signature.instructions != "Be exact."
    [message] = caplog.messages
    assert f"no longer fits it (`self`: {what[0]}" in message
    assert "dspyc optimize" in message
    with pytest.raises(StateError, match="no longer fits it"):
        made(now, stale="error").predictors()


def test_a_type_that_is_defined_otherwise_is_noticed() -> None:
    def facts(**fields: Any) -> dict[str, Any]:
        record = pydantic.create_model("Record", **fields)
        return states.signature_facts(Signature({"q": (str, InputField()), "a": (record, OutputField())}))

    then = facts(x=(int, ...))
    changed = ["the type of one of its fields is defined differently"]
    assert states.differences(then, facts(x=(int, ...))) == []
    assert states.differences(then, facts(x=(str, ...))) == changed
    assert states.differences(then, facts(x=(int, ...), y=(int, 3))) == changed

    def of(annotation: Any) -> dict[str, Any]:
        return states.signature_facts(Signature({"q": (str, InputField()), "a": (annotation, OutputField())}))

    def made(kind: str, inner: Any) -> Any:
        match kind:
            case "enum":
                return enum.Enum("Thing", {"A": inner.__name__})
            case "dataclass":
                return dataclasses.make_dataclass("Thing", [("a", inner)])
            case _:
                return TypedDict("Thing", {"a": inner})  # type: ignore[misc]

    for kind in ("enum", "dataclass", "typed dict"):
        for wrapped in (lambda one: one, lambda one: list[one], lambda one: dict[str, one | None]):
            assert states.differences(of(wrapped(made(kind, int))), of(wrapped(made(kind, int)))) == []
            assert states.differences(of(wrapped(made(kind, int))), of(wrapped(made(kind, str)))) == changed


class Tree(pydantic.BaseModel):
    """A record that holds itself."""

    label: str
    children: list[Tree] = []


def test_a_record_may_hold_itself() -> None:
    facts = states.signature_facts(Signature({"q": (str, InputField()), "a": (Tree, OutputField())}))
    assert facts["outputs"] == {"a": "Tree"}


class Steps(Module):
    def __init__(self, second: str = "b -> c") -> None:
        self.first = Predict("a -> b")
        self.second = Predict(second)

    def forward(self, a: str) -> Prediction:
        return Prediction(**self.second(b=self.first(a=a).b))


def test_what_fits_is_used_where_something_else_does_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def made(student: Module) -> Program:
        return Program(Rewrite("Be exact."), student, name="p", source=tmp_path / "f.dspy")

    made(Steps()).optimize()
    program = made(Steps("b -> c: int"))
    told = [predictor.signature.instructions for predictor in program.predictors()]
    assert told == ["Be exact.", "Given the fields `b`, produce the fields `c`."]
    assert len(caplog.messages) == 1
    other = made(Predict("a -> b"))
    assert other.stale_predictors() == {
        "self": ["it is new"],
        "first": ["it is gone"],
        "second": ["it is gone"],
    }


def test_a_folder_that_was_trained_again_is_not_taken_for_the_earlier_one(tmp_path: Path) -> None:
    trained = tmp_path / "elsewhere" / "m"
    trained.mkdir(parents=True)

    @parameters
    class Train(Optimizer):
        """Puts a model into the predictor."""

        def compile(self, student: Module, **arguments: Any) -> Module:
            program = student.deepcopy()
            program.lm = LM(f"gguf/{trained}")  # type: ignore[attr-defined]
            return program

    program = Program(Train(), Predict("a -> b"), name="p", source=tmp_path / "f.dspy")
    for weights, kept in (("one", "f.p.m"), ("two", "f.p.m-2"), ("one", "f.p.m"), ("six", "f.p.m-3")):
        for name in ("config.json", "model.safetensors"):
            (trained / name).write_text(weights)
        program.optimize()
        assert (
            json.loads(program.state_path.read_text())["predictors"]["self"]["lm"]["model"] == f"gguf/{kept}"
        )
        assert (tmp_path / kept / "model.safetensors").read_text() == weights


def test_a_model_that_is_still_needed_is_never_overwritten(tmp_path: Path) -> None:
    """A new model is better than the one of the earlier state, which is among the candidates; then two models
    change places.
    """
    old, new = tmp_path / "f.p.gguf", tmp_path / "elsewhere.gguf"
    old.write_bytes(b"old")
    new.write_bytes(b"new")

    def named(*models: Path) -> list[bytes]:
        first, *others = (states.PredictorState("i", [], {"model": f"gguf/{model}"}) for model in models)
        tried = tuple(states.CandidateState(1.0, None, {"self": one}) for one in others)
        found = with_models_beside(
            states.ProgramState("p", {"self": first}, tried), tmp_path / "f.p.state.json"
        )
        kept = [found.predictors["self"], *(each.predictors["self"] for each in found.candidates)]
        return [(tmp_path / one.lm["model"].removeprefix("gguf/")).read_bytes() for one in kept if one.lm]

    assert named(new, old) == [b"new", b"old"]
    assert named(tmp_path / "f.p.2.gguf", old) == [b"new", b"old"]
    assert named(new) == [b"new"]
    assert sorted(path.name for path in tmp_path.glob("f.*")) == ["f.p.2.gguf", "f.p.gguf"]


def test_a_trained_model_lies_beside_the_state(tmp_path: Path) -> None:
    made_by_training = tmp_path / "elsewhere" / "weights-1.gguf"
    made_by_training.parent.mkdir()
    made_by_training.write_bytes(b"weights")

    @parameters
    class Train(Optimizer):
        """Puts a model into every predictor."""

        def compile(self, student: Module, **arguments: Any) -> Module:
            program = student.deepcopy()
            trained = LM(f"gguf/{made_by_training}", temperature=0.5, api_key="sk-secret")
            other = LM(f"gguf/{made_by_training.with_name('weights-2.gguf')}")
            program.first.lm = trained  # type: ignore[attr-defined]
            program.second.lm = other if arguments.get("two") else trained  # type: ignore[attr-defined]
            return program

    project = tmp_path / "project"
    project.mkdir()

    def made(**more: Any) -> Program:
        return Program(Train(), Steps(), name="p", source=project / "f.dspy", **more)

    made().optimize()
    text = (project / "f.p.state.json").read_text(encoding="utf-8")
    assert '"model": "gguf/f.p.gguf"' in text
    assert "secret" not in text
    assert str(tmp_path) not in text
    moved = tmp_path / "moved"
    project.rename(moved)
    project = moved
    first, second = (predictor.lm for predictor in made().predictors())
    assert first is not None
    assert second is not None
    assert first.model == f"gguf/{moved / 'f.p.gguf'}"
    assert first.kwargs["temperature"] == 0.5
    assert (moved / "f.p.gguf").read_bytes() == b"weights"

    made_by_training.with_name("weights-2.gguf").write_bytes(b"others")
    made(two=True).optimize()
    assert [path.name for path in sorted(moved.glob("*.gguf"))] == ["f.p.2.gguf", "f.p.gguf"]
    assert (moved / "f.p.2.gguf").read_bytes() == b"others"
    (moved / "f.p.2.gguf").unlink()
    program = made()
    assert [predictor.lm is None for predictor in program.predictors()] == [False, True]
    [reason] = program.stale_predictors()["second"]
    assert reason.endswith("f.p.2.gguf` is missing")
    with pytest.raises(StateError, match=r"its trained model `.*f\.p\.2\.gguf` is missing"):
        made(stale="error").predictors()


@parameters
class Trained(Optimizer):
    """Puts a model that was trained into the predictors."""

    model: str
    """The model."""

    def compile(self, student: Module, **arguments: Any) -> Module:
        """Return a copy with the model."""
        program = student.deepcopy()
        for predictor in program.predictors():
            predictor.lm = LM(self.model)
        return program


@pytest.mark.usefixtures("_clean_settings")
@pytest.mark.parametrize("where", ["settings", "context", "source"])
def test_a_trained_model_answers_where_others_are_of_the_programs_own_class(
    where: str, tmp_path: Path
) -> None:
    trained = tmp_path / "trained.gguf"
    shutil.copy(Path(models.__file__).with_name("banking.gguf"), trained)
    message = "My card has not arrived yet."
    expected = LM(f"gguf/{trained}")(message)
    own = Neighbour({"label": "neighbour"})
    student = Predict("text -> label", lm=own if where == "source" else None)

    def made() -> Program:
        return Program(Trained(f"gguf/{trained}"), student, name="p", source=tmp_path / "f.dspy")

    made().optimize()
    if where == "settings":
        configure(lm=own)
    with context(lm=own) if where == "context" else nullcontext():
        [predictor] = made().predictors()
        lm = in_force(predictor)[0]
        assert lm.model == f"gguf/{tmp_path / 'f.p.gguf'}"
        assert lm(message) == expected
    assert not own.asked


def test_keys_and_endpoints_come_from_the_source_and_never_from_the_state(tmp_path: Path) -> None:
    @parameters
    class Tune(Optimizer):
        """Puts a trained model of the provider into every predictor."""

        def compile(self, student: Module, **arguments: Any) -> Module:
            program = student.deepcopy()
            own = LM("openai/ft:small:1", api_base="http://trainer", api_key="sk-secret", temperature=0.3)
            program.set_lm(own)
            return program

    def made() -> Program:
        return Program(Tune(), Predict("q -> a"), name="p", source=tmp_path / "f.dspy")

    made().optimize()
    assert "sk-secret" not in (tmp_path / "f.p.state.json").read_text(encoding="utf-8")
    with context(lm=LM("openai/small", api_base="http://here", api_key="sk-mine")):
        lm = made().predictors()[0].lm
    assert lm is not None
    assert lm.model == "openai/ft:small:1"
    assert (lm.kwargs["api_base"], lm.kwargs["api_key"], lm.kwargs["temperature"]) == (
        "http://here",
        "sk-mine",
        0.3,
    )
    with context(lm=LM("gguf/x.gguf")):
        elsewhere = made().predictors()[0].lm
    assert elsewhere is not None
    assert "api_base" not in elsewhere.kwargs


def test_the_state_is_read_once_by_many_threads(
    tmp_path: Path, lm: Neighbour, caplog: pytest.LogCaptureFixture
) -> None:
    program = few_shot(tmp_path)
    threads = [threading.Thread(target=lambda: program.predictors()) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(caplog.messages) == 1


BROKEN: list[tuple[Any, str]] = [
    ("{", "is not a state file"),
    ("[]", "is not a state file"),
    ({}, "it has no `dspyc_state`"),
    ({"dspyc_state": 99}, "has the format 99, and this version of dspyc reads 1; upgrade dspyc"),
    ({"dspyc_state": 1}, "`program` must be a string; there is"),
    ({"dspyc_state": 1, "program": "p"}, "`predictors` must be an object"),
    ({"dspyc_state": 1, "program": "p", "predictors": {"self": []}}, "the entry of `self` is not an object"),
    (
        {"dspyc_state": 1, "program": "p", "predictors": {"self": {"demos": 3}}},
        "`demos` must be a list; there is int",
    ),
]


@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_a_broken_state_is_named(tmp_path: Path, lm: Neighbour, content: Any, message: str) -> None:
    program = few_shot(tmp_path)
    text = content if isinstance(content, str) else json.dumps(content)
    program.state_path.write_text(text, encoding="utf-8")
    with pytest.raises(StateError) as raised:
        program(text="x")
    assert message in str(raised.value)
    assert "bank.router.state.json" in str(raised.value)
    assert (
        f"delete the file to run unoptimized, or create it again with: dspyc optimize {program.source}:"
        in str(raised.value)
    )
    program.optimize()
    program.predictors()


def test_a_demo_that_was_edited_into_another_type(tmp_path: Path) -> None:
    def made() -> Program:
        row = Example(q="a", n=1).with_inputs("q")
        return Program(
            LabeledFewShot(), Predict("q -> n: int"), name="p", source=tmp_path / "f.dspy", trainset=[row]
        )

    path = made().optimize().state
    path.write_text(path.read_text(encoding="utf-8").replace('"n": 1', '"n": "many"'), encoding="utf-8")
    with pytest.raises(StateError, match="does not fit `self`: a demo's `n` is 'many'"):
        made().predictors()


def test_a_label_of_another_type_does_not_spoil_the_state(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [Example(q=f"q{n}", n=n).with_inputs("q") for n in ("1", "unknown", "3")]
    optimizer = LabeledFewShot()
    program = Program(optimizer, Predict("q -> n: int"), name="p", source=tmp_path / "f.dspy", trainset=rows)
    program.optimize()
    assert sorted(demo["n"] for demo in demos(program)["self"]) == [1, 3]
    assert "not shown as demos, the first because `n` is 'unknown'" in caplog.messages[0]


def test_where_the_state_is(tmp_path: Path) -> None:
    assert few_shot(tmp_path).state_path == tmp_path / "bank.router.state.json"
    assert few_shot(tmp_path, state="x/y.json").state_path == tmp_path / "x" / "y.json"
    assert few_shot(tmp_path, state="/tmp/y.json").state_path == Path("/tmp/y.json")
    with pytest.raises(ValueError, match="`stale` must be 'warn' or 'error'"):
        few_shot(tmp_path, stale="ignore")


def test_an_optimizer_that_returns_other_predictors(tmp_path: Path) -> None:
    class Swap(Optimizer):
        def compile(self, student: Module, **arguments: Any) -> Module:
            return Steps()

    program = Program(Swap(), Predict("q -> a"), name="p", source=tmp_path / "f.dspy")
    with pytest.raises(StateError, match="other predictors: `first` and `second` instead of `self`"):
        program.optimize()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_state_is_found_before_anything_is_asked(tmp_path: Path) -> None:
    rows = [Example(q=f"q{n}", n=n).with_inputs("q") for n in range(3)]
    student = Predict("q -> n: int")
    program = Program(BootstrapFewShot(), student, name="p", source=tmp_path / "f.dspy", trainset=rows)
    program.state_path.mkdir()
    lm = Neighbour({"n": "1"})
    with context(lm=lm), pytest.raises(StateError, match=r"cannot be written: .*is a folder"):
        program.optimize()
    assert lm.asked == []
