"""OpenTelemetry's spans and metrics, read with the in-memory exporters of its own SDK."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import dspyc.runtime as dspy
from dspyc.runtime.lm.telemetry import OpenTelemetry
from support.openai_server import Failure, OpenAIServer


class Kept:
    """What was exported."""

    def __init__(self, capture_content: bool | None = None) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        meters = MeterProvider(metric_readers=[self.reader])
        self.callback = OpenTelemetry(capture_content, self.provider, meters)

    @property
    def spans(self) -> dict[str, Any]:
        return {span.name: span for span in self.exporter.get_finished_spans()}

    @property
    def tree(self) -> list[tuple[str, str | None]]:
        """Each span with the one around it, in the order in which they began."""
        finished = self.exporter.get_finished_spans()
        names = {span.context.span_id: span.name for span in finished}
        ordered = sorted(finished, key=lambda span: span.start_time)
        return [(span.name, names[span.parent.span_id] if span.parent else None) for span in ordered]

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        if data is None:
            return []
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


ANSWER = "[[ ## answer ## ]]\nLima\n\n[[ ## completed ## ]]"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_call_of_a_model_has_the_conventions_attributes(server: OpenAIServer, asynchronous: bool) -> None:
    kept = Kept()
    server.script(ANSWER)
    lm = dspy.LM(
        "openai/any", api_base=server.api_base, api_key="sk-canary-0123456789", cache=False, stop="X"
    )
    dspy.configure(lm=lm, callbacks=[kept.callback])
    program = dspy.Predict("question -> answer")
    asyncio.run(program.acall(question="Peru?")) if asynchronous else program(question="Peru?")
    assert kept.tree == [("invoke_workflow Predict", None), ("chat any", "invoke_workflow Predict")]
    chat = kept.spans["chat any"]
    facts = dict(chat.attributes)
    assert chat.kind.name == "CLIENT"
    assert facts.pop("gen_ai.response.id")
    assert facts.pop("gen_ai.response.model")
    assert facts.pop("gen_ai.usage.input_tokens") > 0
    assert facts.pop("gen_ai.usage.output_tokens") > 0
    assert facts.pop("server.port") == int(server.api_base.split(":")[2].split("/")[0])
    assert facts == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "any",
        "gen_ai.request.temperature": 0.0,
        "gen_ai.request.max_tokens": 1000,
        "gen_ai.request.stop_sequences": ("X",),
        "gen_ai.response.finish_reasons": ("stop",),
        "server.address": "127.0.0.1",
    }
    (duration,) = kept.points("gen_ai.client.operation.duration")
    assert duration.count == 1
    assert duration.attributes["gen_ai.request.model"] == "any"
    tokens = {
        point.attributes["gen_ai.token.type"]: point.sum for point in kept.points("gen_ai.client.token.usage")
    }
    assert tokens == {
        "input": chat.attributes["gen_ai.usage.input_tokens"],
        "output": chat.attributes["gen_ai.usage.output_tokens"],
    }
    assert "Peru" not in str([span.to_json() for span in kept.spans.values()])


def test_content_is_there_only_when_asked_for(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    kept = Kept()
    server.script(ANSWER)
    lm = dspy.LM("openai/any", api_base=server.api_base, api_key="k-1234567", cache=False)
    dspy.configure(lm=lm, callbacks=[kept.callback])
    dspy.Predict("question -> answer")(question="Peru? sk-canary-0123456789abcdefghij")
    chat, module = kept.spans["chat any"].attributes, kept.spans["invoke_workflow Predict"].attributes
    roles = [message["role"] for message in json.loads(chat["gen_ai.input.messages"])]
    assert roles == ["system", "user"]
    (answer,) = json.loads(chat["gen_ai.output.messages"])
    assert answer == {
        "role": "assistant",
        "parts": [{"type": "text", "content": ANSWER}],
        "finish_reason": "stop",
    }
    assert "Peru?" in module["gen_ai.input.messages"]
    assert "Lima" in module["gen_ai.output.messages"]
    assert "canary" not in str([span.to_json() for span in kept.spans.values()])


def test_an_error_is_named_without_its_words(server: OpenAIServer) -> None:
    kept = Kept()
    server.script(Failure(401, "Peru is not allowed"))
    lm = dspy.LM("openai/any", api_base=server.api_base, api_key="k-1234567", cache=False, num_retries=0)
    dspy.configure(lm=lm, callbacks=[kept.callback])
    with pytest.raises(dspy.LMAuthError):
        dspy.Predict("question -> answer")(question="x")
    for span in kept.spans.values():
        assert span.attributes["error.type"] == "dspyc.runtime.errors.LMAuthError"
        assert span.status.status_code.name == "ERROR"
        assert "Peru" not in span.to_json()
    (duration,) = kept.points("gen_ai.client.operation.duration")
    assert duration.attributes["error.type"] == "dspyc.runtime.errors.LMAuthError"
    assert kept.points("gen_ai.client.token.usage") == []


def test_agents_and_tools_have_spans_of_their_own() -> None:
    def add(a: int, b: int) -> int:
        """Add."""
        if a == 13:
            raise ValueError("no")
        return a + b

    kept = Kept(capture_content=True)
    steps = [
        {"next_thought": "t", "next_tool_name": "add", "next_tool_args": {"a": 1, "b": 2}},
        {"next_thought": "t", "next_tool_name": "finish", "next_tool_args": {}},
        {"reasoning": "r", "answer": "3"},
    ]
    dspy.configure(lm=dspy.DummyLM(steps), callbacks=[kept.callback])
    dspy.ReAct("question -> answer", tools=[add])(question="q")
    around = dict(kept.tree)
    assert around["invoke_agent ReAct"] is None
    assert around["execute_tool add"] == "invoke_agent ReAct"
    tool = kept.spans["execute_tool add"].attributes
    assert tool["gen_ai.operation.name"] == "execute_tool"
    assert (tool["gen_ai.tool.name"], tool["gen_ai.tool.type"]) == ("add", "function")
    assert tool["gen_ai.tool.description"] == "Add."
    assert json.loads(tool["gen_ai.tool.call.arguments"]) == {"a": 1, "b": 2}
    assert tool["gen_ai.tool.call.result"] == "3"


def test_spans_are_nested_in_threads_tasks_and_below_ones_own() -> None:
    class Child(dspy.Module):
        async def aforward(self, n: int) -> int:
            await asyncio.sleep(0.001)
            return n

    class Parent(dspy.Module):
        def __init__(self) -> None:
            self.child = Child()

        async def aforward(self) -> list[int]:
            return list(await asyncio.gather(*(self.child.acall(n=n) for n in range(3))))

    class Threads(dspy.Module):
        def __init__(self) -> None:
            self.parent = Parent()

        def forward(self) -> Any:
            return self.parent.batch([dspy.Example().with_inputs() for _ in range(2)], num_threads=2)

    kept = Kept()
    dspy.configure(callbacks=[kept.callback])
    with kept.provider.get_tracer("mine").start_as_current_span("request"):
        Threads()()
    Child()(n=1)
    tree = kept.tree
    assert tree[:2] == [("request", None), ("invoke_workflow Threads", "request")]
    assert tree.count(("invoke_workflow Parent", "invoke_workflow Threads")) == 2
    assert tree.count(("invoke_workflow Child", "invoke_workflow Parent")) == 6
    assert tree[-1] == ("invoke_workflow Child", None)
    assert kept.callback._open == {}


def test_an_answer_from_the_cache_counts_no_tokens() -> None:
    class Model(dspy.BaseLM):
        cache = True

        def complete(self, request: Any) -> dspy.Response:
            return dspy.Response(["x"], {"prompt_tokens": 2, "completion_tokens": 1}, model="m-1")

    kept = Kept()
    lm = Model(model="m", callbacks=[kept.callback])
    lm("q")
    lm("q")
    first, second = kept.exporter.get_finished_spans()
    assert "dspyc.cache_hit" not in first.attributes
    assert second.attributes["dspyc.cache_hit"] is True
    assert [point.count for point in kept.points("gen_ai.client.operation.duration")] == [1]
    assert [point.sum for point in kept.points("gen_ai.client.token.usage")] == [2, 1]


def test_evaluations_and_optimizers_are_spans_around_their_rows() -> None:
    kept = Kept()
    rows = [dspy.Example(question="q", answer="a").with_inputs("question")] * 2
    dspy.configure(lm=dspy.DummyLM({"q": {"answer": "a"}}), callbacks=[kept.callback])
    program = dspy.Predict("question -> answer")
    dspy.Evaluate(devset=rows, metric=dspy.answer_exact_match)(program)
    assert kept.tree.count(("invoke_workflow Predict", "evaluate")) == 2
    dspy.LabeledFewShot(k=1).compile(program, trainset=rows)
    assert kept.tree[-1] == ("compile LabeledFewShot", None)


def test_without_its_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(dspy.ConfigurationError, match=r"pip install 'dspyc\[otel\]'"):
        OpenTelemetry()
