"""litellm in a forked process: its clients, locks and threads belong to the parent, and are made anew.

A connection that two processes read from gives one the other's answer; a lock that another thread of the
parent held at the fork is never released; a pool of threads without its threads never does what it is given.
"""

from __future__ import annotations

import importlib._bootstrap
import os
import queue
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_PACKAGES = ("litellm", "openai", "httpx", "httpcore", "anyio", "aiohttp", "tokenizers", "tiktoken")
_CLIENTS = ("module_level_client", "module_level_aclient")
_LOCKS = (type(threading.Lock()), type(threading.RLock()), threading.Condition, threading.Event)
_DEEPEST = 3

_abandoned: list[Any] = []
"""The parent's clients, kept in this process, because closing them would say goodbye to the server."""
_state = {"forked": False}


def is_due() -> bool:
    """Whether this process was forked since litellm was last used."""
    return _state["forked"]


def renew() -> None:
    """Make litellm usable in a process that was forked since it was last used; call it before the import."""
    if not is_due():
        return
    _state["forked"] = False
    _forget_half_imported()
    litellm = sys.modules.get("litellm")
    if litellm is None:
        return
    clients = vars(litellm).get("in_memory_llm_clients_cache")
    for name in ("cache_dict", "ttl_dict", "expiration_heap"):
        if (kept := getattr(clients, name, None)) is not None:
            _abandoned.append(kept.copy())
            kept.clear()
    # litellm makes these when they are first asked for.
    _abandoned.extend(vars(litellm).pop(name, None) for name in _CLIENTS)
    _renew_parts()


def _forget_half_imported() -> None:
    """Let modules that another thread was just importing be imported again."""
    importlib._bootstrap._module_locks.clear()  # type: ignore[attr-defined]
    for name, module in list(sys.modules.items()):
        package = name.partition(".")[0]
        if package not in _PACKAGES or not _is_half_imported(module):
            continue
        if name == package:
            for part in [part for part in sys.modules if part.partition(".")[0] == package]:
                del sys.modules[part]
        else:
            sys.modules.pop(name, None)


def _is_half_imported(module: Any) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _renew_parts() -> None:
    seen: set[int] = set()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in _PACKAGES:
            for value in list(vars(module).values()):
                _renew_value(value, seen, _DEEPEST)


def _renew_value(value: Any, seen: set[int], depth: int) -> None:
    """Free the locks in a value, and restart its pools of threads."""
    if id(value) in seen or isinstance(value, type):
        return
    seen.add(id(value))
    if isinstance(value, _LOCKS):
        value._at_fork_reinit()  # type: ignore[attr-defined]
    elif isinstance(value, ThreadPoolExecutor):
        _restart(value)
    if depth:
        for part in _parts(value):
            _renew_value(part, seen, depth - 1)


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)) and len(value) < 100:
        yield from value
    elif isinstance(value, dict) and len(value) < 100:
        yield from list(value.values())
    elif type(value).__module__.partition(".")[0] in (*_PACKAGES, "threading"):
        yield from list(getattr(value, "__dict__", {}).values())


def _restart(pool: ThreadPoolExecutor) -> None:
    pool._threads.clear()
    pool._idle_semaphore = threading.Semaphore(0)
    pool._work_queue = queue.SimpleQueue()
    pool._shutdown_lock = threading.Lock()


def _after_fork() -> None:
    _state["forked"] = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
