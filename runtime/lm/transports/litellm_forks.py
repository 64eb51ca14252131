"""litellm in a forked process: its clients, locks and threads belong to the parent, and are made anew.

A connection that two processes read from gives one the other's answer; a lock that another thread of the
parent held at the fork is never released; a pool of threads without its threads never does what it is given.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

_PACKAGES = ("litellm", "openai", "httpx", "httpcore", "anyio", "aiohttp", "tiktoken")
CLIENTS = ("module_level_client", "module_level_aclient")
_LOCKS = (type(threading.Lock()), type(threading.RLock()), threading.Condition, threading.Event)
_HOLDERS = ("threading", "concurrent.futures.thread")
_DEEPEST = 3

_abandoned: list[Any] = []
"""The parent's clients, kept in this process, because closing them would say goodbye to the server."""
_state = {"forked": False}


def is_due() -> bool:
    """Whether this process was forked since litellm was last used."""
    return _state["forked"]


def renew() -> None:
    """Make litellm usable in a process that was forked since it was last used; call it before the import.

    It stays due until it is done, so that another thread does not use the parent's clients meanwhile.
    """
    if not is_due():
        return
    litellm = sys.modules.get("litellm")
    if litellm is not None:
        _renew(litellm)
    _state["forked"] = False


def _renew(litellm: Any) -> None:
    clients = vars(litellm).get("in_memory_llm_clients_cache")
    for name in ("cache_dict", "ttl_dict", "expiration_heap"):
        if (kept := getattr(clients, name, None)) is not None:
            _abandoned.append(kept.copy())
            kept.clear()
    # litellm makes these when they are first asked for.
    _abandoned.extend(vars(litellm).pop(name, None) for name in CLIENTS)
    _renew_parts()


def _renew_parts() -> None:
    seen: set[int] = set()
    for name, module in list(sys.modules.items()):
        if name.startswith(_PACKAGES):
            _renew_all(list(vars(module).values()), seen, _DEEPEST)


def _renew_all(values: Iterable[Any], seen: set[int], depth: int) -> None:
    """Free the locks among these values and in these packages' objects, and restart pools of threads."""
    for value in values:
        kind = type(value)
        if kind in _LOCKS:
            value._at_fork_reinit()
            continue
        where = kind.__module__
        if id(value) in seen or not (where.startswith(_PACKAGES) or where in _HOLDERS):
            continue
        seen.add(id(value))
        if issubclass(kind, ThreadPoolExecutor):
            _restart(value)
        if depth:
            with suppress(AttributeError, TypeError):
                # Not through the object's own attributes, which may import or refuse.
                held = object.__getattribute__(value, "__dict__")
                _renew_all(list(held.values()), seen, depth - 1)


def _restart(pool: ThreadPoolExecutor) -> None:
    pool._threads = set()
    pool._idle_semaphore = threading.Semaphore(0)
    pool._work_queue = queue.SimpleQueue()
    pool._shutdown_lock = threading.Lock()


def _after_fork() -> None:
    _state["forked"] = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
