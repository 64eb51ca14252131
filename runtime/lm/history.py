"""What was sent to models and what came back, kept in bounded lists, and its printing."""

from __future__ import annotations

import sys
import time
from bisect import insort
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import count
from operator import attrgetter
from threading import Lock
from typing import Any, Protocol, TextIO


class Caller(Protocol):
    """A module, as far as the history of its calls goes."""

    @property
    def history(self) -> CallHistory:
        """The model calls made inside it."""
        ...


callers: ContextVar[tuple[Caller, ...]] = ContextVar("dspyc_callers", default=())
"""The modules whose calls are under way here, outermost first."""

_numbers = count(1)
_adding = Lock()


def next_number() -> int:
    """The number of a call that starts now; histories are in this order."""
    return next(_numbers)


class Entry(Mapping[str, Any]):
    """One call of a model, read like DSPy's dict: `entry["messages"]`, `entry["outputs"]`, `entry["usage"]`,
    …
    """

    __slots__ = ("finished", "kwargs", "messages", "model", "model_type", "number", "prompt", "response")

    def __init__(
        self,
        *,
        number: int,
        model: str,
        model_type: str,
        prompt: str | None,
        messages: list[dict[str, Any]] | None,
        kwargs: dict[str, Any],
        response: Any,
    ) -> None:
        self.model = model
        self.model_type = model_type
        self.prompt = prompt
        self.messages = messages
        self.kwargs = kwargs
        self.response = response
        self.finished = time.time()
        self.number = number

    def __getitem__(self, key: str) -> Any:
        match key:
            case "prompt" | "messages" | "kwargs" | "response" | "model" | "model_type":
                return getattr(self, key)
            case "outputs":
                return list(self.response.texts)
            case "usage":
                return dict(self.response.usage)
            case "cost":
                return self.response.cost
            case "response_model":
                return self.response.model
            case "timestamp":
                return datetime.fromtimestamp(self.finished, UTC).isoformat()
            case "uuid":
                return f"{self.finished:.6f}-{self.number}"
            case "cache_hit":
                return self.response.cache_hit
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(_KEYS)

    def __len__(self) -> int:
        return len(_KEYS)

    def __repr__(self) -> str:
        return repr(dict(self))


_KEYS = (
    "prompt", "messages", "kwargs", "response", "outputs", "usage", "cost", "timestamp",
    "uuid", "model", "response_model", "model_type", "cache_hit",
)  # fmt: skip


class CallHistory(list[Entry]):
    """A list of calls in the order in which they started, which for concurrent calls of a program is that of
    its text. It forgets the oldest ones beyond `max_history_size`, in steps, so that adding stays cheap.
    """

    def add(self, entry: Entry, limit: int) -> None:
        """Put a finished call in its place, and forget the oldest ones when there are more than the limit."""
        with _adding:
            if not self or self[-1].number < entry.number:
                self.append(entry)
            else:
                insort(self, entry, key=_number)
            if len(self) > limit + limit // 8:
                del self[: len(self) - limit]


_number = attrgetter("number")


ALL = CallHistory()
"""The calls of every LM in this process."""


def inspect_history(n: int = 1, file: TextIO | None = None) -> None:
    """Print the last `n` calls of any model: what was sent and what came back."""
    show(ALL, n, file)


def show(history: CallHistory, n: int = 1, file: TextIO | None = None) -> None:
    """Print the last `n` calls of a history; in colour on a terminal."""
    out = file or sys.stdout
    colour = file is None and out.isatty()
    for entry in history[-n:] if n > 0 else []:
        stamp = _paint("[" + entry["timestamp"] + "]", "34", colour)
        print(f"\n\n{stamp}\n", file=out)
        messages = entry.messages or [{"role": "user", "content": entry.prompt}]
        for message in messages:
            print(_paint(f"{str(message['role']).capitalize()} message:", "31", colour), file=out)
            print(f"\n{_text_of(message.get('content')).strip()}\n", file=out)
        outputs = entry["outputs"]
        print(_paint("Response:", "31", colour), file=out)
        print(f"\n{_paint(outputs[0].strip() if outputs else '', '32', colour)}\n", file=out)
        if len(outputs) > 1:
            print(_paint(f"\t (and {len(outputs) - 1} other completions)", "31", colour), file=out)


def _text_of(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(part.get("text", f"<{part.get('type')}>") for part in content)
    return content or ""


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
