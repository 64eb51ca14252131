"""litellm, imported at the first request, quietly, and put away at the end of the process.

It takes seconds and 160 MB to import, reads a `.env` file and fetches a price list unless told not to,
changes the warning filters, and leaves loops, tasks, clients and finalisers behind that print to the terminal
or hang.
"""

from __future__ import annotations

import atexit
import logging
import os
import warnings
from contextlib import suppress
from typing import Any

from ....base.forks import new_lock
from ...execution.threads import run_in_thread
from . import io_loop, litellm_forks

_lock = new_lock()
_loaded: Any = None
_LOGGERS = ("litellm", "LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
_NOISE = (
    ".*`ReadOnly` qualifier.*",
    ".*Accessing the.*attribute on the instance is deprecated.*",
    ".*conflict with protected namespace.*",
    r"(?s)Pydantic serializer warnings:.*"
    r"\b(?:Message|Choices|StreamingChoices|Delta|Usage|ModelResponse|\w+_tokens)\b",
)
"""What pydantic says of litellm's own classes, and of the answers in them."""


def load() -> Any:
    """The module, imported on first use and made anew in a forked process."""
    global _loaded
    if _loaded is None or litellm_forks.is_due():
        with _lock:
            os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
            os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
            litellm_forks.renew()
            first = _loaded is None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import litellm
            litellm.telemetry = False
            litellm.suppress_debug_info = True
            litellm.cache = None
            if first:
                _make_quiet(litellm)
            _loaded = litellm
    return _loaded


def enable_litellm_logging() -> None:
    """Show what litellm itself says of its requests, down to the details."""
    _let_speak(logging.DEBUG)


def disable_litellm_logging() -> None:
    """Show of litellm's own words none but errors."""
    _let_speak(logging.ERROR)


def _let_speak(level: int) -> None:
    litellm = load()
    litellm.suppress_debug_info = level > logging.DEBUG
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(level)
        for handler in logger.handlers:
            handler.setLevel(level)


async def aload() -> Any:
    """The module, imported beside the event loop."""
    if _loaded is None or litellm_forks.is_due():
        return await run_in_thread(load)
    return _loaded


def _make_quiet(litellm: Any) -> None:
    for message in _NOISE:
        warnings.filterwarnings("ignore", message=message)
    if not os.environ.get("LITELLM_LOG"):
        for name in _LOGGERS:
            # Failures are raised as errors of ours; whoever wants litellm's own words sets LITELLM_LOG.
            logging.getLogger(name).setLevel(logging.CRITICAL)
    # Its finalisers close clients on loops that are not theirs, and wait for tasks that will not end; ours
    # come first.
    litellm._async_client_cleanup_registered = True
    with suppress(ImportError, AttributeError):
        from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

        atexit.unregister(GLOBAL_LOGGING_WORKER._flush_on_exit)
    with suppress(ImportError, AttributeError):
        from litellm._service_logger import ServiceLogging

        # For each synchronous request it makes an event loop to tell nobody in.
        for name in ("service_success_hook", "service_failure_hook"):
            if hasattr(ServiceLogging, name):
                setattr(ServiceLogging, name, _do_nothing)
    io_loop.before_end(_close_asynchronous)
    atexit.register(_put_away)


def _do_nothing(*args: Any, **kwargs: Any) -> None:
    """Stand in for a listener that has nothing to tell."""


def _put_away() -> None:
    """Close the clients where they live, and end the loop of requests."""
    if litellm_forks.is_due():
        # Forked, and never used here: they are the parent's.
        return
    io_loop.stop()
    for client in _clients():
        for part in (client, getattr(client, "client", None)):
            close = getattr(part, "close", None)
            if callable(close) and not _is_asynchronous(part):
                with suppress(Exception):
                    close()


def _clients() -> list[Any]:
    kept = getattr(getattr(_loaded, "in_memory_llm_clients_cache", None), "cache_dict", {})
    modules = vars(_loaded)
    known = [modules[name] for name in litellm_forks.CLIENTS if modules.get(name) is not None]
    return [*kept.values(), *known]


async def _close_asynchronous() -> None:
    """Close the clients that live on the loop of requests."""
    if litellm_forks.is_due():
        return
    for client in _clients():
        for part in (client, getattr(client, "client", None)):
            if _is_asynchronous(part):
                close = getattr(part, "aclose", None) or getattr(part, "close", None)
                with suppress(Exception):
                    await close()  # type: ignore[misc]


def _is_asynchronous(client: Any) -> bool:
    return type(client).__name__.startswith("Async")
