"""Checking many files on all cores: processes that are handed files and answer with results, as JSON."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any

import msgspec
from msgspec import Struct

from ...base.held import hold, is_own_process
from .examine import examine, workspace_for
from .result import Result, Task

_BYTES_A_WORKER = 48_000
"""A process must have as much text to check to be worth its start; it takes some 150 ms to check."""
_FORKS = sys.platform.startswith("linux")
_ROUNDS = 4
"""Into how many portions, at least, the work of a process is cut, so that all end at about the same time."""


class _Done(Struct, frozen=True, array_like=True):
    """The results of a portion, and the packages that were looked for."""

    results: tuple[Result, ...]
    packages: dict[str, str | None]


def usable_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_all(
    task: Task, keys: Sequence[str], jobs: int | None = None
) -> tuple[dict[str, Result], dict[str, str | None]]:
    """The results of files by their keys, and the packages that were looked for.

    Args:
        task: how to check.
        keys: the files' paths; see `Result.key`.
        jobs: how many processes may check; as many as there are cores when None. With one, or with little to
            do, it is done in this process.

    Raises:
        FileNotFoundError: one of the files is gone.
    """
    sizes = [_size(key) for key in keys]
    count = min(jobs or usable_cores(), sum(sizes) // _BYTES_A_WORKER)
    workspace = hold(workspace_for(task))
    found: dict[str, Result] = {}
    packages: dict[str, str | None] = {}
    if count > 1 and (context := _context()) is not None:
        sendable = [(key, size) for key, size in zip(keys, sizes, strict=True) if _is_utf8(key)]
        portions = _portions(sendable, sum(sizes) // (count * _ROUNDS) + 1)
        for done in _in_processes(context, task, portions, count):
            found.update((each.key, each) for each in done.results)
            packages.update(done.packages)
    # What no process has answered, because one has died, is done here; an error then is an ordinary one.
    left = [key for key in keys if key not in found]
    with workspace.in_one_pass():
        found.update((each.key, each) for each in examine(task, left, workspace))
    return found, {**packages, **workspace.packages}


def _size(key: str) -> int:
    try:
        return os.stat(key).st_size
    except OSError:
        return 0


def _is_utf8(key: str) -> bool:
    """Whether a path can be sent as JSON; the name of a file may be any bytes."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True


def _portions(files: Iterable[tuple[str, int]], limit: int) -> list[list[str]]:
    """Files in portions of about as many bytes; those of a folder stay together."""
    portions: list[list[str]] = [[]]
    filled = 0
    for key, size in files:
        if portions[-1] and filled + size > limit:
            portions.append([])
            filled = 0
        portions[-1].append(key)
        filled += size
    return portions


def _in_processes(context: Any, task: Task, portions: Sequence[list[str]], count: int) -> Iterator[_Done]:
    """What processes find out about portions, in the order in which they are ready."""
    waiting = list(reversed(portions))
    workers: dict[Connection, Any] = {}
    # What is imported and read here once, forked processes have.
    _warm_up()
    gc.freeze()
    try:
        for _ in range(min(count, len(portions))):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, [ours, *workers], task), daemon=True)
            with _undisturbed():
                process.start()
            theirs.close()
            workers[ours] = process
            _send(ours, waiting.pop())
        busy = set(workers)
        while busy:
            for ours in wait(list(busy)):
                assert isinstance(ours, Connection)
                try:
                    done = msgspec.json.decode(ours.recv_bytes(), type=_Done)
                except (EOFError, OSError, msgspec.DecodeError):
                    busy.discard(ours)
                    continue
                if waiting:
                    _send(ours, waiting.pop())
                else:
                    busy.discard(ours)
                yield done
    finally:
        gc.unfreeze()
        for ours, process in workers.items():
            ours.close()
            process.terminate()
        for process in workers.values():
            process.join()


def _context() -> Any:
    """How processes are started; None where that is not safe.

    A fork spares them all imports. It needs a process without other threads, and one that starts anew needs a
    process that is a command's own: it imports what this one was started with.
    """
    if _FORKS:
        return multiprocessing.get_context("fork") if threading.active_count() == 1 else None
    return multiprocessing.get_context("spawn") if is_own_process() else None


_ENDING = {signal.SIGINT, signal.SIGTERM}


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let signals wait while a process starts, so that none meets one that is half made."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


def _warm_up() -> None:
    """Import the compiler and read its tables."""
    from ...compiler.analysis import Project

    Project({"": "x = 1\n"}.get).check("")


def _send(connection: Connection, keys: list[str]) -> None:
    with suppress(OSError):
        connection.send_bytes(msgspec.json.encode(keys))


def _work(connection: Connection, others: Sequence[Connection], task: Task) -> None:
    """The life of a process: portions come, results go, until the other end is closed."""
    # The parent hears of Ctrl-C too, and ends its processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    for each in others:
        each.close()
    gc.disable()
    workspace = workspace_for(task)
    # What fails here is done again in the process that waits for it, which says what is wrong.
    with suppress(Exception), workspace.in_one_pass():
        while True:
            keys = msgspec.json.decode(connection.recv_bytes(), type=list[str])
            results = tuple(examine(task, keys, workspace))
            connection.send_bytes(msgspec.json.encode(_Done(results, workspace.packages)))
