"""Cassettes: what is recorded, what plays, what is missed, and that no key is written."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import LM, BaseLM, DummyLM, Predict, Prediction, context
from dspyc.runtime.errors import ReplayError
from dspyc.runtime.lm.cassettes.tape import Tape
from dspyc.runtime.lm.messages import Text, ToolCall
from dspyc.runtime.lm.request import Completion, Request, Response


def name(callers: Any) -> str:
    return callers[-1].signature.signature if callers else ""


class Silent(BaseLM):
    """A model that must not be asked."""

    model = "dummy"
    kwargs = {"temperature": 0.0, "max_tokens": 1000}  # noqa: RUF012 as those of DummyLM

    def complete(self, request: Request) -> Response:
        raise AssertionError("a model was asked")


def record(path: Path, program: Any, *titles: str) -> None:
    tape = Tape(path, "record", name)
    for title in titles:
        with tape.test(title):
            program()
    tape.save("m.dspy", list(titles))


def play(path: Path, title: str, program: Any) -> None:
    with Tape(path, "replay", name).test(title):
        program()


def test_what_is_recorded_is_played_without_a_model(tmp_path: Path) -> None:
    path = tmp_path / "m.cassette.jsonl"
    qa = Predict("question -> answer")

    def program() -> None:
        assert [qa(question=each).answer for each in ("a", "b")] == ["A", "B"]

    with context(lm=DummyLM([{"answer": "A"}, {"answer": "B"}])):
        record(path, program, "letters")
    before = path.read_text(encoding="utf-8")
    tape = Tape(path, "replay", name)
    with context(lm=Silent()), tape.test("letters"):
        program()
    with context(lm=DummyLM([{"answer": "A"}, {"answer": "B"}])):
        record(path, program, "letters")
    assert path.read_text(encoding="utf-8") == before
    roles = [next(iter(json.loads(line))) for line in before.splitlines()]
    assert roles == ["cassette", *["test", "system", "user", "answer"] * 2]


def test_the_order_does_not_depend_on_what_finishes_first(tmp_path: Path) -> None:
    texts = []
    for order in (["b", "a", "c"], ["c", "b", "a"]):
        path = tmp_path / f"{''.join(order)}.jsonl"
        qa = Predict("question -> answer")
        lm = DummyLM({each: {"answer": each.upper()} for each in "abc"})

        def program(order: list[str] = order, qa: Predict = qa, lm: DummyLM = lm) -> None:
            with context(lm=lm):
                for each in order:
                    qa(question=f"letter {each}")

        record(path, program, "letters")
        texts.append(path.read_text(encoding="utf-8"))
    assert texts[0] == texts[1]


def test_repeated_requests_have_their_answers_in_turn(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    qa = Predict("question -> answer")

    def program() -> list[str]:
        return [qa(question="a").answer for _ in range(2)]

    with context(lm=DummyLM([{"answer": "first"}, {"answer": "second"}])):
        record(path, program, "twice")
    tape = Tape(path, "replay", name)
    with context(lm=Silent()), tape.test("twice"):
        assert program() == ["first", "second"]

    def asks_more() -> None:
        program()
        program()

    with context(lm=Silent()), pytest.raises(ReplayError, match="the same request was recorded 2 times"):
        play(path, "twice", asks_more)


def test_one_answer_of_equal_requests_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    qa = Predict("question -> answer")
    with context(lm=DummyLM([{"answer": "x"}] * 3)):
        record(path, lambda: [qa(question="a") for _ in range(3)], "same")
    assert path.read_text(encoding="utf-8").count('"answer":') == 1
    with context(lm=Silent()), Tape(path, "replay", name).test("same"):
        assert [qa(question="a").answer for _ in range(5)] == ["x"] * 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"question": "b"}, "message 2 (user) had `[[ ## question ## ]] a Respond with"),
        ({"question": "a", "config": {"temperature": 1.0}}, "`temperature` was 0.0 and is 1.0"),
        ({"question": "a", "config": {"top_p": 0.5, "seed": 1}}, "the settings `seed` and `top_p` are"),
        ({"question": "a", "signature": "question, hint -> answer", "hint": "h"}, "message 1 (system) had"),
        ({"question": "a", "lm": LM("openai/x")}, "the model was `dummy` and is `openai/x`"),
    ],
)
def test_what_the_cassette_does_not_hold_is_named(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    path = tmp_path / "m.cassette.jsonl"
    qa = Predict("question -> answer")
    with context(lm=DummyLM([{"answer": "A"}])):
        record(path, lambda: qa(question="a"), "letters")
    tape = Tape(path, "replay", name)
    with context(lm=Silent()), pytest.raises(ReplayError) as raised, tape.test("letters"):
        qa(**change)
    message = str(raised.value)
    assert 'in the test "letters" sends a request that m.cassette.jsonl does not contain' in message
    assert words in message


def test_a_program_cannot_hide_what_was_missed(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    qa = Predict("question -> answer")
    with context(lm=DummyLM([{"answer": "A"}])):
        record(path, lambda: qa(question="a"), "letters")

    def hides_it() -> None:
        try:
            qa(question="b")
        except Exception:  # noqa: BLE001 as programs do
            answer = "none"
        assert answer == "none"

    def fails_otherwise() -> None:
        try:
            qa(question="b")
        except ReplayError:
            raise AssertionError("something else") from None

    for program in (hides_it, fails_otherwise):
        with context(lm=Silent()), pytest.raises(ReplayError, match="message 2"):
            play(path, "letters", program)


def test_tests_that_do_not_run_keep_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    qa = Predict("question -> answer")
    with context(lm=DummyLM([{"answer": str(number)} for number in range(9)])):
        record(path, lambda: qa(question="a"), "one", "two", "gone")
        tape = Tape(path, "record", name)
        with tape.test("two"):
            qa(question="b")
        tape.save("m.dspy", ["two", "one", "three"])
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["test"] for line in lines if "test" in line] == ["two", "one"]
    assert [line["answer"] for line in lines if "answer" in line] == [
        "[[ ## answer ## ]]\n3",
        "[[ ## answer ## ]]\n0",
    ]


def test_no_key_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.jsonl"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-of-the-environment-0123456789")

    class Answering(LM):
        def complete(self, request: Request) -> Response:
            return Response(["[[ ## answer ## ]]\nsk-canary-of-the-environment-0123456789"])

    lm = Answering(
        "openai/x",
        api_key="sk-canary-of-the-model-0123456789",
        api_base="https://me:canary-password@example.org/v1",
        extra_headers={"Authorization": "Bearer canary-of-a-header-0123456789"},
        cache=False,
    )
    qa = Predict("question -> answer", lm=lm)

    def program() -> None:
        qa(question="Is it sk-canary-of-the-environment-0123456789 or sk-canary-of-the-model-0123456789?")

    record(path, program, "keys")
    assert "canary" not in path.read_text(encoding="utf-8")
    with Tape(path, "replay", name).test("keys"):
        program()


def test_answers_with_several_parts_come_back(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"

    class Calling(BaseLM):
        model = "calling"

        def complete(self, request: Request) -> Response:
            parts = (Text("so"), ToolCall("c1", "search", {"query": "x"}))
            return Response([Completion(parts, "tool_calls")], model="calling")

    lm = Calling()
    record(path, lambda: lm("hello"), "calls")
    with Tape(path, "replay", name).test("calls"):
        (answer,) = lm("hello")
    assert answer["tool_calls"][0]["function"]["name"] == "search"


def test_a_wrapper_of_its_own_call_is_recorded_and_not_called(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    calls: list[Any] = []

    class Wrapper(BaseLM):
        model = "wrapper"

        def __call__(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
            calls.append(messages)
            return ["[[ ## answer ## ]]\nA"]

    qa = Predict("question -> answer", lm=Wrapper())
    record(path, lambda: qa(question="a"), "wrapped")
    assert len(calls) == 1
    with Tape(path, "replay", name).test("wrapped"):
        assert qa(question="a").answer == "A"
    assert len(calls) == 1


def test_requests_of_threads_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    qa = Predict("question -> answer", lm=DummyLM({"q": {"answer": "A"}}))
    rows = [Prediction(question=f"q{number}").with_inputs("question") for number in range(8)]
    record(path, lambda: qa.batch(rows, num_threads=8), "threads")
    assert path.read_text(encoding="utf-8").count('"test":') == 8
    assert threading.active_count() < 50
    twin = Predict("question -> answer", lm=Silent())
    with Tape(path, "replay", name).test("threads"):
        assert [each.answer for each in twin.batch(rows, num_threads=8)] == ["A"] * 8


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a cassette of this version"),
        ("{}\n", "is damaged at line 1"),
        ('{"cassette": 99}\n', "is not a cassette of this version"),
        ('{"cassette": 1}\n{"test": "a"\n', "is damaged at line 2"),
        ('{"cassette": 1}\n{"test": "a"}\n{"answer": "x"}\n', "is damaged"),
        ('{"cassette": 1}\n[1]\n', "is damaged at line 2"),
    ],
)
def test_a_damaged_cassette_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReplayError, match=words):
        Tape(path, "replay", name)


def test_what_answers_in_this_process_needs_no_cassette(tmp_path: Path) -> None:
    path = tmp_path / "m.cassette.jsonl"
    qa = Predict("question -> answer")

    def program(question: str = "a") -> Any:
        return qa(question=question).answer

    with context(lm=DummyLM({"a": {"answer": "A"}})):
        play(path, "letters", program)
    with context(lm=LM("embedded/base")):
        play(path, "letters", program)

    class Own(Silent):
        model = "own"
        in_process = True

        def complete(self, request: Request) -> Response:
            return Response(["[[ ## answer ## ]]\nmine"])

    with context(lm=DummyLM({"a": {"answer": "A"}})):
        record(path, program, "letters")
    with context(lm=Own()), Tape(path, "replay", name).test("letters"):
        assert program() == "mine"
    # What was recorded once is compared.
    with context(lm=DummyLM({"b": {"answer": "B"}})), pytest.raises(ReplayError, match=r"had .* and has"):
        play(path, "letters", lambda: program("b"))
    # Also in a test that was not recorded, or goes by another name.
    with context(lm=DummyLM({"a": {"answer": "other"}})), pytest.raises(ReplayError, match="nothing was"):
        play(path, "renamed", program)
    with context(lm=LM("gguf/x.gguf", fallbacks="openai/gpt-4o-mini")), pytest.raises(ReplayError):
        play(path, "other", program)
