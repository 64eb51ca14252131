"""Programs and their states: what is written, what is taken over, and what no longer fits."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import logging
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypedDict

import pydantic
import pytest

from dspyc.runtime import (
    LM,
    BootstrapFewShot,
    BootstrapFinetune,
    BootstrapRS,
    ChainOfThought,
    Dataset,
    Evaluate,
    Example,
    InputField,
    LabeledFewShot,
    Module,
    Optimizer,
    OptimizerError,
    OutputField,
    Predict,
    Prediction,
    Program,
    Signature,
    StateError,
    apply_defaults,
    context,
    parameters,
)
from dspyc.runtime.execution.progress import Progress
from dspyc.runtime.programs import capture as learned
from dspyc.runtime.state import format as states
from support.neighbour import Neighbour

BANKING = Path(__file__).parents[2] / "examples" / "banking"
INTENTS = ("card_swallowed", "change_pin", "exchange_rate", "terminate_account")


def messages(name: str) -> Dataset:
    return Dataset(
        name, inputs=["text"], filter=lambda row: row.label in INTENTS, shuffle=0, base=str(BANKING)
    )


TRAIN, DEV = messages("train.csv"), messages("dev.csv")


def same_label(example: Any, pred: Any) -> bool:
    return bool(example.label == pred.label)


def demos(program: Module) -> dict[str, list[dict[str, Any]]]:
    return {name: [dict(demo) for demo in one.demos or ()] for name, one in program.named_predictors()}


@pytest.fixture
def lm() -> Any:
    """A model that is configured for the test."""
    model = Neighbour({"label": "change_pin", "reasoning": "so it seems"})
    with context(lm=model):
        yield model


def few_shot(folder: Path, student: Module | None = None, **more: Any) -> Program:
    optimizer = BootstrapFewShot(metric=same_label, max_bootstrapped_demos=3, max_labeled_demos=12)
    made = student or ChainOfThought("text -> label")
    return Program(optimizer, made, name="router", source=folder / "bank.dspy", trainset=TRAIN, **more)


def test_without_a_state_it_runs_as_its_module_and_says_so_once(
    tmp_path: Path, lm: Neighbour, caplog: pytest.LogCaptureFixture
) -> None:
    program = few_shot(tmp_path)
    assert caplog.messages == []
    assert program(text="I'd like to leave").label == "change_pin"
    assert program(text="Goodbye").label == "change_pin"
    [message] = caplog.messages
    assert message.startswith(
        "the program `router` has no state and runs un-optimised; make one with: dspyc optimize "
    )
    assert message.endswith("bank.dspy:router")


def test_a_built_program_without_a_state_names_its_source(
    tmp_path: Path, lm: Neighbour, caplog: pytest.LogCaptureFixture
) -> None:
    optimizer = BootstrapFewShot(metric=same_label)
    built = Program(
        optimizer, ChainOfThought("text -> label"), name="router", source=tmp_path / "bank.py", trainset=TRAIN
    )
    built(text="Goodbye")
    assert caplog.messages[0].endswith("`dspyc optimize bank.dspy:router`, then build bank.dspy again")


def test_optimising_writes_a_state_that_the_next_process_uses(tmp_path: Path, lm: Neighbour) -> None:
    student = ChainOfThought("text -> label")
    program = few_shot(tmp_path, student)
    evaluate = Evaluate(program, devset=DEV, metric=same_label)
    told: list[Progress] = []
    result = program.optimize(on_progress=told.append, evaluation=evaluate)
    assert result.state == tmp_path / "bank.router.state.json"
    assert result.score_before == 25.0
    assert result.score_after is not None
    assert result.score_after > 50
    assert {step.detail for step in told if step.stage == "evaluate"} == {"before", "after"}
    assert demos(student) == {"predict": []}

    later = few_shot(tmp_path)
    assert demos(later) == demos(program) == demos(result.program)
    assert Evaluate(later, devset=DEV, metric=same_label)().score == result.score_after
    assert later.named_predictors()[0][0] == "predict"


def test_the_state_is_readable(tmp_path: Path, lm: Neighbour) -> None:
    program = few_shot(tmp_path)
    program.optimize(evaluation=Evaluate(devset=DEV, metric=same_label))
    text = program.state_path.read_text(encoding="utf-8")
    content = json.loads(text)
    assert list(content) == [
        "dspyc_state", "program", "created", "optimizer", "arguments", "score", "predictors", "candidates",
    ]  # fmt: skip
    assert content["dspyc_state"] == 1
    assert datetime.datetime.fromisoformat(content["created"]).tzinfo is not None
    assert content["optimizer"]["name"] == "BootstrapFewShot"
    assert content["optimizer"]["parameters"]["metric"] == "same_label"
    assert content["arguments"] == {"trainset": "train.csv, 32 rows"}
    assert content["score"]["before"] == 25.0
    assert content["score"]["metric"] == "same_label"
    predictor = content["predictors"]["predict"]
    assert list(predictor) == ["instructions", "demos", "lm", "signature"]
    assert predictor["lm"] is None
    assert predictor["signature"]["inputs"] == {"text": "str"}
    assert predictor["signature"]["outputs"] == {"reasoning": "str", "label": "str"}
    assert list(predictor["demos"][0]) == ["augmented", "text", "reasoning", "label"]
    assert text.endswith("}\n")


def test_what_was_learned_outlives_a_measurement_that_breaks_off(tmp_path: Path, lm: Neighbour) -> None:
    calls = 0

    def interrupted(example: Any, pred: Any) -> bool:
        nonlocal calls
        calls += 1
        if calls > len(DEV):
            raise KeyboardInterrupt
        return same_label(example, pred)

    program = few_shot(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        program.optimize(evaluation=Evaluate(devset=DEV, metric=interrupted))
    assert demos(few_shot(tmp_path)) == demos(program)
    assert len(demos(program)["predict"]) == 12
    assert program.state is not None
    assert program.state.facts["score"] is None


def test_a_program_that_fails_on_many_rows_is_still_optimised(
    tmp_path: Path, lm: Neighbour, caplog: pytest.LogCaptureFixture
) -> None:
    lm.fails = lambda inputs: "card" in inputs["text"]
    with context(max_errors=1):
        optimizer = BootstrapFewShot(metric=same_label, max_bootstrapped_demos=2, max_errors=100)
        program = Program(
            optimizer, Predict("text -> label"), name="p", source=tmp_path / "f.dspy", trainset=TRAIN
        )
        result = program.optimize(evaluation=Evaluate(devset=DEV, metric=same_label))
        assert result.before is not None
        assert len(result.before.errors) > 1
        strict = program.optimize(evaluation=Evaluate(devset=DEV, metric=same_label, max_errors=1))
    assert strict.before is None
    assert any(
        text.startswith("the program is not measured before: the evaluation broke off")
        for text in caplog.messages
    )


def test_the_same_seed_gives_the_same_state(tmp_path: Path, lm: Neighbour) -> None:
    written = []
    for _ in range(2):
        program = few_shot(tmp_path)
        program.optimize()
        content = json.loads(program.state_path.read_text(encoding="utf-8"))
        del content["created"], content["optimizer"]["seconds"]
        written.append(content)
    assert written[0] == written[1]


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
    ("q, c -> a", "c, q -> a", ["the inputs have another order"]),
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
    assert f"does not fit it any more (`self`: {what[0]}" in message
    assert "dspyc optimize" in message
    with pytest.raises(StateError, match="does not fit it any more"):
        made(now, stale="error").predictors()


def test_a_type_that_is_defined_otherwise_is_noticed() -> None:
    def facts(**fields: Any) -> dict[str, Any]:
        record = pydantic.create_model("Record", **fields)
        return states.signature_facts(Signature({"q": (str, InputField()), "a": (record, OutputField())}))

    then = facts(x=(int, ...))
    changed = ["a type of its fields is defined otherwise"]
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


def test_fine_tuning_through_a_program(tmp_path: Path) -> None:
    weak = Neighbour({"label": "change_pin"})
    known = [({"text": row.text}, {"label": row.label}) for row in TRAIN]
    teacher = Predict("text -> label", lm=Neighbour(known=known))
    guide = Program(LabeledFewShot(k=1), teacher, name="guide", source=tmp_path / "f.dspy", trainset=TRAIN)
    program = Program(
        BootstrapFinetune(metric=same_label),
        Predict("text -> label"),
        name="tuned",
        source=tmp_path / "f.dspy",
        trainset=TRAIN,
        teacher=guide,
    )
    with context(lm=weak):
        result = program.optimize(evaluation=Evaluate(devset=DEV, metric=same_label))
        content = json.loads(result.state.read_text(encoding="utf-8"))
        assert content["predictors"]["self"]["lm"]["model"] == "test/neighbour-trained-1"
        assert content["arguments"] == {"trainset": "train.csv, 32 rows", "teacher": "guide"}
        assert program.predictors()[0].lm is not weak
    assert result.score_after is not None
    assert result.score_before is not None
    assert result.score_after > result.score_before


def test_the_best_candidates(tmp_path: Path, lm: Neighbour) -> None:
    optimizer = BootstrapRS(metric=same_label, num_candidate_programs=3, max_labeled_demos=6)

    def made() -> Program:
        return Program(
            optimizer,
            Predict("text -> label"),
            name="p",
            source=tmp_path / "f.dspy",
            trainset=TRAIN,
            valset=DEV,
        )

    best_two = made().top(2)
    with pytest.raises(StateError, match="has no state, so there are no best programs of it"):
        len(best_two)
    result = made().optimize()
    assert list(result.candidates) == sorted(result.candidates, reverse=True)
    assert len(result.candidates) == 6
    programs = made().top(3)
    assert [Evaluate(devset=DEV, metric=same_label)(one).score for one in programs] == list(
        result.candidates[:3]
    )
    assert demos(programs[0]) == demos(made())
    assert len(made().top(100)) == 6
    assert len(best_two) == 2


def test_a_program_of_a_program(tmp_path: Path, lm: Neighbour) -> None:
    first = few_shot(tmp_path, Predict("text -> label"))
    first.optimize()
    second = Program(BootstrapFinetune(), first, name="second", source=tmp_path / "bank.dspy", trainset=TRAIN)
    second.optimize()
    assert demos(second) == demos(first)
    assert [predictor.lm for predictor in first.predictors()] == [None]
    assert second.predictors()[0].lm is not None


def test_defaults_of_the_file_reach_the_module(tmp_path: Path) -> None:
    program = few_shot(tmp_path, Predict("text -> label"))
    apply_defaults({"lm": Neighbour({"label": "from the file"})}, program)
    assert program(text="x").label == "from the file"
    assert program.deepcopy()(text="x").label == "from the file"


async def _called(program: Program) -> str:
    label: str = (await program.acall(text="x")).label
    return label


def test_programs_are_called_in_every_way(tmp_path: Path, lm: Neighbour) -> None:
    import asyncio

    class Waits(Module):
        async def aforward(self, text: str) -> Prediction:
            await asyncio.sleep(0)
            return Prediction(label="waited")

    leaf, waits = few_shot(tmp_path, Predict("text -> label")), few_shot(tmp_path, Waits())
    assert (leaf.needs_loop, waits.needs_loop) == (False, True)
    assert (leaf(text="x").label, waits(text="x").label) == ("change_pin", "waited")
    assert asyncio.run(_called(leaf)) == "change_pin"
    assert asyncio.run(_called(waits)) == "waited"
    assert [one.label for one in waits.batch([{"text": "x"}] * 3)] == ["waited"] * 3
    # Inside another module it is a part that is finished: optimizers leave it alone.
    holder = Module()
    holder.part = leaf  # type: ignore[attr-defined]
    assert holder.named_predictors() == []


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
    ("{", "is no state file"),
    ("[]", "is no state file"),
    ({}, "it has no `dspyc_state`"),
    ({"dspyc_state": 99}, "has the format 99, and this version of dspyc reads 1; upgrade dspyc"),
    ({"dspyc_state": 1}, "`program` must be a string; there is"),
    ({"dspyc_state": 1, "program": "p"}, "`predictors` must be an object"),
    ({"dspyc_state": 1, "program": "p", "predictors": {"self": []}}, "the entry of `self` is no object"),
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
        f"delete the file to run un-optimised, or make it anew with: dspyc optimize {program.source}:"
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
    assert caplog.messages[0].startswith("a demo is left out of the state: a demo's `n` is 'unknown'")


def test_nothing_is_lost_when_optimising_fails(tmp_path: Path, lm: Neighbour) -> None:
    program = few_shot(tmp_path)
    program.optimize()
    before = program.state_path.read_bytes()
    lm.fails = lambda inputs: True
    with pytest.raises(OptimizerError):
        program.optimize()
    assert program.state_path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["bank.router.state.json"]


def test_a_state_that_cannot_be_written_is_found_before_the_work(tmp_path: Path, lm: Neighbour) -> None:
    program = few_shot(tmp_path, state="missing/router.json")
    with pytest.raises(StateError, match="there is no folder"):
        program.optimize()
    assert lm.asked == []


def test_where_the_state_is(tmp_path: Path) -> None:
    assert few_shot(tmp_path).state_path == tmp_path / "bank.router.state.json"
    assert few_shot(tmp_path, state="x/y.json").state_path == tmp_path / "x" / "y.json"
    assert few_shot(tmp_path, state="/tmp/y.json").state_path == Path("/tmp/y.json")
    with pytest.raises(ValueError, match="`stale` is 'warn' or 'error'"):
        few_shot(tmp_path, stale="ignore")


def test_an_optimizer_that_returns_other_predictors(tmp_path: Path) -> None:
    class Swap(Optimizer):
        def compile(self, student: Module, **arguments: Any) -> Module:
            return Steps()

    program = Program(Swap(), Predict("q -> a"), name="p", source=tmp_path / "f.dspy")
    with pytest.raises(StateError, match="other predictors: `first` and `second` instead of `self`"):
        program.optimize()
    assert list(tmp_path.iterdir()) == []


@dataclasses.dataclass
class Opaque:
    """Something that JSON does not know."""


def test_parameters_are_described_for_a_reader() -> None:
    described = learned.describe(
        {
            "metric": same_label,
            "lm": LM("openai/x"),
            "rows": [Example(a=1)],
            "n": [1, None],
            "o": Opaque(),
            LM("a/b"): 1,
        }
    )
    assert described == {
        "metric": "same_label",
        "lm": "openai/x",
        "rows": "1 examples",
        "n": [1, None],
        "o": "Opaque",
        "a/b": 1,
    }
    assert json.dumps(described)
    assert learned.describe({"api_key": "sk-secret", "lm": LM("openai/x", api_key="sk-secret")}) == {
        "lm": "openai/x"
    }
    assert learned.describe(TRAIN) == "train.csv, 32 rows"


def test_warnings_go_to_the_log(tmp_path: Path, lm: Neighbour, caplog: pytest.LogCaptureFixture) -> None:
    few_shot(tmp_path).predictors()
    assert [(record.name, record.levelno) for record in caplog.records] == [("dspyc", logging.WARNING)]
