"""`dspyc run --stream`: what models write, on standard error, while they write it."""

from __future__ import annotations

import sys
from typing import Any

from ..base.secrets import redact
from ..runtime.modules.streaming import StatusMessage, StreamResponse, StreamRestart


def run_streaming(program: Any, values: dict[str, Any]) -> Any:
    """Run a program, and show its answers as they come.

    Of calls that run together one is shown at a time; what the others write meanwhile comes after it.

    Args:
        program: a module.
        values: its inputs.

    Returns:
        The prediction.
    """
    screen = _Screen()
    piece = None
    for piece in program.stream(**values):
        screen.show(piece)
    screen.finish()
    return piece


class _Screen:
    """The lines on standard error: `predictor.field: text`."""

    def __init__(self) -> None:
        self._open: tuple[str, str] | None = None
        """The field that is being written."""
        self._waiting: dict[tuple[str, str], list[str]] = {}
        """The texts of fields that come meanwhile."""
        self._complete: set[tuple[str, str]] = set()
        """Those of them that are complete."""

    def show(self, piece: Any) -> None:
        """Show a piece of the stream."""
        match piece:
            case StreamResponse(predictor, field, chunk, is_last):
                self._write((predictor, field), chunk, is_last)
            case StreamRestart(predictor):
                self._forget(predictor)
            case StatusMessage(message):
                self._say(message)

    def finish(self) -> None:
        """Show what has not been shown."""
        self._end_line()
        while self._waiting:
            self._next()
            self._end_line()

    def _write(self, key: tuple[str, str], chunk: str, is_last: bool) -> None:
        if self._open is None and key not in self._waiting:
            self._open = key
            _put(_head(key))
        if self._open != key:
            self._waiting.setdefault(key, []).append(chunk)
            if is_last:
                self._complete.add(key)
            return
        _put(chunk)
        if is_last:
            self._end_line()
            while self._waiting and not self._next():
                pass

    def _next(self) -> bool:
        """Go on with what has waited longest; whether it is still being written."""
        key = next(iter(self._waiting))
        self._open = key
        _put(_head(key) + "".join(self._waiting.pop(key)))
        if key in self._complete:
            self._complete.discard(key)
            self._end_line()
            return False
        return True

    def _forget(self, predictor: str) -> None:
        """A predictor asks again: what of it has been shown is void."""
        for key in [each for each in self._waiting if each[0] == predictor]:
            del self._waiting[key]
            self._complete.discard(key)
        if self._open is not None and self._open[0] == predictor:
            self._end_line()
        self._say(f"{predictor}: the answer could not be used; asking again")

    def _say(self, message: str) -> None:
        self._end_line()
        _put(f"{message}\n")

    def _end_line(self) -> None:
        if self._open is not None:
            self._open = None
            _put("\n")


def _head(key: tuple[str, str]) -> str:
    predictor, field = key
    return f"{field}: " if predictor == "self" else f"{predictor}.{field}: "


def _put(text: str) -> None:
    sys.stderr.write(redact(text))
    sys.stderr.flush()
