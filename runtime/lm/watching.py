"""Telling callbacks of language models and adapters what goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Sequence
from itertools import count
from typing import Any, Literal, TypeVar

from .callbacks import BaseCallback
from .doors import render_outputs
from .redact import visible_settings
from .request import Request, Response

T = TypeVar("T")

logger = logging.getLogger("dspyc")

_ids = count(1)


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
