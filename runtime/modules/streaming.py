"""Programs whose answers are shown while they are written: field by field, with status messages.

    for piece in program.stream(question="…"):
        ...                               # StreamResponse, StatusMessage, at last the Prediction

`streamify` gives the same in DSPy's form. Models are asked for pieces only while somebody listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from ..errors import ConfigurationError
from ..execution import drive, streams
from ..execution.callbacks import BaseCallback
from ..execution.settings import context, lookup
from ..lm.stream import Delta
from ..prediction import Prediction
from ..signature.signature import STRING_SIGNATURE
from ..values.partial import MISSING, PartialReader
from ..values.rendering import render, to_json_types


@dataclass(frozen=True, slots=True)
class StreamResponse:
    """A piece of a field's text.

    Attributes:
        predict_name: the predictor that asked, by its name in the program.
        signature_field_name: the output.
        chunk: the next characters; empty where the last piece only says that the field is complete. For
            outputs that a provider gives beside the text in pieces, such as `Citations`, a value of the type.
        is_last_chunk: whether the field is complete.
    """

    predict_name: str
    signature_field_name: str
    chunk: Any
    is_last_chunk: bool = False
    _partial: PartialReader | None = field(default=None, repr=False, compare=False)

    @property
    def value(self) -> Any:
        """The field's value so far, in its type: texts grow, lists by their items, records by their
        attributes; None where there is none yet, or where a `StreamListener` is heard.
        """
        value = MISSING if self._partial is None else self._partial.value
        return None if value is MISSING else value


@dataclass(frozen=True, slots=True)
class StreamRestart:
    """A model is asked again, because its answer could not be used: discard what the predictor has shown.

    Attributes:
        predict_name: the predictor that asks, by its name in the program.
    """

    predict_name: str


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """What a program is doing, in a sentence for its user.

    Attributes:
        message: the sentence.
    """

    message: str


Piece: TypeAlias = StreamResponse | StreamRestart | StatusMessage | Delta | Prediction | Any
"""What a stream gives; the prediction is the last."""


class StatusMessageProvider:
    """Says what a program is doing. Override what you need; None says nothing."""

    def module_start_status_message(self, instance: Any, inputs: dict[str, Any]) -> str | None:
        """A module is called."""
        return None

    def module_end_status_message(self, outputs: Any) -> str | None:
        """A module has returned."""
        return None

    def lm_start_status_message(self, instance: Any, inputs: dict[str, Any]) -> str | None:
        """A model is asked."""
        return None

    def lm_end_status_message(self, outputs: Any) -> str | None:
        """A model has answered."""
        return None

    def tool_start_status_message(self, instance: Any, inputs: dict[str, Any]) -> str | None:
        """A tool is called."""
        return f"Calling tool {instance.name}..."

    def tool_end_status_message(self, outputs: Any) -> str | None:
        """A tool has returned."""
        return "Tool calling finished! Querying the LLM with tool calling results..."


class _Status(BaseCallback):
    """Puts what a provider says into a stream."""

    def __init__(self, provider: StatusMessageProvider, put: Callable[[Piece], None]) -> None:
        self._provider = provider
        self._put = put

    def _say(self, message: str | None) -> None:
        if message:
            self._put(StatusMessage(message))

    def on_module_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A module is called."""
        self._say(self._provider.module_start_status_message(instance, inputs))

    def on_module_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """A module has returned."""
        self._say(self._provider.module_end_status_message(outputs))

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A model is asked."""
        self._say(self._provider.lm_start_status_message(instance, inputs))

    def on_lm_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """A model has answered."""
        self._say(self._provider.lm_end_status_message(outputs))

    def on_tool_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A tool is called; that an agent finishes is no tool for its user."""
        if instance.name != "finish":
            self._say(self._provider.tool_start_status_message(instance, inputs))

    def on_tool_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """A tool has returned."""
        if outputs != "Completed.":
            self._say(self._provider.tool_end_status_message(outputs))


class StreamListener:
    """Listens to one output of one predictor of a program; see `streamify`."""

    def __init__(
        self,
        signature_field_name: str,
        predict: Any = None,
        predict_name: str | None = None,
        allow_reuse: bool = False,
    ) -> None:
        """Say what to listen to.

        Args:
            signature_field_name: the output.
            predict: the predictor; needed where several have an output of this name.
            predict_name: its name in what the stream gives; that in the program when None.
            allow_reuse: whether later calls of the predictor are listened to as well.
        """
        self.signature_field_name = signature_field_name
        self.predict = predict
        self.predict_name = predict_name
        self.allow_reuse = allow_reuse


class _Sink:
    """Turns what models write into the pieces of a stream.

    Args:
        names: the predictors that are listened to, by identity, with their names.
        put: takes a piece, from any thread.
        listeners: those of `streamify`; None listens to every output.
        raw: whether to give pieces of answers as they came, too.
    """

    def __init__(
        self,
        names: dict[int, str],
        put: Callable[[Piece], None],
        listeners: dict[int, list[StreamListener]] | None,
        *,
        raw: bool,
    ) -> None:
        self._names = names
        self._put = put
        self._listeners = listeners
        self._raw = raw
        self._complete: dict[int, set[str]] = {}
        self._partial: dict[tuple[int, str], PartialReader] = {}
        self._heard: set[int] = set()
        """The listeners that have heard a whole field."""
        self._held: dict[int, StreamResponse] = {}
        """The last piece for each listener, which waits for the next, as it may be the last of its field."""

    def wants(self, predictor: Any) -> bool:
        """Whether somebody listens to a predictor."""
        if self._raw or self._listeners is None:
            return True
        return id(predictor) in self._listeners

    def begin(self, predictor: Any, attempt: int) -> None:
        """A predictor asks a model."""
        self._complete[id(predictor)] = set()
        self._partial = {key: self._partial[key] for key in self._partial if key[0] != id(predictor)}
        for each in (self._listeners or {}).get(id(predictor), ()):
            self._held.pop(id(each), None)
        if attempt and self._listeners is None and not self._raw:
            self._put(StreamRestart(self._name(predictor)))

    def write(self, predictor: Any, field: str, chunk: Any, *, is_last: bool) -> None:
        """The next characters of a field, or a value of a type that providers give in pieces."""
        if is_last:
            self._complete.setdefault(id(predictor), set()).add(field)
        if self._raw:
            return
        if self._listeners is None:
            partial = self._reader(predictor, field) if isinstance(chunk, str) else None
            if partial is not None:
                partial.feed(chunk)
            self._put(StreamResponse(self._name(predictor), field, chunk, is_last, partial))
            return
        for each in self._listeners.get(id(predictor), ()):
            if each.signature_field_name != field or (id(each) in self._heard and not each.allow_reuse):
                continue
            piece = StreamResponse(each.predict_name or self._name(predictor), field, chunk, is_last)
            self._tell(each, piece)

    def _tell(self, listener: StreamListener, piece: StreamResponse) -> None:
        """Give a listener its pieces; the last with text says that it is the last."""
        held = self._held.pop(id(listener), None)
        if held is not None and piece.is_last_chunk and not piece.chunk:
            piece = replace(held, is_last_chunk=True)
        elif held is not None:
            self._put(held)
        if piece.is_last_chunk:
            self._put(piece)
            self._heard.add(id(listener))
        else:
            self._held[id(listener)] = piece

    def _reader(self, predictor: Any, field: str) -> PartialReader:
        key = (id(predictor), field)
        if key not in self._partial:
            declared = predictor.signature.output_fields.get(field)
            self._partial[key] = PartialReader(str if declared is None else declared.annotation)
        return self._partial[key]

    def complete(self, predictor: Any, values: dict[str, Any]) -> None:
        """The outputs, read: those of which no piece was shown are shown whole."""
        shown = self._complete.setdefault(id(predictor), set())
        for name, value in values.items():
            if name not in shown:
                self.write(predictor, name, "" if value is None else render(value), is_last=True)

    def pass_on(self, predictor: Any, delta: Delta) -> None:
        """A piece of an answer as it came; one from the cache did not come now."""
        if self._raw and not delta.cache_hit:
            self._put(delta)

    def _name(self, predictor: Any) -> str:
        """Its name in the program; that of its signature for one of the file, which is no part."""
        name = str(predictor.signature.__name__)
        return self._names.get(id(predictor)) or ("self" if name == STRING_SIGNATURE else name)


def _names_of(program: Any) -> dict[int, str]:
    predictors = program.named_predictors() if hasattr(program, "named_predictors") else ()
    return {id(predictor): name for name, predictor in predictors}


def _assigned(program: Any, listeners: Sequence[StreamListener]) -> dict[int, list[StreamListener]]:
    """The listeners by the predictors that they listen to."""
    predictors = list(program.named_predictors()) if hasattr(program, "named_predictors") else []
    found: dict[int, list[StreamListener]] = {}
    for each in listeners:
        field = each.signature_field_name
        if each.predict is None:
            having = [pair for pair in predictors if field in pair[1].signature.output_fields]
            if not having:
                raise ConfigurationError(
                    f"no predictor of the program has an output `{field}`; check the name, or pass `predict=`"
                )
            if len(having) > 1:
                names = " and ".join(f"`{name}`" for name, _ in having)
                raise ConfigurationError(
                    f"signature field {field} is not unique in the program: {names} have it; "
                    "pass `predict=`, the predictor to listen to"
                )
            ((name, each.predict),) = having
            each.predict_name = each.predict_name or name
        elif each.predict_name is None:
            each.predict_name = next((name for name, one in predictors if one is each.predict), "self")
        found.setdefault(id(each.predict), []).append(each)
    return found


# --- streams --------------------------------------------------------------------------------------------

_END = object()


class SendStream:
    """`settings.send_stream` of a program that is streamed: it takes pieces of the program's own.

    Args:
        put: takes a piece, from any thread.
    """

    def __init__(self, put: Callable[[Piece], None]) -> None:
        self.send_nowait = put

    async def send(self, item: Any) -> None:
        """Give a piece, from asynchronous code."""
        self.send_nowait(item)


def sync_send_to_stream(stream: Any, message: Any) -> None:
    """Give a piece to `settings.send_stream`, from synchronous code."""
    stream.send_nowait(message)


async def stream(
    call: Callable[[], Awaitable[Any]],
    sink_of: Callable[[Callable[[Piece], None]], _Sink],
    provider: StatusMessageProvider | None,
) -> AsyncGenerator[Piece, None]:
    """What a call gives while it runs, and at last what it returns.

    A consumer that stops early cancels the call.

    Args:
        call: runs the program.
        sink_of: makes the sink, given what takes the pieces.
        provider: says what the program is doing; None for no messages.
    """
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[Any] = asyncio.Queue()
    own_thread = threading.get_ident()

    def put(piece: Piece) -> None:
        if threading.get_ident() == own_thread:  # to wake the loop from another thread costs a system call
            loop.call_soon(pieces.put_nowait, piece)
        else:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

    async def work() -> Any:
        callbacks = list(lookup("callbacks") or ())
        if provider is not None:
            callbacks.append(_Status(provider, put))
        with streams.streaming_to(sink_of(put)), context(callbacks=callbacks, send_stream=SendStream(put)):
            return await call()

    task = loop.create_task(work())
    task.add_done_callback(lambda _: loop.call_soon(pieces.put_nowait, _END))
    try:
        while (piece := await pieces.get()) is not _END:
            yield piece
        yield task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def apply_sync_streaming(pieces: AsyncGenerator[Any, None]) -> Generator[Any, None, None]:
    """The pieces of an asynchronous stream, for synchronous code: its event loop runs in another thread."""
    arrived: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    started: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = queue.SimpleQueue()

    async def consume() -> None:
        task = asyncio.current_task()
        assert task is not None
        started.put((asyncio.get_running_loop(), task))
        try:
            async for piece in pieces:
                arrived.put(("piece", piece))
            arrived.put(("end", None))
        except BaseException as error:  # noqa: BLE001 whatever it is, the consumer gets it
            await pieces.aclose()
            arrived.put(("error", error))

    inside = copy_context()
    inside.run(drive.blocking.set, False)
    threading.Thread(
        target=inside.run, args=(asyncio.run, consume()), name="dspyc-stream", daemon=True
    ).start()
    loop, task = started.get()
    try:
        while True:
            kind, value = arrived.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        if not task.done():
            with contextlib.suppress(RuntimeError):  # it has just ended, and closed its loop
                loop.call_soon_threadsafe(task.cancel)


def stream_module(
    module: Any, inputs: dict[str, Any], call: Callable[..., Awaitable[Any]] | None = None
) -> AsyncGenerator[Piece, None]:
    """What `Module.astream` gives; see there.

    Args:
        module: the module.
        inputs: its inputs.
        call: calls it; its `acall` when None.
    """
    names = _names_of(module)
    return stream(
        lambda: (call or module.acall)(**inputs),
        lambda put: _Sink(names, put, None, raw=False),
        StatusMessageProvider(),
    )


def streamify(
    program: Any,
    status_message_provider: StatusMessageProvider | None = None,
    stream_listeners: Sequence[StreamListener] | None = None,
    include_final_prediction_in_output_stream: bool = True,
    is_async_program: bool = False,
    async_streaming: bool = True,
) -> Callable[..., Any]:
    """A function that calls a program and gives what it writes while it runs.

    Args:
        program: a module, or a function.
        status_message_provider: says what the program is doing; that tools are called when None.
        stream_listeners: the outputs to give as `StreamResponse`; without any, the pieces of all answers are
            given as they come (`Delta`).
        include_final_prediction_in_output_stream: whether the prediction comes at the end even where
            listeners have given all there is.
        is_async_program: whether a function is `async`; modules are awaited anyway.
        async_streaming: whether the result is an asynchronous generator, or else one for synchronous code.

    Returns:
        A function with the program's arguments, which gives a generator.

    Raises:
        ConfigurationError: a listener's output is in no predictor, or in several.
    """
    listeners = list(stream_listeners or ())
    assigned = _assigned(program, listeners) if listeners else None
    names = _names_of(program)
    provider = status_message_provider or StatusMessageProvider()

    async def call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if hasattr(program, "acall"):
            return await program.acall(*args, **kwargs)
        if is_async_program:
            return await program(*args, **kwargs)
        return await drive.call_function(program, *args, **kwargs)

    async def pieces(*args: Any, **kwargs: Any) -> AsyncGenerator[Piece, None]:
        has_heard = False
        result: Any = _END

        async def finish() -> Any:
            nonlocal result
            result = await call(args, kwargs)
            return result

        running = stream(
            finish,
            lambda put: _Sink(names, put, assigned, raw=not listeners),
            provider,
        )
        try:
            async for piece in running:
                has_heard = has_heard or isinstance(piece, StreamResponse)
                if piece is result and has_heard and not include_final_prediction_in_output_stream:
                    return
                yield piece
        finally:
            await running.aclose()

    if async_streaming:
        return pieces
    return lambda *args, **kwargs: apply_sync_streaming(pieces(*args, **kwargs))


async def streaming_response(streamer: AsyncIterator[Piece]) -> AsyncIterator[str]:
    """A stream as server-sent events, as web servers send them; the last is `data: [DONE]`.

    Args:
        streamer: what `streamify`'s function gives.
    """
    async for piece in streamer:
        if isinstance(piece, str) and piece.startswith("data:"):
            yield piece
        else:
            event = json.dumps(_as_event(piece), ensure_ascii=False, default=str, separators=(",", ":"))
            yield f"data: {event}\n\n"
    yield "data: [DONE]\n\n"


def _as_event(piece: Piece) -> dict[str, Any]:
    match piece:
        case Prediction():
            return {"prediction": {name: to_json_types(value) for name, value in piece.items()}}
        case StreamResponse(name, field, chunk, is_last):
            return {"predictor": name, "field": field, "chunk": chunk, "is_last": is_last}
        case StreamRestart(name):
            return {"restart": name}
        case StatusMessage(message):
            return {"status": message}
        case Delta():
            return {"chunk": {"index": piece.index, "text": piece.text, "reasoning": piece.reasoning}}
        case _:
            return {"value": to_json_types(piece)}


def stream_now(module: Any, inputs: dict[str, Any]) -> Iterator[Piece]:
    """What `Module.stream` gives; see there."""
    return apply_sync_streaming(stream_module(module, inputs))
