"""Programs whose answers are shown while they are written."""

from __future__ import annotations

import asyncio
import copy
import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dspyc.runtime as dspy
from dspyc import load
from dspyc.runtime.adapters.incremental import FieldReader, ObjectReader, SectionReader, TagReader
from dspyc.runtime.adapters.lines import LineReader
from dspyc.runtime.adapters.plan import Plan
from dspyc.runtime.lm.stream import Delta
from support.asked import model
from support.openai_server import OpenAIServer

FIELDS = ("reasoning", "answer", "notes")


@pytest.fixture(scope="module")
def running() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def server(running: OpenAIServer) -> OpenAIServer:
    running.reset()
    return running


# --- cutting answers into fields --------------------------------------------------------------------------


def cut(reader: FieldReader, answer: str, sizes: random.Random) -> tuple[dict[str, str], list[str]]:
    """The texts of the fields, and the fields in the order in which they were complete."""
    texts: dict[str, str] = {}
    complete: list[str] = []
    at = 0
    chunks = []
    while at < len(answer):
        size = sizes.randint(1, 7)
        chunks += reader.feed(answer[at : at + size])
        at += size
    for chunk in [*chunks, *reader.end()]:
        assert chunk.field not in complete
        texts[chunk.field] = texts.get(chunk.field, "") + chunk.text
        complete += [chunk.field] * chunk.is_last
    return texts, complete


texts = st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from('[]#<>&"\\{}\n ,:')).map(
    str.strip
)


@given(st.lists(texts, min_size=3, max_size=3), st.randoms(use_true_random=False))
def test_sections_are_cut_as_they_come(values: list[str], sizes: random.Random) -> None:
    values = [each.replace("[[ ##", "[[ #") for each in values]
    wanted = dict(zip(FIELDS, values, strict=True))
    answer = "Well.\n" + "\n\n".join(f"[[ ## {name} ## ]]\n{text}" for name, text in wanted.items())
    answer += "\n\n[[ ## completed ## ]]\n"
    found, complete = cut(SectionReader(FIELDS), answer, sizes)
    assert {name: found.get(name, "") for name in FIELDS} == wanted
    assert complete == list(FIELDS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)


@settings(max_examples=30)
@given(
    st.dictionaries(texts | st.sampled_from(FIELDS), json_values),
    st.randoms(use_true_random=False),
    st.booleans(),
    st.sampled_from([None, 2]),
)
def test_members_are_cut_as_they_come(
    values: dict[str, Any], sizes: random.Random, ascii_only: bool, indent: int | None
) -> None:
    answer = f"```json\n{json.dumps(values, ensure_ascii=ascii_only, indent=indent)}\n```"
    found, complete = cut(ObjectReader(FIELDS), answer, sizes)
    assert complete == [name for name in values if name in FIELDS]
    for name in complete:
        value, text = values[name], found.get(name, "")
        assert (text if isinstance(value, str) else json.loads(text)) == value


@given(st.lists(texts, min_size=3, max_size=3), st.randoms(use_true_random=False))
def test_elements_are_cut_as_they_come(values: list[str], sizes: random.Random) -> None:
    wanted = dict(zip(FIELDS, values, strict=True))
    answer = "So: " + "\n".join(
        f"<{name}>\n{text.replace('&', '&amp;').replace('<', '&lt;')}\n</{name}>"
        for name, text in wanted.items()
    )
    found, complete = cut(TagReader(FIELDS), answer, sizes)
    assert {name: found.get(name, "") for name in FIELDS} == wanted
    assert complete == list(FIELDS)


@given(st.lists(texts, min_size=3, max_size=3), st.randoms(use_true_random=False), st.booleans())
def test_lines_are_cut_as_they_come(values: list[str], sizes: random.Random, goes_on: bool) -> None:
    wanted = {name: " ".join(text.split()) for name, text in zip(FIELDS, values, strict=True)}
    titles = {name.capitalize(): name for name in FIELDS}
    answer = "\n".join(f"{title}: {wanted[name]}" for title, name in titles.items()).partition(":")[2]
    answer += f"\n{FIELDS[0].capitalize()}: again\n\n---\n\nQuestion: …" if goes_on else "\n"
    found, complete = cut(LineReader(titles), answer, sizes)
    assert {name: found.get(name, "") for name in FIELDS} == wanted
    assert complete == list(FIELDS)


def test_a_base_models_answer_is_shown_as_it_is_written() -> None:
    reader = dspy.PlainAdapter().stream_reader(Plan(dspy.Signature("text -> short_title, tags: list[str]")))
    assert [chunk.text for chunk in reader.feed(" The sea\nand")] == ["The sea\nand"]
    assert [*reader.feed("\nTa")] == []
    assert [(chunk.field, chunk.text) for chunk in reader.feed('gs: ["a"')] == [
        ("short_title", ""), ("tags", '["a"'),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "answer", ["\nFirst: x\nSecond: y", "First: x\nSecond: y", " x\nFirst: z\nSecond: y", "Fir"]
)
def test_a_title_that_is_written_again_is_no_value(answer: str) -> None:
    signature = dspy.Signature("q -> first, second" if "Second" in answer else "q -> first")
    reader = dspy.PlainAdapter().stream_reader(Plan(signature))
    found: dict[str, str] = {}
    for chunk in [*(chunk for char in answer for chunk in reader.feed(char)), *reader.end()]:
        found[chunk.field] = found.get(chunk.field, "") + chunk.text
    assert found == dspy.PlainAdapter().parse(signature, answer)


def test_nothing_is_held_back_that_can_be_shown() -> None:
    reader = SectionReader(("answer",))
    assert not list(reader.feed("[[ ## answer ## ]]\n"))
    assert [chunk.text for chunk in reader.feed("It is so [see 1]. [[ ")] == ["It is so [see 1]."]
    assert [chunk.text for chunk in reader.feed("1 ]]")] == [" [[ 1 ]]"]


# --- programs ---------------------------------------------------------------------------------------------

ANSWER = (
    "[[ ## reasoning ## ]]\nIt is so, I think.\n\n[[ ## answer ## ]]\nforty-two [42]\n\n[[ ## completed ## ]]"
)


def text_of(pieces: list[Any], field: str) -> str:
    return "".join(
        each.chunk
        for each in pieces
        if isinstance(each, dspy.StreamResponse) and each.signature_field_name == field
    )


def test_a_module_streams_its_outputs(server: OpenAIServer) -> None:
    server.script(ANSWER)
    with dspy.context(lm=model(server, cache=False)):
        pieces = list(dspy.ChainOfThought("question -> answer").stream(question="?"))
    assert text_of(pieces, "reasoning") == "It is so, I think."
    assert text_of(pieces, "answer") == "forty-two [42]"
    assert sum(isinstance(each, dspy.StreamResponse) for each in pieces) > 4
    assert [each.signature_field_name for each in pieces[:-1] if each.is_last_chunk] == [
        "reasoning",
        "answer",
    ]
    assert {each.predict_name for each in pieces[:-1]} == {"predict"}
    assert pieces[-1].answer == "forty-two [42]"
    assert server.requests[0].body["stream"] is True


@pytest.mark.parametrize(
    ("adapter", "answer"),
    [
        (dspy.JSONAdapter(), '{"answer": "a \\u00e4 b", "count": 3}'),
        (dspy.XMLAdapter(), "<answer>a ä b</answer>\n<count>3</count>"),
        (dspy.ChatAdapter(), '{"answer": "a ä b", "count": 3}'),  # in another form than asked for
    ],
)
def test_every_adapter_streams(server: OpenAIServer, adapter: dspy.Adapter, answer: str) -> None:
    server.script(answer)
    with dspy.context(lm=model(server, cache=False), adapter=adapter):
        pieces = list(dspy.Predict("question -> answer, count: int").stream(question="?"))
    assert text_of(pieces, "answer") == "a ä b"
    assert text_of(pieces, "count") == "3"
    assert pieces[-1].count == 3


def test_values_grow_in_their_types(server: OpenAIServer) -> None:
    server.script('[[ ## names ## ]]\n["Ada", "Grace Hopper"]\n\n[[ ## note ## ]]\nTwo of them.')
    seen: dict[str, list[Any]] = {"names": [], "note": []}
    with dspy.context(lm=model(server, cache=False)):
        for piece in dspy.Predict("question -> names: list[str], note").stream(question="?"):
            if isinstance(piece, dspy.StreamResponse):
                seen[piece.signature_field_name].append(copy.copy(piece.value))
    assert seen["names"][-1] == ["Ada", "Grace Hopper"]
    assert all(isinstance(each, list) for each in seen["names"])
    assert seen["note"][-1] == "Two of them."


def test_an_answer_that_cannot_be_used_is_taken_back(server: OpenAIServer) -> None:
    server.script("[[ ## count ## ]]\nmany", "[[ ## count ## ]]\n3")
    with dspy.context(lm=model(server, cache=False)):
        pieces = list(dspy.Predict("question -> count: int").stream(question="?"))
    again = pieces.index(dspy.StreamRestart("self"))
    assert text_of(pieces[:again], "count") == "many"
    assert text_of(pieces[again:], "count") == "3"


def test_what_the_cache_has_comes_at_once(server: OpenAIServer) -> None:
    server.script(ANSWER)
    asked = model(server)
    with dspy.context(lm=asked):
        module = dspy.ChainOfThought("question -> answer")
        assert module(question="cached?").answer == "forty-two [42]"
        pieces = list(module.stream(question="cached?"))
    assert text_of(pieces, "answer") == "forty-two [42]"
    assert len(server.requests) == 1


PROGRAM = """
signature Write:
    input topic: str
    output text: str

module Article:
    input topics: list[str]
    output texts: list[str]

    write = Predict(Write)

    forward:
        return texts=[write(topic=topic).text for topic in topics]

module article = Article()
"""


def test_a_compiled_program_streams_its_concurrent_calls(server: OpenAIServer, tmp_path: Path) -> None:
    server.answer = lambda body: "[[ ## text ## ]]\nsome words"
    (tmp_path / "article.dspy").write_text(PROGRAM, encoding="utf-8")
    article = load(tmp_path / "article.dspy").article
    with dspy.context(lm=model(server, cache=False)):
        pieces = list(article.stream(topics=["a", "b", "c"]))
    assert {each.predict_name for each in pieces[:-1]} == {"write"}
    assert sum(each.is_last_chunk for each in pieces[:-1]) == 3
    assert len(pieces[-1].texts) == 3


def test_without_a_listener_nothing_is_streamed(server: OpenAIServer) -> None:
    server.script(ANSWER)
    with dspy.context(lm=model(server, cache=False)):
        dspy.ChainOfThought("question -> answer")(question="?")
    assert "stream" not in server.requests[0].body


class Slow(dspy.BaseLM):
    """Writes a word a moment, and notes whether it was stopped."""

    model = "test/slow"

    def __init__(self) -> None:
        super().__init__(model="test/slow", cache=False)
        self.ended = threading.Event()

    async def stream(self, request: Any) -> Any:
        try:
            yield Delta(text="[[ ## answer ## ]]\n")
            for number in range(1000):
                yield Delta(text=f"{number} ")
                await asyncio.sleep(0.005)
        finally:
            self.ended.set()


def test_a_consumer_that_goes_stops_the_call() -> None:
    slow = Slow()
    with dspy.context(lm=slow):
        pieces = dspy.Predict("question -> answer").stream(question="?")
        assert isinstance(next(pieces), dspy.StreamResponse)
        pieces.close()
    assert slow.ended.wait(10)


@pytest.mark.asyncio
async def test_an_asynchronous_consumer_that_goes_stops_the_call() -> None:
    slow = Slow()
    with dspy.context(lm=slow):
        pieces = dspy.Predict("question -> answer").astream(question="?")
        async for piece in pieces:
            assert isinstance(piece, dspy.StreamResponse)
            break
        await pieces.aclose()
    assert slow.ended.wait(10)


def test_an_error_ends_the_stream(server: OpenAIServer) -> None:
    server.script("[[ ## count ## ]]\nmany")
    with dspy.context(lm=model(server, cache=False), max_retries=0):
        pieces = dspy.Predict("question -> count: int").stream(question="?")
        with pytest.raises(dspy.AdapterParseError):
            list(pieces)


# --- DSPy's form ------------------------------------------------------------------------------------------


class Two(dspy.Module):
    def __init__(self) -> None:
        self.first = dspy.Predict("question -> answer")
        self.second = dspy.Predict("question, answer -> verdict")

    def forward(self, question: str) -> Any:
        answer = self.first(question=question).answer
        return self.second(question=question, answer=answer)


async def listened(program: Any, **inputs: Any) -> list[Any]:
    return [each async for each in program(**inputs)]


@pytest.mark.asyncio
async def test_listeners_hear_their_field(server: OpenAIServer) -> None:
    server.script("[[ ## answer ## ]]\nblue", "[[ ## verdict ## ]]\nright")
    program = dspy.streamify(Two(), stream_listeners=[dspy.StreamListener("verdict")])
    with dspy.context(lm=model(server, cache=False)):
        pieces = await listened(program, question="?")
    assert text_of(pieces, "verdict") == "right"
    assert text_of(pieces, "answer") == ""
    assert {each.predict_name for each in pieces[:-1]} == {"second"}
    assert pieces[-1].verdict == "right"


@pytest.mark.asyncio
async def test_the_prediction_may_be_left_out(server: OpenAIServer) -> None:
    server.script("[[ ## answer ## ]]\nblue")
    program = dspy.streamify(
        dspy.Predict("question -> answer"),
        stream_listeners=[dspy.StreamListener("answer")],
        include_final_prediction_in_output_stream=False,
    )
    with dspy.context(lm=model(server, cache=False)):
        pieces = await listened(program, question="?")
    assert all(isinstance(each, dspy.StreamResponse) for each in pieces)


def test_pieces_come_as_they_are_without_listeners(server: OpenAIServer) -> None:
    server.script("[[ ## answer ## ]]\nblue")
    program = dspy.streamify(dspy.Predict("question -> answer"), async_streaming=False)
    with dspy.context(lm=model(server, cache=False)):
        pieces = list(program(question="?"))
    deltas = [each for each in pieces if isinstance(each, Delta)]
    assert "".join(each.text for each in deltas) == "[[ ## answer ## ]]\nblue"
    assert pieces[-1].answer == "blue"


def test_listeners_must_fit_the_program() -> None:
    with pytest.raises(dspy.ConfigurationError, match="no predictor of the program has an output `verdikt`"):
        dspy.streamify(Two(), stream_listeners=[dspy.StreamListener("verdikt")])
    twice = dspy.Module()
    twice.a, twice.b = dspy.Predict("q -> answer"), dspy.Predict("q -> answer")
    with pytest.raises(dspy.ConfigurationError, match="answer is not unique in the program: `a` and `b`"):
        dspy.streamify(twice, stream_listeners=[dspy.StreamListener("answer")])
    dspy.streamify(twice, stream_listeners=[dspy.StreamListener("answer", predict=twice.b)])


class Loud(dspy.StatusMessageProvider):
    def module_start_status_message(self, instance: Any, inputs: dict[str, Any]) -> str | None:
        return f"{type(instance).__name__} begins"

    def lm_end_status_message(self, outputs: Any) -> str | None:
        return "the model has answered"


@pytest.mark.asyncio
async def test_status_messages(server: OpenAIServer) -> None:
    server.script("[[ ## answer ## ]]\nblue")
    program = dspy.streamify(dspy.Predict("question -> answer"), status_message_provider=Loud())
    with dspy.context(lm=model(server, cache=False)):
        pieces = await listened(program, question="?")
    said = [each.message for each in pieces if isinstance(each, dspy.StatusMessage)]
    assert said == ["Predict begins", "the model has answered"]


@pytest.mark.asyncio
async def test_server_sent_events(server: OpenAIServer) -> None:
    server.script("[[ ## answer ## ]]\nblue")
    program = dspy.streamify(
        dspy.Predict("question -> answer"), stream_listeners=[dspy.StreamListener("answer")]
    )
    with dspy.context(lm=model(server, cache=False)):
        events = [each async for each in dspy.streaming_response(program(question="?"))]
    assert events[-1] == "data: [DONE]\n\n"
    found = [json.loads(each.removeprefix("data: ")) for each in events[:-1]]
    assert "".join(each.get("chunk", "") for each in found) == "blue"
    assert found[-1] == {"prediction": {"answer": "blue"}}
