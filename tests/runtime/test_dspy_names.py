"""Names that only DSPy's paths have, and programs and streams as DSPy's."""

from __future__ import annotations

import asyncio
import threading
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal
from unittest.mock import patch

import pydantic
import pytest

import dspyc.runtime as dspy
from dspyc.runtime.adapters.base import Adapter
from dspyc.runtime.errors import BatchError


def at(path: str, name: str) -> Any:
    """A name at one of DSPy's paths."""
    return getattr(import_module(f"dspyc.runtime.{path}"), name)


# --- the cache in its place -----------------------------------------------------------------------------


def test_a_cache_for_a_while(tmp_path: Path) -> None:
    before = dspy.cache
    one, two = dspy.Cache(disk_cache_dir=tmp_path / "one"), dspy.Cache(disk_cache_dir=tmp_path / "two")
    with patch.object(dspy, "cache", one):

        @dspy.request_cache()
        def shout(text: str) -> str:
            return text.upper()

        assert shout(text="a") == "A"
        with patch.object(dspy, "cache", two):
            assert dspy.cache is two
            assert len(two.memory_cache) == 0
        assert dspy.cache is one
        with patch.object(one, "get", return_value="kept") as get:
            assert shout(text="a") == "kept"
        get.assert_called_once()
    assert dspy.cache.store is before.store


# --- streams --------------------------------------------------------------------------------------------


class OwnCall(dspy.Module):
    """A program that defines nothing but its call."""

    def __init__(self) -> None:
        super().__init__()
        self.ask = dspy.Tool(lambda x: f"What colour is the {x}?", name="ask")
        self.answer = dspy.Predict("question -> answer")

    def __call__(self, x: str) -> Any:
        return self.answer(question=self.ask(x=x))


def test_programs_with_a_call_of_their_own() -> None:
    with dspy.context(lm=dspy.DummyLM([{"answer": "blue"}] * 3)):
        assert asyncio.run(OwnCall().acall(x="sky")).answer == "blue"
        pieces = list(dspy.streaming.apply_sync_streaming(dspy.streamify(OwnCall())("sky")))
        *_, last = OwnCall().stream(x="sky")
    said = [piece.message for piece in pieces if isinstance(piece, dspy.streaming.StatusMessage)]
    assert said[0] == "Calling tool ask..."
    assert len(said) == 2
    assert pieces[-1].answer == last.answer == "blue"


class Pieces(dspy.BaseLM):
    """A model that writes a text in given pieces."""

    def __init__(self, *pieces: str) -> None:
        super().__init__("pieces")
        self.pieces = pieces

    async def stream(self, request: Any) -> Any:
        for piece in self.pieces:
            yield dspy_delta(piece)
        yield dspy_delta("", finish_reason="stop")


def dspy_delta(text: str, **facts: Any) -> Any:
    """A piece of an answer."""
    return at("lm.stream", "Delta")(text=text, **facts)


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (("[[ ## answer ## ]]\n", "To", " be", "!\n\n[[ ##", " completed ## ]]"), ["To", " be", "!"]),
        (("[[ ## answer ## ]]\nTo be!\n\n[[ ## completed ## ]]",), ["To be!"]),
        (("[[ ## answer ## ]]\n", "To be"), ["To be"]),
    ],
)
def test_the_last_piece_for_a_listener_has_text(pieces: tuple[str, ...], expected: list[str]) -> None:
    listener = dspy.streaming.StreamListener("answer")
    run = dspy.streamify(
        dspy.Predict("question -> answer"), stream_listeners=[listener], async_streaming=False
    )
    with dspy.context(lm=Pieces(*pieces)):
        heard = [piece for piece in run(question="?") if isinstance(piece, dspy.streaming.StreamResponse)]
    assert [piece.chunk for piece in heard] == expected
    assert [piece.is_last_chunk for piece in heard] == [False] * (len(expected) - 1) + [True]


def test_no_raw_pieces_from_the_cache(tmp_path: Path) -> None:
    lm = Pieces("[[ ## answer ## ]]\n", "To be")
    lm.cache = True
    run = dspy.streamify(dspy.Predict("question -> answer"), async_streaming=False)
    with patch.object(dspy, "cache", dspy.Cache(disk_cache_dir=tmp_path)), dspy.context(lm=lm):
        first, second = list(run(question="?")), list(run(question="?"))
    assert len(first) > 2
    assert [type(piece) for piece in second] == [dspy.Prediction]


def test_events_are_compact() -> None:
    async def events() -> list[str]:
        run = dspy.streamify(dspy.Predict("question -> answer"))
        with dspy.context(lm=dspy.DummyLM([{"answer": "To be"}])):
            return [event async for event in dspy.streaming.streaming_response(run(question="?"))]

    found = asyncio.run(events())
    assert 'data: {"prediction":{"answer":"To be"}}\n\n' in found
    assert found[-1] == "data: [DONE]\n\n"


# --- running on many items ------------------------------------------------------------------------------


def fails_at(*numbers: int) -> Any:
    """A function that fails for some numbers."""

    def work(number: int) -> int:
        if number in numbers:
            raise ValueError(f"not {number}")
        return number * 2

    return work


@pytest.mark.parametrize("threads", [1, 3])
def test_an_executor_says_what_failed(threads: int) -> None:
    executor = at("utils.parallelizer", "ParallelExecutor")(num_threads=threads, max_errors=3, timeout=None)
    assert executor.execute(fails_at(3, 5), [1, 2, 3, 4, 5]) == [2, 4, None, 8, None]
    assert executor.failed_indices == [2, 4]
    assert {index: str(error) for index, error in executor.exceptions_map.items()} == {
        2: "not 3",
        4: "not 5",
    }


@pytest.mark.parametrize("threads", [1, 3])
def test_an_executor_gives_up(threads: int) -> None:
    executor = at("utils.parallelizer", "ParallelExecutor")(num_threads=threads, max_errors=1)
    said = r"^Execution cancelled due to errors or interruption\. 1 of 3 examples failed"
    with pytest.raises(BatchError, match=said) as caught:
        executor.execute(fails_at(2), [1, 2, 3])
    assert isinstance(caught.value.__cause__, ValueError)


def test_one_thread_is_this_one() -> None:
    executor = at("utils.parallelizer", "ParallelExecutor")(num_threads=1)
    threads = executor.execute(lambda _: threading.current_thread(), [1, 2])
    assert set(threads) == {threading.current_thread()}


# --- values and fields ----------------------------------------------------------------------------------


class Place(pydantic.BaseModel):
    """A record."""

    name: str
    size: int


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (123, str, "123"),
        ("42", int, 42),
        ("3.5", float, 3.5),
        ("true", bool, True),
        ("[1, 2]", list[int], [1, 2]),
        ([1, 2], list[int], [1, 2]),
        ("'a'", Literal["a", "b"], "a"),
        ({"name": "x", "size": 1}, Place, Place(name="x", size=1)),
        ("{'name': 'x', 'size': 1}", Place, Place(name="x", size=1)),
        (None, str | None, None),
    ],
)
def test_values_in_a_type(value: Any, annotation: Any, expected: Any) -> None:
    assert at("adapters.utils", "parse_value")(value, annotation) == expected


@pytest.mark.parametrize(("value", "annotation"), [("c", Literal["a", "b"]), ("{}", Place), ("x", int)])
def test_values_of_another_type(value: Any, annotation: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        at("adapters.utils", "parse_value")(value, annotation)


@pytest.mark.parametrize(
    ("adapter", "expected"),
    [
        (dspy.ChatAdapter(), "[[ ## answer ## ]]\nParis"),
        (dspy.XMLAdapter(), "<answer>\nParis\n</answer>"),
    ],
)
def test_fields_under_a_name(adapter: Adapter, expected: str) -> None:
    field = dspy.Signature("question -> answer").output_fields["answer"]
    named = at("adapters.chat_adapter", "FieldInfoWithName")(name="answer", info=field)
    assert adapter.format_field_with_value({named: "Paris"}).strip() == expected


def test_dicts_with_attributes() -> None:
    made = at("dsp.utils.utils", "dotdict")(a=1)
    made.b = 2
    assert (made.a, made["b"]) == (1, 2)
    del made.a
    assert made == {"b": 2}
    with pytest.raises(AttributeError, match="`a`"):
        _ = made.a
    with pytest.raises(AttributeError):
        del made.a


def test_schemas_as_arguments_of_tools() -> None:
    schema = {"properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["b"]}
    args, types, described = at("adapters.types.tool", "convert_input_schema_to_tool_args")(schema=schema)
    assert (args["a"], types) == ({"type": "string"}, {"a": str, "b": int})
    assert described["b"] == "No description provided. (Required)"


def test_other_names() -> None:
    assert at("experimental", "Document") is dspy.Document
    assert at("predict.react_v2", "ReActV2") is dspy.ReActV2
    assert at("adapters.utils", "get_annotation_name")(list[str]) == "list[str]"
    assert at("adapters.types.image", "is_url")("https://example.com/a.png")
    assert at("adapters.baml_adapter", "COMMENT_SYMBOL") == "#"
    assert at("adapters.xml_adapter", "FieldInfoWithName") is at("adapters.chat_adapter", "FieldInfoWithName")
    assert at("adapters.json_adapter", "JSONAdapter") is dspy.JSONAdapter
    assert at("utils.syncify", "run_async")(asyncio.sleep(0, "done")) == "done"
    assert at("evaluate.evaluate", "is_in_ipython_notebook_environment")() is False
    with pytest.raises(AttributeError, match="nothing_like_it"):
        at("adapters.utils", "nothing_like_it")


def test_tools_of_a_session() -> None:
    class Session:
        """An open session."""

        async def call_tool(self, name: str, arguments: dict[str, Any]) -> Any:
            return SimpleNamespace(content=[SimpleNamespace(type="text", text=f"{name} {arguments}")])

    listed = SimpleNamespace(
        name="find", description="Finds.", inputSchema={"properties": {"q": {"type": "string"}}}
    )
    tool = at("utils.mcp", "convert_mcp_tool")(Session(), listed)
    assert (tool.name, tool.desc) == ("find", "Finds.")
    assert asyncio.run(tool.acall(q="x")) == "find {'q': 'x'}"


# --- Python sessions ------------------------------------------------------------------------------------


def test_histories_of_sessions() -> None:
    history = at("primitives.repl_types", "REPLHistory")(max_output_chars=50)
    assert not history
    longer = history.append(reasoning="Look.", code="print(1)", output="a" * 50 + "b" * 50)
    assert (len(history), len(longer), [step.code for step in longer]) == (0, 1, ["print(1)"])
    shown = longer.format()
    assert shown.startswith("=== Step 1 ===\nReasoning: Look.\nCode:\n```python\nprint(1)\n```\nOutput (100")
    assert "(50 characters omitted)" in shown
    entry = at("primitives.repl_types", "REPLEntry")
    assert entry.format_output("abcdef", max_output_chars=5).endswith(
        "ab\n\n... (1 characters omitted) ...\n\ndef"
    )


def test_variables_of_sessions() -> None:
    variable = at("primitives.repl_types", "REPLVariable")
    field = dspy.InputField(desc="what is asked", ge=0)
    made = variable.from_value("query", "Hello world", field_info=field, preview_chars=5)
    assert (made.type_name, made.total_length, made.preview) == ("str", 11, "He...rld")
    shown = made.format()
    assert "Description: what is asked" in shown
    assert "Constraints: greater than or equal to: 0" in shown
    assert "Type: dict" in variable.from_value("data", {"key": 1}).format()


# --- what may still change ------------------------------------------------------------------------------


def test_a_note_that_something_may_change() -> None:
    experimental = at("utils.annotation", "experimental")

    @experimental
    def plain() -> int:
        """Count."""
        return 1

    @experimental(version="2.0")
    class Bare:
        pass

    def named() -> int:
        return 2

    class Holder:
        @property
        def size(self) -> int:
            """How much."""
            return 3

    note = "may change or be removed in a future release without warning"
    assert plain.__doc__ == f"Experimental: This function {note}.\n\nCount."
    assert Bare.__doc__ == f"Experimental: This class {note} (introduced in v2.0)."
    assert (
        experimental(named, version="3").__doc__ == f"Experimental: This function {note} (introduced in v3)."
    )
    assert experimental(Holder.size).__doc__ == f"How much.\n\nExperimental: This property {note}."
    assert (plain(), named(), Holder().size, isinstance(Bare(), Bare)) == (1, 2, 3, True)


# --- limits and queues ----------------------------------------------------------------------------------


def test_the_limit_of_asyncify_follows_the_settings() -> None:
    get_limiter = at("utils.asyncify", "get_limiter")
    assert get_limiter().total_tokens == dspy.settings.async_max_workers == 8
    running, most = [0], [0]
    lock = threading.Lock()

    def work(_: int) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        threading.Event().wait(0.02)
        with lock:
            running[0] -= 1

    async def all_of_them() -> None:
        await asyncio.gather(*(dspy.asyncify(work)(number) for number in range(6)))

    with dspy.context(async_max_workers=2):
        assert get_limiter().total_tokens == 2
        assert get_limiter() is at("utils.asyncify", "get_limiter")()
        asyncio.run(all_of_them())
    assert most == [2]


def test_futures_of_ones_own_in_batches() -> None:
    from concurrent.futures import Future

    batches: list[list[int]] = []

    def double(batch: list[int]) -> list[int]:
        batches.append(batch)
        return [2 * each for each in batch]

    unbatch = at("utils.unbatchify", "Unbatchify")(double, max_batch_size=2, max_wait_time=30)
    own: Future[int] = Future()
    unbatch.input_queue.put((1, own))
    assert unbatch.submit(2).result(10) == 4
    assert own.result(10) == 2
    assert batches == [[1, 2]]
    unbatch.close()
    with pytest.raises(RuntimeError, match="closed"):
        _ = unbatch.input_queue


def test_a_cache_says_how_much_it_keeps() -> None:
    assert dspy.Cache(enable_disk_cache=False, memory_max_entries=50).memory_cache.maxsize == 50
    assert dspy.Cache(enable_disk_cache=False, enable_memory_cache=False).memory_cache == {}


# --- trackers in the settings ---------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
def test_each_item_counts_in_a_tracker_of_its_own(threads: int) -> None:
    tracker = dspy.settings.usage_tracker = at("utils.usage_tracker", "UsageTracker")()
    try:
        tracker.add_usage("before", {"total_tokens": 1})

        def count(tokens: int) -> Any:
            mine = dspy.settings.usage_tracker
            mine.add_usage("m", {"total_tokens": tokens})
            return mine.get_total_tokens()

        pairs = [(count, {"tokens": tokens}) for tokens in (3, 4, 5)]
        found = dspy.Parallel(num_threads=threads)(pairs)
    finally:
        dspy.settings.usage_tracker = None
    assert [one["m"]["total_tokens"] for one in found] == [3, 4, 5]
    assert all(one["before"]["total_tokens"] == 1 for one in found)
    assert set(tracker.usage_data) == {"before"}


class Counted(dspy.BaseLM):
    """A model that says how many tokens it took."""

    def forward(self, prompt: Any = None, messages: Any = None, **kwargs: Any) -> Any:
        message = SimpleNamespace(content="[[ ## answer ## ]]\n4", tool_calls=None)
        usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
        choice = SimpleNamespace(message=message, finish_reason="stop")
        return SimpleNamespace(choices=[choice], usage=usage, model="counted")


def test_the_tracker_of_the_settings_counts_calls() -> None:
    tracker = at("utils.usage_tracker", "UsageTracker")()
    answer = dspy.Predict("question -> answer")
    assert dspy.settings.usage_tracker is None
    with dspy.context(lm=Counted("counted"), adapter=dspy.ChatAdapter(), usage_tracker=tracker):
        assert answer(question="2 + 2?").answer == "4"
        with dspy.track_usage() as inner:
            answer(question="2 + 2?")
    assert tracker.get_total_tokens()["counted"]["total_tokens"] == 14
    assert inner.get_total_tokens()["counted"]["total_tokens"] == 7


# --- pieces of a program's own --------------------------------------------------------------------------


class Telling(dspy.Module):
    """A program that says how far it is."""

    def forward(self, x: str) -> Any:
        at("streaming.messages", "sync_send_to_stream")(dspy.settings.send_stream, {"step": 1})
        dspy.settings.send_stream.send_nowait({"step": 2})
        return dspy.Prediction(answer=x)


class TellingLater(dspy.Module):
    """The same in asynchronous code."""

    async def aforward(self, x: str) -> Any:
        for step in (1, 2):
            await dspy.settings.send_stream.send({"step": step})
        return dspy.Prediction(answer=x)


@pytest.mark.parametrize("program", [Telling(), TellingLater()])
def test_a_program_sends_pieces_of_its_own(program: Any) -> None:
    *pieces, last = dspy.streamify(program, async_streaming=False)(x="done")
    assert pieces == [{"step": 1}, {"step": 2}]
    assert last.answer == "done"
    assert dspy.settings.send_stream is None


def test_a_stream_without_its_prediction_goes_on_after_other_pieces() -> None:
    class Both(dspy.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = dspy.Predict("question -> answer")
            self.two = dspy.Predict("answer -> verdict")

        def forward(self, question: str) -> Any:
            found = self.one(question=question)
            dspy.settings.send_stream.send_nowait("half")
            return self.two(answer=found.answer)

    listeners = [dspy.streaming.StreamListener(name) for name in ("answer", "verdict")]
    stream = dspy.streamify(
        Both(),
        stream_listeners=listeners,
        include_final_prediction_in_output_stream=False,
        async_streaming=False,
    )
    with dspy.context(lm=dspy.utils.DummyLM([{"answer": "a"}, {"verdict": "b"}]), adapter=dspy.ChatAdapter()):
        pieces = list(stream(question="?"))
    fields = [piece if isinstance(piece, str) else piece.signature_field_name for piece in pieces]
    assert list(dict.fromkeys(fields)) == ["answer", "half", "verdict"]
    assert not any(isinstance(piece, dspy.Prediction) for piece in pieces)
