"""One request whose answer is passed on while it comes: fields to a sink, the whole to the caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...base.later import Later
from ..execution import drive, streams
from ..lm.messages import Native
from ..lm.openai_shapes import CITATION, as_objects
from ..lm.request import Response
from .incremental import Chunk, FieldReader
from .plan import Plan, Planner

if TYPE_CHECKING:
    from ..lm import stream
else:
    stream = Later(globals(), "stream", "..lm.stream")


async def answered(
    adapter: Planner,
    plan: Plan,
    lm: Any,
    messages: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    attempt: int,
) -> Response:
    """Ask a model; where somebody listens, in pieces.

    Args:
        adapter: made the messages, and knows how the answer's fields are written.
        plan: what is asked for.
        lm: the model.
        messages: what it is asked.
        settings: the settings of the request.
        attempt: 0 for the first request of a call, then counted up.
    """
    sink = streams.listening()
    if sink is None:
        response: Response = await lm.reply(messages, settings, plan.tools, plan.output)
        return response
    work = _in_pieces(sink, adapter, plan, lm, messages, settings, attempt)
    return drive.run_on_loop(work) if drive.blocking.get() else await work


async def _in_pieces(
    sink: streams.Sink,
    adapter: Planner,
    plan: Plan,
    lm: Any,
    messages: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    attempt: int,
) -> Response:
    predictor = streams.predictor()
    sink.begin(predictor, attempt)
    reader: FieldReader = adapter.stream_reader(plan)
    thinking = _reasoning_field(plan)
    has_thought = False
    typed, shown = _streamed_types(plan, thinking), set[str]()
    collector = stream.Collector()
    async for delta in lm.reply_in_pieces(messages, settings, plan.tools, plan.output):
        collector.add(delta)
        if delta.index:
            continue  # of several answers the first is shown
        sink.pass_on(predictor, delta)
        if thinking and delta.reasoning:
            has_thought = True
            sink.write(predictor, thinking, delta.reasoning, is_last=False)
        if thinking and has_thought and delta.text:
            has_thought = False
            sink.write(predictor, thinking, "", is_last=True)
        for name, kind in typed:
            if (value := kind.parse_stream_chunk(_as_chunk(delta))) is not None:
                shown.add(name)
                sink.write(predictor, name, value, is_last=False)
        if delta.text:
            _write(sink, predictor, reader.feed(delta.text))
    if thinking and has_thought:
        sink.write(predictor, thinking, "", is_last=True)
    for name in shown:
        sink.write(predictor, name, "", is_last=True)
    _write(sink, predictor, reader.end())
    return collector.response


def _write(sink: streams.Sink, predictor: Any, chunks: Any) -> None:
    chunk: Chunk
    for chunk in chunks:
        sink.write(predictor, chunk.field, chunk.text, is_last=chunk.is_last)


def _reasoning_field(plan: Plan) -> str:
    """The output that the provider's own reasoning fills; empty where there is none."""
    typed = plan.natives.typed if plan.natives is not None else ()
    if not typed:
        return ""
    from ..types.reasoning import Reasoning  # it brings pydantic, which the field's type has brought already

    return next((name for name, kind in typed if isinstance(kind, type) and issubclass(kind, Reasoning)), "")


def _streamed_types(plan: Plan, thinking: str) -> list[tuple[str, Any]]:
    """The other outputs that a provider fills beside the text, while it writes."""
    typed: Sequence[tuple[str, Any]] = plan.natives.typed if plan.natives is not None else ()
    return [(name, kind) for name, kind in typed if name != thinking and kind.is_streamable()]


def _as_chunk(delta: Any) -> Any:
    """A piece in OpenAI's form, as types of one's own read it."""
    cited = [
        part.value[CITATION] for part in delta.parts if isinstance(part, Native) and CITATION in part.value
    ]
    facts = {
        "content": delta.text,
        "reasoning_content": delta.reasoning or None,
        "provider_specific_fields": {CITATION: cited[0]} if cited else None,
    }
    return as_objects({"choices": [{"index": delta.index, "delta": facts}]})
