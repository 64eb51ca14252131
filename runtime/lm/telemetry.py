"""Traces and metrics by OpenTelemetry's semantic conventions for generative AI, version 1.41.

https://opentelemetry.io/docs/specs/semconv/gen-ai/ names the spans (`chat`, `execute_tool`, `invoke_agent`,
`invoke_workflow`), their attributes and the two metrics of clients. What was said is content, and content is
left out unless it is asked for.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ...base import json
from ...base.secrets import redact
from ...base.version import VERSION
from ..errors import ConfigurationError
from ..execution.callbacks import BaseCallback
from .cachetable import text_of
from .request import Response

_CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_PROVIDERS = {
    "azure": "azure.ai.openai", "azure_ai": "azure.ai.inference", "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini", "vertex_ai": "gcp.vertex_ai", "mistral": "mistral_ai", "xai": "x_ai",
    "watsonx": "ibm.watsonx.ai",
}  # fmt: skip
"""Providers that the convention calls by another name than litellm."""
_SETTINGS = {
    "temperature": "temperature", "top_p": "top_p", "top_k": "top_k", "seed": "seed",
    "max_tokens": "max_tokens", "max_completion_tokens": "max_tokens", "n": "choice.count",
    "frequency_penalty": "frequency_penalty", "presence_penalty": "presence_penalty",
}  # fmt: skip
"""Settings of a request, and their names in the convention."""
_DURATIONS = [0.01 * 2**step for step in range(14)]
_TOKENS = [float(4**step) for step in range(14)]
"""The boundaries of the metrics' buckets that the convention advises."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A call that goes on: its span, the context around it, when it began, and its metrics' attributes."""

    span: Any
    around: Any
    began: float
    facts: Mapping[str, Any]


class OpenTelemetry(BaseCallback):
    """Spans for calls of modules, tools and models, and metrics of tokens and durations:

        configure(callbacks=[OpenTelemetry()])

    They go to the providers that the program, or `opentelemetry-instrument`, has set up. Spans inside each
    other are nested in threads and tasks too, and below a span of the program's own.

    Args:
        capture_content: whether messages, answers and arguments are in the spans; when None, whether
            `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` is `true`. Secrets never are.
        tracer_provider: where spans go; the global one when None.
        meter_provider: where metrics go; the global one when None.

    Raises:
        ConfigurationError: the package for OpenTelemetry is not installed.
    """

    def __init__(
        self,
        capture_content: bool | None = None,
        tracer_provider: Any = None,
        meter_provider: Any = None,
    ) -> None:
        try:
            from opentelemetry import context, metrics, trace
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                "OpenTelemetry needs the package `opentelemetry-api`: pip install 'dspyc[otel]'"
            ) from error
        asked = os.environ.get(_CAPTURE, "").lower() == "true"
        self._captures = asked if capture_content is None else capture_content
        self._context, self._trace = context, trace
        self._tracer = trace.get_tracer("dspyc", VERSION, tracer_provider)
        meter = metrics.get_meter("dspyc", VERSION, meter_provider)
        self._durations = meter.create_histogram(
            "gen_ai.client.operation.duration", "s", "How long a model took.",
            explicit_bucket_boundaries_advisory=_DURATIONS,
        )  # fmt: skip
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage", "{token}", "Tokens that a model read and wrote.",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )  # fmt: skip
        self._open: dict[str, _Open] = {}

    # --- modules and tools ------------------------------------------------------------------------------

    def on_module_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Begin the span of a module: an agent where it has tools, else a workflow."""
        name = name_of_module(instance)
        kind = "agent" if getattr(instance, "tools", None) else "workflow"
        facts = {"gen_ai.operation.name": f"invoke_{kind}", f"gen_ai.{kind}.name": name}
        self._begin(call_id, f"invoke_{kind} {name}", "INTERNAL", facts)
        self._say(call_id, "gen_ai.input.messages", lambda: _said("user", _shown(inputs["kwargs"])))

    def on_module_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """End the span of a module."""
        self._say(call_id, "gen_ai.output.messages", lambda: _said("assistant", _shown(outputs)))
        self._end(call_id, exception)

    def on_tool_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Begin the span of a tool."""
        facts = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": instance.name,
            "gen_ai.tool.type": "function",
        }
        if instance.desc:
            facts["gen_ai.tool.description"] = instance.desc
        self._begin(call_id, f"execute_tool {instance.name}", "INTERNAL", facts)
        self._say(call_id, "gen_ai.tool.call.arguments", lambda: _shown(inputs["kwargs"]))

    def on_tool_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """End the span of a tool."""
        self._say(call_id, "gen_ai.tool.call.result", lambda: _shown(outputs))
        self._end(call_id, exception)

    def on_evaluate_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Begin the span of an evaluation, around those of its rows."""
        self._begin(call_id, "evaluate", "INTERNAL", {})

    def on_evaluate_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """End the span of an evaluation."""
        self._end(call_id, exception)

    def on_compile_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Begin the span of an optimizer."""
        self._begin(call_id, f"compile {type(instance).__name__}", "INTERNAL", {})

    def on_compile_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """End the span of an optimizer."""
        self._end(call_id, exception)

    # --- models -----------------------------------------------------------------------------------------

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Begin the span of a request."""
        operation = "text_completion" if instance.model_type == "text" else "chat"
        first, _, rest = str(instance.model).partition("/")
        provider, model = (first, rest) if rest else ("", first)
        facts: dict[str, Any] = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": _PROVIDERS.get(provider, provider or "dspyc"),
            "gen_ai.request.model": model,
            **_server(inputs["kwargs"]),
        }
        settings = dict(_request_settings(inputs["kwargs"]))
        self._begin(call_id, f"{operation} {model}", "CLIENT", facts, settings)
        self._say(
            call_id, "gen_ai.input.messages", lambda: json.dump(list(map(_message, inputs["messages"])))
        )

    def on_lm_end(
        self, call_id: str, outputs: list[Any] | None, exception: BaseException | None = None
    ) -> None:
        """End the span of a request, and count what it took."""
        going = self._open.get(call_id)
        response = getattr(outputs, "response", None)
        if going is not None and isinstance(response, Response):
            going.span.set_attributes(dict(_response_facts(response)))
            self._say(call_id, "gen_ai.output.messages", lambda: _answers(response))
        if going is not None and not (response is not None and response.cache_hit):
            facts = dict(going.facts)
            if response is not None and response.model:
                facts["gen_ai.response.model"] = response.model
            if exception is not None:
                facts["error.type"] = _kind(exception)
            self._durations.record(time.perf_counter() - going.began, facts)
            for kind, count in _token_counts(response):
                self._tokens.record(count, {**facts, "gen_ai.token.type": kind})
        self._end(call_id, exception)

    # --- spans ------------------------------------------------------------------------------------------

    def _begin(
        self,
        call_id: str,
        name: str,
        kind: str,
        facts: Mapping[str, Any],
        more: Mapping[str, Any] | None = None,
    ) -> None:
        around = self._context.get_current()
        span = self._tracer.start_span(
            name, kind=self._trace.SpanKind[kind], attributes={**facts, **(more or {})}
        )
        self._context.attach(self._trace.set_span_in_context(span, around))
        self._open[call_id] = _Open(span, around, time.perf_counter(), facts)

    def _end(self, call_id: str, exception: BaseException | None) -> None:
        going = self._open.pop(call_id, None)
        if going is None:
            return
        # Not by a token: a generator may end in another context than the one it started in.
        self._context.attach(going.around)
        if exception is not None:
            going.span.set_attribute("error.type", _kind(exception))
            # The words of an error may hold what was said.
            words = redact(str(exception)) if self._captures else _kind(exception)
            going.span.set_status(self._trace.StatusCode.ERROR, words)
        going.span.end()

    def _say(self, call_id: str, attribute: str, content: Any) -> None:
        going = self._open.get(call_id)
        if self._captures and going is not None and going.span.is_recording():
            going.span.set_attribute(attribute, redact(content()))


def name_of_module(module: Any) -> str:
    """What a module is called: its class, or for one of the runtime's own the signature that it is for."""
    cls = type(module)
    signature = getattr(module, "signature", None)
    own = getattr(signature, "__name__", "StringSignature")
    if cls.__module__.startswith(__name__.partition(".lm.")[0]) and own != "StringSignature":
        return f"{cls.__name__} {own}"
    return cls.__name__


def _request_settings(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if name in _SETTINGS and isinstance(value, (int, float)):
            yield f"gen_ai.request.{_SETTINGS[name]}", value
    if stop := settings.get("stop"):
        yield "gen_ai.request.stop_sequences", [stop] if isinstance(stop, str) else list(stop)


def _server(settings: Mapping[str, Any]) -> dict[str, Any]:
    address = settings.get("api_base") or settings.get("base_url")
    try:
        parts = urlsplit(str(address or ""))
        found = {"server.address": parts.hostname, "server.port": parts.port}
    except ValueError:
        return {}
    return {name: value for name, value in found.items() if value is not None}


def _response_facts(response: Response) -> Iterator[tuple[str, Any]]:
    if response.id:
        yield "gen_ai.response.id", response.id
    if response.model:
        yield "gen_ai.response.model", response.model
    reasons = [each.finish_reason for each in response.completions if each.finish_reason]
    if reasons:
        yield "gen_ai.response.finish_reasons", reasons
    for kind, count in _token_counts(response):
        yield f"gen_ai.usage.{kind}_tokens", count
    details = response.usage.get("prompt_tokens_details")
    if isinstance(details, Mapping) and (cached := details.get("cached_tokens")):
        yield "gen_ai.usage.cache_read.input_tokens", cached
    if response.cost is not None:
        yield "dspyc.cost", response.cost
    if response.cache_hit:
        yield "dspyc.cache_hit", True


def _token_counts(response: Response | None) -> Iterator[tuple[str, int]]:
    for kind, name in (("input", "prompt_tokens"), ("output", "completion_tokens")):
        count = None if response is None else response.usage.get(name)
        if isinstance(count, int):
            yield kind, count


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    return {"role": message.get("role"), "parts": [{"type": "text", "content": text_of(message)}]}


def _answers(response: Response) -> str:
    return json.dump(
        [
            {
                "role": "assistant",
                "parts": [
                    {"type": "text", "content": each.text},
                    *({"type": "tool_call", "name": call.name} for call in each.tool_calls),
                ],
                "finish_reason": each.finish_reason,
            }
            for each in response.completions
        ]
    )


def _said(role: str, text: str) -> str:
    return json.dump([{"role": role, "parts": [{"type": "text", "content": text}]}])


def _shown(value: Any) -> str:
    """A value as JSON; what JSON cannot hold as Python shows it."""
    plain = value.toDict() if hasattr(value, "toDict") else value
    try:
        return plain if isinstance(plain, str) else json.dump_strictly(plain)
    except (TypeError, ValueError, RecursionError):
        return repr(plain)


def _kind(error: BaseException) -> str:
    cls = type(error)
    return cls.__name__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
