"""Every door types its values: calls, rows, rewards, tools, demos, states, conversations."""

from __future__ import annotations

import datetime
import enum
import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

import dspyc
import dspyc.runtime as dspy
from dspyc.runtime.values.inputs import Misfit, as_typed


class Address(BaseModel):
    city: str
    country: str


class Seller(BaseModel):
    name: str
    address: Address


class Term(BaseModel):
    name: str
    source: str = "none"


class Aliased(BaseModel):
    country: str = Field(alias="countryCode")
    inner: Aliased | None = None


@dataclass
class Point:
    x: float
    y: float


class Row(TypedDict):
    term: Term
    size: int


class Kind(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Circle(BaseModel):
    kind: Literal["circle"]
    radius: float


class Square(BaseModel):
    kind: Literal["square"]
    side: float


TERM = {"name": "a", "source": "b"}


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (TERM, Term, Term(**TERM)),
        ([TERM], list[Term], [Term(**TERM)]),
        ((TERM,), list[Term], [Term(**TERM)]),
        ({"k": [TERM]}, dict[str, list[Term]], {"k": [Term(**TERM)]}),
        (TERM, Term | None, Term(**TERM)),
        (None, Term | None, None),
        ([None, TERM], list[Term | None], [None, Term(**TERM)]),
        ({"x": 1, "y": 2}, Point, Point(1, 2)),
        ({"term": TERM, "size": 1}, Row, {"term": Term(**TERM), "size": 1}),
        ([1, TERM], tuple[int, Term], (1, Term(**TERM))),
        ([TERM, TERM], tuple[Term, ...], (Term(**TERM), Term(**TERM))),
        ("red", Kind, Kind.RED),
        ("RED", Kind, Kind.RED),
        (["a", "a"], set[str], {"a"}),
        ({"1": "x"}, dict[int, str], {1: "x"}),
        ("3", int, 3),
        ("3", int | str, "3"),
        ("3", Literal[3, 4], 3),
        ("1.10", Decimal, Decimal("1.10")),
        ("2024-02-29", datetime.date, datetime.date(2024, 2, 29)),
        ("", int | None, None),
        ('{"name": "a", "source": "b"}', Term, Term(**TERM)),
        ('[{"name": "a", "source": "b"}]', list[Term], [Term(**TERM)]),
        ({"kind": "square", "side": 1}, Circle | Square, Square(kind="square", side=1)),
        (TERM, str | Term, Term(**TERM)),
        (dspy.Example(TERM), Term, Term(**TERM)),
    ],
)
def test_a_value_takes_its_fields_type(value: Any, annotation: Any, expected: Any) -> None:
    found = as_typed(value, annotation)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (Term(**TERM), Term),
        ([Term(**TERM)], list[Term]),
        ({"a": Term(**TERM)}, dict[str, Term | None]),
        (3, float),
        (["a", 1], str),
        ("None", str | None),
        ((1, "a"), tuple[int, str]),
        (object(), object),
    ],
)
def test_a_value_of_its_type_stays_the_same_object(value: Any, annotation: Any) -> None:
    assert as_typed(value, annotation) is value


@pytest.mark.parametrize(
    ("value", "annotation", "message"),
    [
        ({"name": "x", "address": {"city": "y", "country": 5}}, Seller, "`f.address.country` is 5"),
        (
            {"name": "x", "address": {"city": "y"}},
            Seller,
            "`f.address` is {'city': 'y'}, which lacks `country`",
        ),
        ([TERM, {"name": 3}], list[Term], "`f[1].name` is 3"),
        ({"k": "abc"}, dict[str, int], "`f.k` is 'abc', which is not of type `int`"),
        ("green", Kind, "`f` is 'green', which is not one of 'red', 'blue'"),
        ("c", Literal["a", "b"], "`f` is 'c', which is not one of 'a', 'b'"),
        (TERM, list[Term], "which is not of type `list[Term]`"),
        ([1], tuple[int, str], "has 1 items, not 2"),
        (5, datetime.date, "`f` is 5, which is not of type `date`"),
        ("9" * 5000, int, "is too long for a number (5000 characters)"),
        ("[" * 100_000, list[int], "which is not of type `list[int]`"),
        ("{" * 100_000, Term, "which is not of type `Term`"),
        (["ok", "\udcff"], list[str], "`f[1]` is '?', which contains half of a character (U+DCFF"),
        ({"a": {"b": ["\ud800"]}}, Any, "`f.a.b[0]` is '?', which contains half of a character (U+D800"),
    ],
)
def test_a_value_of_another_type_is_named_with_its_path(value: Any, annotation: Any, message: str) -> None:
    with pytest.raises(Misfit) as caught:
        as_typed(value, annotation)
    assert message in caught.value.describe("f")


# --- calls ----------------------------------------------------------------------------------------------

PICK = dspy.Signature(
    {
        "terms": (list[Term], dspy.InputField()),
        "limit": (int, dspy.InputField(default=10)),
        "hint": (str | None, dspy.InputField()),
        "best": (Term, dspy.OutputField()),
    }
)


class Echo(dspy.BaseLM):
    """Answers with the same values always, and counts its calls."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.text = dspy.ChatAdapter().format_answer(answer)
        self.calls = 0

    def complete(self, request: dspy.Request) -> dspy.Response:
        self.calls += 1
        return dspy.Response((self.text,), finish_reason="stop")


def test_a_call_types_its_inputs_and_adds_the_defaults() -> None:
    with dspy.context(lm=Echo({"best": TERM}), trace=[]):
        dspy.Predict(PICK)(terms=[TERM], limit="3")
        dspy.Predict(PICK)(terms=[Term(**TERM)])
        first, second = (inputs for _, inputs, _ in dspy.settings.trace)
    assert first == {"terms": [Term(**TERM)], "limit": 3}
    assert second == {"terms": [Term(**TERM)], "limit": 10}


def test_a_call_that_cannot_be_typed_asks_nobody() -> None:
    lm = Echo({"best": TERM})
    with dspy.context(lm=lm), pytest.raises(dspy.InputError) as caught:
        dspy.Predict(PICK)(terms=[TERM, {"source": "x"}])
    assert str(caught.value) == "the input `terms[1]` is {'source': 'x'}, which lacks `name`"
    assert (caught.value.field, caught.value.value, lm.calls) == ("terms[1]", {"source": "x"}, 0)


def test_a_lone_surrogate_asks_nobody() -> None:
    lm = Echo({"answer": "x"})
    with (
        dspy.context(lm=lm),
        pytest.raises(dspy.InputError, match=r"`question` is 'a\?b', which contains half"),
    ):
        dspy.Predict("question -> answer")(question="a\ud800b")
    assert lm.calls == 0


def test_text_and_untyped_inputs_take_any_value() -> None:
    predict = dspy.Predict("a, b: str -> c")
    text = predict.messages(a={"x": [1]}, b=["p", "q"])[-1]["content"]
    assert '{"x": [1]}' in text
    assert "[1] «p»\n[2] «q»" in text


@pytest.mark.parametrize("make", ["BestOfN", "Refine"])
def test_a_reward_reads_typed_and_defaulted_inputs(make: str) -> None:
    seen: list[Any] = []

    def reward(args: Any, pred: Any) -> float:
        seen.append((args.terms[0].source, args.limit, args.hint))
        return 1.0

    module = getattr(dspy, make)(dspy.Predict(PICK), N=1, reward_fn=reward, threshold=1.0)
    with dspy.context(lm=Echo({"best": TERM})):
        module(terms=[TERM])
    assert seen == [("b", 10, None)]


ROWS = [dspy.Example(terms=[TERM], best=TERM).with_inputs("terms") for _ in range(3)]


def same(example: Any, pred: Any, trace: Any = None) -> bool:
    return bool(example.best.source == pred.best.source and example.limit == 10 and example.terms[0].name)


def test_a_metric_reads_typed_rows_with_the_defaulted_inputs() -> None:
    with dspy.context(lm=Echo({"best": TERM})):
        result = dspy.Evaluate(devset=ROWS, metric=same)(dspy.Predict(PICK))
        assert result.score == 100
        assert result.rows[0].example is ROWS[0]
        tuned = dspy.BootstrapFewShot(metric=same).compile(dspy.Predict(PICK), trainset=ROWS)
        assert tuned.demos[0].best == Term(**TERM)
        traces = dspy.bootstrap_trace_data(dspy.Predict(PICK), ROWS, same)
    assert [entry["score"] for entry in traces] == [True, True, True]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"terms": [TERM], "best": {"nam": "x"}},
            "row 2: the label `best` is {'nam': 'x'}, which lacks `name`",
        ),
        ({"terms": [3], "best": TERM}, "row 2: the input `terms[0]` is 3, which is not of type `Term`"),
    ],
)
def test_a_row_that_does_not_fit_is_named(row: dict[str, Any], message: str) -> None:
    rows = [ROWS[0], dspy.Example(row).with_inputs("terms")]
    with dspy.context(lm=Echo({"best": TERM})):
        result = dspy.Evaluate(devset=rows, metric=same)(dspy.Predict(PICK))
        assert [str(error) for error in result.errors.values()] == [message]


def test_a_label_that_is_not_of_its_type_is_left_to_the_metric() -> None:
    rows = [dspy.Example(q="x", label="A b").with_inputs("q")]
    signature = dspy.Signature("q -> label: Literal['a_b', 'c']")
    metric = lambda example, pred: example.label.replace(" ", "_").lower() == pred.label  # noqa: E731
    with dspy.context(lm=Echo({"label": "a_b"})):
        assert dspy.Evaluate(devset=rows, metric=metric)(dspy.Predict(signature)).score == 100


def test_a_batch_types_its_rows_and_names_the_bad_one() -> None:
    with dspy.context(lm=Echo({"best": TERM})):
        good, bad, errors = dspy.Predict(PICK).batch(
            [{"terms": [TERM]}, {"terms": "none"}], return_failed_examples=True
        )
    assert good[0].best == Term(**TERM)
    assert bad == [{"terms": "none"}]
    assert str(errors[0]).startswith("row 2: the input `terms` is 'none'")


def test_a_tools_arguments_are_typed() -> None:
    def area(shape: Circle | Square, at: Point, terms: list[Term]) -> str:
        return f"{type(shape).__name__} {type(at).__name__} {terms[0].source}"

    tool = dspy.Tool(area)
    assert tool(shape={"kind": "square", "side": 2}, at={"x": 1, "y": 2}, terms=[TERM]) == "Square Point b"


# --- demos and states -----------------------------------------------------------------------------------


def test_demos_are_typed_and_a_wrong_one_is_named() -> None:
    predict = dspy.Predict(PICK, demos=[{"terms": [TERM], "limit": 1, "best": TERM}])
    assert predict.demos[0]["best"] == Term(**TERM)
    with pytest.raises(dspy.InputError, match=r"`demos\[0\].best.name` is 5"):
        dspy.Predict(PICK, demos=[{"terms": [TERM], "best": {"name": 5}}])


def test_records_with_aliases_go_round(tmp_path: Path) -> None:
    """The schema, the demos, the saved demos and the answers name a field alike."""
    signature = dspy.Signature({"q": dspy.InputField(), "a": (Aliased, dspy.OutputField())})
    value = Aliased.model_validate({"countryCode": "BE", "inner": {"countryCode": "NL"}})
    written = '{"countryCode": "BE", "inner": {"countryCode": "NL", "inner": null}}'
    predict = dspy.Predict(signature, demos=[{"q": "x", "a": {"country": "BE", "inner": {"country": "NL"}}}])
    assert predict.demos[0]["a"] == value
    system, _, demo, _ = (message["content"] for message in predict.messages(q="y"))
    assert '"countryCode"' in system
    assert written in demo
    predict.save(tmp_path / "state.json")
    assert json.loads((tmp_path / "state.json").read_text())["demos"][0]["a"] == json.loads(written)
    twin = dspy.Predict(signature)
    twin.load(tmp_path / "state.json")
    assert twin.demos[0].a == value
    for text in (written, written.replace("countryCode", "country")):
        assert dspy.ChatAdapter().parse(signature, f"[[ ## a ## ]]\n{text}") == {"a": value}


# --- conversations --------------------------------------------------------------------------------------

TURNS = [{"question": "What is 1+1?", "answer": "2"}]
CHAT = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "See [[ ## answer ## ]]"}]


@pytest.mark.parametrize("form", [list, tuple, json.dumps, lambda turns: {"messages": turns}])
def test_a_conversation_is_taken_in_every_form(form: Any) -> None:
    chat = dspy.Predict("question, history: History -> answer")
    expected = chat.messages(question="now", history=dspy.History(messages=TURNS))
    assert len(expected) == 4
    assert chat.messages(question="now", history=form(TURNS)) == expected
    _, user, assistant, _ = chat.messages(question="now", history=form(CHAT))
    assert user == {"role": "user", "content": "Hi"}
    assert assistant == {"role": "assistant", "content": r"See [\[ ## answer ## ]\]"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("hello", "a conversation must be a list of turns"),
        (5, "is not of type `History`"),
        ([{"text": "hello"}], r"`history\[0\]` has `text`"),
        ([{"role": "robot", "content": "x"}], r"`history\[0\]` has `role` and `content`"),
        (["hello"], r"`history.messages\[0\]` is 'hello'"),
    ],
)
def test_what_is_no_conversation_is_refused(given: Any, message: str) -> None:
    chat = dspy.Predict("question, history: History -> answer")
    with pytest.raises(dspy.InputError, match=message):
        chat.messages(question="now", history=given)


# --- a file ---------------------------------------------------------------------------------------------

PROGRAM = '''
type Term:
    """A term."""
    name: str
    source: str = "none"

signature Pick:
    """Pick the best term."""
    input terms: list[Term]
    input limit: int = 10
    output best: Term

module Picker:
    """Pick."""
    input terms: list[Term]
    input limit: int = 10
    output best: Term
    pick = Predict(Pick)
    forward:
        return best=pick(terms=[term for term in terms if term.source != ""], limit=limit).best

module picker = Picker()

def good(args, pred) -> float:
    return 1.0 if args.terms[0].source == "b" and args.limit == 10 and pred.best.name == "a" else 0.0

module refined = Refine(picker, N=1, reward_fn=good)

def same(example, pred) -> bool:
    return example.best.source == pred.best.source and example.limit == 10
'''


def test_a_compiled_program_gets_records(tmp_path: Path) -> None:
    path = tmp_path / "picker.dspy"
    path.write_text(PROGRAM)
    program = dspyc.load(path)
    lm = Echo({"best": TERM})
    with dspy.context(lm=lm):
        assert program.picker(terms=[TERM]).best.source == "b"
        assert program.refined(terms=[TERM]).best.name == "a"
        assert dspy.Evaluate(devset=ROWS, metric=program.same)(program.picker).score == 100
        assert dspy.Evaluate(devset=ROWS, metric=program.same)(program.refined).score == 100
        with pytest.raises(dspy.InputError, match=r"the input `terms\[0\]` is \{\}, which lacks `name`"):
            program.picker(terms=[{}])


@pytest.mark.parametrize("value", [10**5_000, [10**5_000], {"a": {"b": -(10**5_000)}}], ids=range(3))
def test_a_number_that_cannot_be_written_is_an_input_error(value: Any) -> None:
    predict = dspy.Predict("q: Any -> a", lm=dspy.DummyLM([{"a": "x"}]))
    with pytest.raises(dspy.InputError, match="more than 4,300 digits"):
        predict(q=value)


def in_itself(value: Any) -> Any:
    value["a" if isinstance(value, dict) else slice(0)] = value if isinstance(value, dict) else [value]
    return value


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("kind", ["", ": Any", ": list | dict", ": list[list] | dict[str, dict]"])
@pytest.mark.parametrize("value", [in_itself([]), in_itself({}), nested(5_000)], ids=["list", "dict", "deep"])
def test_a_value_without_an_end_is_an_input_error(kind: str, value: Any) -> None:
    predict = dspy.Predict(f"q{kind} -> a", lm=dspy.DummyLM([{"a": "x"}]))
    with pytest.raises(dspy.InputError, match="contains itself or is nested too deeply") as caught:
        predict(q=value)
    assert len(str(caught.value)) < 2_000
