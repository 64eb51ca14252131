"""Callbacks of language models and adapters: told of requests, messages and answers as they come."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Sequence
from itertools import count
from typing import Any, Literal, TypeVar

from .doors import render_outputs
from .redact import visible_settings
from .request import Request, Response

T = TypeVar("T")

logger = logging.getLogger("dspyc")

_ids = count(1)


class BaseCallback:
    """What `LM(…, callbacks=[…])` and `ChatAdapter(callbacks=[…])` take: override what you want to hear of.

    An error in a callback is logged, and changes nothing else.
    """

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A request goes out.

        Args:
            call_id: names the request; `on_lm_end` has the same.
            instance: the language model.
            inputs: `prompt`, `messages` and `kwargs`, the settings of the request without keys.
        """

    def on_lm_end(
        self, call_id: str, outputs: list[str] | None, exception: BaseException | None = None
    ) -> None:
        """The request is over.

        Args:
            call_id: which request.
            outputs: the answers' texts, or None when it failed.
            exception: how it failed.
        """

    def on_adapter_format_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An adapter makes messages; `inputs` are its `signature`, `demos` and `inputs`."""

    def on_adapter_format_end(
        self, call_id: str, outputs: list[dict[str, Any]] | None, exception: BaseException | None = None
    ) -> None:
        """The messages are made, or could not be."""

    def on_adapter_parse_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An adapter reads an answer; `inputs` are its `signature` and `completion`."""

    def on_adapter_parse_end(
        self, call_id: str, outputs: dict[str, Any] | None, exception: BaseException | None = None
    ) -> None:
        """The answer is read, or cannot be."""


def told(
    callbacks: Sequence[BaseCallback] | None,
    what: Literal["adapter_format", "adapter_parse"],
    instance: Any,
    inputs: dict[str, Any],
    work: Callable[[], T],
) -> T:
    """Do a piece of work, and tell the callbacks before and after it."""
    if not callbacks:
        return work()
    call_id = f"{what}-{next(_ids)}"
    for callback in callbacks:
        _tell(getattr(callback, f"on_{what}_start"), call_id, instance, inputs)
    try:
        outputs = work()
    except BaseException as error:
        for callback in callbacks:
            _tell(getattr(callback, f"on_{what}_end"), call_id, None, error)
        raise
    for callback in callbacks:
        _tell(getattr(callback, f"on_{what}_end"), call_id, outputs, None)
    return outputs


async def watched(
    callbacks: Sequence[BaseCallback], lm: Any, request: Request, work: Coroutine[Any, Any, Response]
) -> Response:
    """Do the work of a request, and tell the callbacks before and after it."""
    call_id = f"lm-{next(_ids)}"
    inputs = {
        "prompt": request.prompt,
        "messages": request.openai_messages,
        "kwargs": visible_settings(request.settings),
    }
    for callback in callbacks:
        _tell(callback.on_lm_start, call_id, lm, inputs)
    try:
        response = await work
    except BaseException as error:
        for callback in callbacks:
            _tell(callback.on_lm_end, call_id, None, error)
        raise
    for callback in callbacks:
        _tell(callback.on_lm_end, call_id, list(render_outputs(response)), None)
    return response


def _tell(listener: Callable[..., None], *facts: Any) -> None:
    try:
        listener(*facts)
    except Exception:
        logger.exception("a callback failed")
