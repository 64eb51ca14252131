"""`--trace FILE`: what a command writes of every call, for `dspyc ui` and for editors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from .errors import Refusal
from .measuring import verify_writable

F = TypeVar("F", bound=Callable[..., Any])


def trace_options(command: F) -> F:
    """Let a command take `--trace FILE` and `--trace-content`; it gets them as `trace` and `content`."""
    with_content = click.option(
        "--trace-content",
        "content",
        is_flag=True,
        help="Write inputs, prompts and answers to the trace, too.",
    )
    with_file = click.option(
        "--trace",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write every call, when it ran and what it took, to a .jsonl file, which `dspyc ui` shows.",
    )
    return with_file(with_content(command))


def verify_trace(path: Path | None, content: bool) -> None:
    """Refuse a trace that cannot be written, before anything is paid for.

    Raises:
        Refusal: it cannot.
    """
    if path is None:
        if content:
            raise Refusal("--trace-content says what is in a trace", "pass --trace FILE.jsonl, too")
        return
    if path.suffix.lower() != ".jsonl":
        raise Refusal(f"{path} must end in .jsonl", f"like {path.stem or 'run'}.trace.jsonl")
    if path.exists() and not _is_trace(path):
        raise Refusal(f"{path} is not a trace and would be written over", "choose another file")
    verify_writable(path)


def _is_trace(path: Path) -> bool:
    from ..base.files import UnreadableFile, read_beginning

    try:
        beginning, _ = read_beginning(path, 32)
    except UnreadableFile:
        return False
    return not beginning or beginning.startswith(b'{"dspyc_trace":')


@contextmanager
def traced(path: Path | None, content: bool, command: str, program: str) -> Iterator[None]:
    """Write what runs inside to a trace; nothing where there is no path.

    Args:
        path: the file.
        content: whether what was said is in it.
        command: the command that writes it.
        program: what it runs.

    Raises:
        OSError: the file cannot be written.
    """
    if path is None:
        yield
        return
    from ..runtime import TraceFile
    from ..runtime.execution.settings import context, lookup

    with TraceFile(path, content, program, command) as trace:
        others = lookup("callbacks") or ()
        with context(callbacks=[*others, trace]), trace.hearing():
            yield
