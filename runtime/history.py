"""What was sent to models and what came back, kept in bounded lists, and its printing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any, TextIO

_numbers = count(1)


class Entry(Mapping[str, Any]):
    """One call of a model, read like DSPy's dict: `entry["messages"]`, `entry["outputs"]`, `entry["usage"]`,
    …
    """

    __slots__ = ("finished", "kwargs", "messages", "model", "model_type", "number", "prompt", "response")

    def __init__(
        self,
        *,
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
        self.number = next(_numbers)

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
    """A list of calls that forgets the oldest ones beyond `max_history_size`, in steps, so that adding stays
    cheap.
    """

    def add(self, entry: Entry, limit: int) -> None:
        """Append a call, and forget the oldest ones when there are more than the limit."""
        self.append(entry)
        if len(self) > limit + limit // 8:
            del self[: len(self) - limit]


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
