"""Callbacks of a language model: told of each request before it goes out and after it came back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .request import Request, Response

logger = logging.getLogger("dspyc")

_ids = count(1)


class BaseCallback:
    """What `LM(…, callbacks=[…])` takes: override what you want to hear of. Errors in one are logged."""

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


async def watched(
    callbacks: Sequence[BaseCallback], lm: Any, request: Request, work: Coroutine[Any, Any, Response]
) -> Response:
    """Do the work of a request, and tell the callbacks before and after it."""
    from .redact import is_secret

    call_id = f"lm-{next(_ids)}"
    kwargs = {name: value for name, value in request.kwargs.items() if not is_secret(name)}
    inputs = {"prompt": request.prompt, "messages": request.messages, "kwargs": kwargs}
    for callback in callbacks:
        _tell(callback.on_lm_start, call_id, lm, inputs)
    try:
        response = await work
    except BaseException as error:
        for callback in callbacks:
            _tell(callback.on_lm_end, call_id, None, error)
        raise
    for callback in callbacks:
        _tell(callback.on_lm_end, call_id, list(response.texts), None)
    return response


def _tell(listener: Callable[..., None], *facts: Any) -> None:
    try:
        listener(*facts)
    except Exception:
        logger.exception("a callback failed")
