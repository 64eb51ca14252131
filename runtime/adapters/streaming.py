"""One request whose answer is passed on while it comes: fields to a sink, the whole to the caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...base.later import Later
from ..execution import drive, streams
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
        if delta.text:
            _write(sink, predictor, reader.feed(delta.text))
    if thinking and has_thought:
        sink.write(predictor, thinking, "", is_last=True)
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
