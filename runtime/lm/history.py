"""What was sent to models and what came back, kept in bounded lists, and its printing."""

from __future__ import annotations

import sys
import time
from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from itertools import count
from operator import attrgetter
from typing import Any, Self, TextIO

from ...base.forks import new_lock
from .doors import render_outputs
from .request import Request, Response

_adding = new_lock()
_newest = 0
"""The highest number of an entry that may be in a history."""

next_number: Callable[[], int] = count(1).__next__
"""The number of a call that starts now; histories are in this order."""


class Entry(dict[str, Any]):
    """One call of a model, a dict of DSPy's form: `entry["messages"]`, `entry["outputs"]`, …

    Its content is made when it is first looked at, because most entries never are.
    """

    __slots__ = ("_finished", "_request", "_response", "number")

    def __init__(self, number: int, request: Request, response: Response) -> None:
        self.number = number
        self._request: Request | None = request
        self._response = response
        self._finished = time.time()

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """An entry of a finished dict."""
        made = cls.__new__(cls)
        global _newest
        made._request, made.number = None, next_number()
        with _adding:
            _newest = max(_newest, made.number)
        dict.update(made, facts)
        return made

    def fill(self) -> None:
        """Make the content, unless it is there already."""
        request = self._request
        if request is None:
            return
        from datetime import UTC, datetime

        from .redact import visible_settings  # what only a look into the history needs

        self._request, response = None, self._response
        dict.update(
            self,
            prompt=request.prompt,
            messages=request.openai_messages,
            kwargs=visible_settings(request.settings),
            response=response,
            outputs=list(render_outputs(response)),
            usage=dict(response.usage),
            cost=response.cost,
            timestamp=datetime.fromtimestamp(self._finished, UTC).isoformat(),
            uuid=f"{self._finished:.6f}-{self.number}",
            model=request.model,
            response_model=response.model,
            model_type=request.model_type,
            cache_hit=response.cache_hit,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # Elsewhere it is a plain dict: the request itself has the keys.
        self.fill()
        return dict, (dict(self),)

    __hash__ = None


def _filled_first(name: str) -> Callable[..., Any]:
    method = getattr(dict, name)

    @wraps(method)
    def filled(self: Entry, *args: Any, **kwargs: Any) -> Any:
        self.fill()
        return method(self, *args, **kwargs)

    return filled


for _name in (
    "__contains__", "__delitem__", "__eq__", "__getitem__", "__iter__", "__len__", "__ne__", "__or__",
    "__repr__", "__reversed__", "__ror__", "__setitem__", "copy", "get", "items", "keys", "pop", "popitem",
    "setdefault", "update", "values",
):  # fmt: skip
    setattr(Entry, _name, _filled_first(_name))


class CallHistory(list[Entry]):
    """A list of calls in the order in which they started, which for concurrent calls of a program is that of
    its text. It forgets the oldest ones beyond `max_history_size`, in steps, so that adding stays cheap.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        # Entries are plain dicts elsewhere, and are numbered anew so that calls can follow them.
        return _history_of, ([dict(each) for each in self],)


def _history_of(entries: Iterable[Mapping[str, Any]]) -> CallHistory:
    return CallHistory(map(Entry.of, entries))


def add(entry: Entry, histories: Sequence[CallHistory], limit: int) -> None:
    """Put a finished call in its place in each history, and forget the oldest calls beyond the limit."""
    global _newest
    number, most = entry.number, limit + limit // 8
    with _adding:
        if number > _newest:
            _newest = number
            put: Callable[[CallHistory, Entry], None] = list.append
        else:
            put = _insert
        for history in histories:
            put(history, entry)
            if len(history) > most:
                del history[: len(history) - limit]


def _insert(history: CallHistory, entry: Entry) -> None:
    insort(history, entry, key=_number)


_number = attrgetter("number")


ALL = CallHistory()
"""The calls of every LM in this process."""


def inspect_history(n: int = 1, file: TextIO | None = None) -> None:
    """Print the last `n` calls of any model: what was sent and what came back."""
    show(ALL, n, file)


def pretty_print_history(
    history: Sequence[Mapping[str, Any]], n: int = 1, file: TextIO | None = None
) -> None:
    """Print the last `n` calls of a list of entries, such as `lm.history`."""
    show(history, n, file)


def show(history: Sequence[Mapping[str, Any]], n: int = 1, file: TextIO | None = None) -> None:
    """Print the last `n` calls of a history; in colour on a terminal."""
    out = file or sys.stdout
    colour = file is None and out.isatty()
    for entry in history[-n:] if n > 0 else []:
        stamp = _paint(f"[{entry.get('timestamp', 'unknown time')}]", "34", colour)
        print(f"\n\n{stamp}\n", file=out)
        messages = entry["messages"] or [{"role": "user", "content": entry["prompt"]}]
        for message in messages:
            print(_paint(f"{str(message['role']).capitalize()} message:", "31", colour), file=out)
            print(f"\n{text_of(message.get('content')).strip()}\n", file=out)
        outputs = [text_of_output(output) for output in entry["outputs"]]
        print(_paint("Response:", "31", colour), file=out)
        print(f"\n{_paint(outputs[0].strip() if outputs else '', '32', colour)}\n", file=out)
        if len(outputs) > 1:
            print(_paint(f"\t (and {len(outputs) - 1} other completions)", "31", colour), file=out)


def text_of(content: Any) -> str:
    """The content of a message as text; parts that are no text are named by their kind."""
    if isinstance(content, list):
        return "\n".join(part.get("text", f"<{part.get('type')}>") for part in content)
    return content or ""


def text_of_output(output: Any) -> str:
    """An answer as text, with the tools that it calls."""
    if not isinstance(output, Mapping):
        return str(output)
    calls = [call["function"] for call in output.get("tool_calls", ())]
    return "\n".join([output.get("text") or "", *(f"{call['name']}({call['arguments']})" for call in calls)])


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
