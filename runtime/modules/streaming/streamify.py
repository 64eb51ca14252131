"""The doors to streams: a module's own `stream`, and DSPy's `streamify`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from typing import Any

from ...execution import drive
from .listening import Sink, StreamListener, assigned_to, names_of
from .pieces import Piece, StreamResponse
from .running import stream
from .status import StatusMessageProvider
from .synchronous import apply_sync_streaming


def stream_module(
    module: Any, inputs: dict[str, Any], call: Callable[..., Awaitable[Any]] | None = None
) -> AsyncGenerator[Piece, None]:
    """What `Module.astream` gives; see there.

    Args:
        module: the module.
        inputs: its inputs.
        call: calls it; its `acall` when None.
    """
    names = names_of(module)
    return stream(
        lambda: (call or module.acall)(**inputs),
        lambda put: Sink(names, put, None, raw=False),
        StatusMessageProvider(),
    )


def stream_now(module: Any, inputs: dict[str, Any]) -> Iterator[Piece]:
    """What `Module.stream` gives; see there."""
    return apply_sync_streaming(stream_module(module, inputs))


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
    assigned = assigned_to(program, listeners) if listeners else None
    names = names_of(program)
    provider = status_message_provider or StatusMessageProvider()

    async def call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if hasattr(program, "acall"):
            return await program.acall(*args, **kwargs)
        if is_async_program:
            return await program(*args, **kwargs)
        return await drive.call_function(program, *args, **kwargs)

    async def pieces(*args: Any, **kwargs: Any) -> AsyncGenerator[Piece, None]:
        has_heard = False
        result: Any = object()  # which is no piece

        async def finish() -> Any:
            nonlocal result
            result = await call(args, kwargs)
            return result

        running = stream(
            finish,
            lambda put: Sink(names, put, assigned, raw=not listeners),
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
