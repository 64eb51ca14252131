"""What the cache's file holds, for people: its answers, what was asked, and how two requests differ."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...base import json
from .cachefile import CacheFile
from .cachejson import read_json
from .request import Response

_AROUND = 30
"""How many characters of a text are shown before and after what differs."""


@dataclass(frozen=True)
class Asked:
    """What a request asked: the facts that name it, see `keys.request_facts`."""

    endpoint: str
    model: str
    model_type: str
    prompt: str | None
    messages: list[Mapping[str, Any]]
    settings: Mapping[str, Any]
    tools: list[Any]
    output: Any

    @classmethod
    def read(cls, facts: str | bytes | None) -> Asked | None:
        """The facts of a request; None where they were not kept, or cannot be read."""
        if facts is None:
            return None
        try:
            _, *rest = json.load(facts)
            return cls(*rest)
        except (TypeError, ValueError):
            return None

    @property
    def question(self) -> str:
        """The last thing that was said to the model, on one line."""
        text = self.prompt or (text_of(self.messages[-1]) if self.messages else "")
        return " ".join(text.split())

    def as_dict(self) -> dict[str, Any]:
        """The facts by their names."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class Kept:
    """One answer of the cache.

    Attributes:
        key: its name.
        made: when it came, in seconds since 1970.
        model: who was asked; empty for one of an earlier version.
        size: how many bytes it takes, about.
        facts: what was asked, as JSON.
        value: the answer, as JSON.
    """

    key: str
    made: float
    model: str
    size: int
    facts: str | None
    value: str

    @cached_property
    def asked(self) -> Asked | None:
        """What was asked, where it is known."""
        return Asked.read(self.facts)

    @property
    def answers(self) -> list[Any]:
        """The answers' texts, or the value that a program has put there."""
        with suppress(KeyError, TypeError, ValueError):
            found = read_json(self.value)
            return list(found.texts) if isinstance(found, Response) else [found]
        return []


@dataclass(frozen=True)
class Difference:
    """Where two requests differ: what it was then, and what it is now; None where there was nothing."""

    where: str
    then: str | None
    now: str | None


_SELECT = """
SELECT answers.key, made, COALESCE(model, ''), length(value) + COALESCE(length(facts), 0), facts, value
FROM answers LEFT JOIN requests USING (key)
"""


def entries(file: CacheFile, model: str | None = None) -> list[Kept]:
    """The answers in a file, the newest first.

    Args:
        file: the cache's file.
        model: only those of this model.
    """

    def read(connection: sqlite3.Connection) -> list[Kept]:
        chosen, values = (" WHERE model = ?", (model,)) if model is not None else ("", ())
        rows = connection.execute(f"{_SELECT}{chosen} ORDER BY made DESC", values)
        return [Kept(*row) for row in rows]

    return file.work(read) or []


def delete(file: CacheFile, keys: Iterable[str]) -> None:
    """Delete answers, and give their space back."""

    def work(connection: sqlite3.Connection) -> None:
        connection.executemany("DELETE FROM answers WHERE key = ?", [(key,) for key in keys])

    file.work(work)
    file.shrink()


def prunable(
    kept: list[Kept], older_than: float | None, most_bytes: int | None, model: str | None
) -> list[Kept]:
    """The answers to delete.

    Args:
        kept: all, the newest first.
        older_than: those that came before this time, in seconds since 1970.
        most_bytes: the oldest ones beyond this size of all together.
        model: only those of this model.
    """
    chosen: list[Kept] = []
    total = 0
    for one in kept:
        total += one.size
        if model is not None and one.model != model:
            continue
        too_old = older_than is not None and one.made < older_than
        too_much = most_bytes is not None and total > most_bytes
        if too_old or too_much or (older_than is None and most_bytes is None):
            chosen.append(one)
    return chosen


# --- how requests differ --------------------------------------------------------------------------------


def nearest(asked: Asked, others: Iterable[Kept]) -> Kept | None:
    """The answer whose request is most like this one; the first of several."""
    known = [one for one in others if one.asked is not None]
    return max(known, key=lambda one: _likeness(asked, one.asked), default=None)


def differences(then: Asked, now: Asked) -> list[Difference]:
    """Where two requests differ, in the order in which people look."""
    found: list[Difference] = []
    for where, name in (("model", "model"), ("endpoint", "endpoint"), ("kind of model", "model_type")):
        before, after = getattr(then, name), getattr(now, name)
        if before != after:
            found.append(Difference(where, str(before) or None, str(after) or None))
    found += _settings(then.settings, now.settings)
    found += _messages(then, now)
    for where, name in (("tools", "tools"), ("format of the answer", "output")):
        before, after = getattr(then, name), getattr(now, name)
        if before != after:
            found.append(_texts(where, _shown(before), _shown(after)))
    return found


def text_of(message: Mapping[str, Any]) -> str:
    """A message's text; parts that are no text stand as their kind."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(
        str(part.get("text") or f"<{part.get('type')}>") for part in parts if isinstance(part, Mapping)
    )


def _likeness(one: Asked, other: Asked | None) -> float:
    if other is None:
        return -1.0
    score = 2.0 * (one.model == other.model) + (one.endpoint == other.endpoint)
    names = one.settings.keys() | other.settings.keys()
    same = sum(one.settings.get(name) == other.settings.get(name) for name in names)
    score += same / len(names) if names else 1.0
    pairs = list(zip(_said(one), _said(other), strict=False))
    longest = max(len(one.messages), len(other.messages), 1)
    return score + 4.0 * sum(_overlap(first, second) for first, second in pairs) / longest


def _said(asked: Asked) -> list[str]:
    return [text_of(message) for message in asked.messages]


def _overlap(first: str, second: str) -> float:
    """Which share of two texts they have in common at their beginning and end."""
    if first == second:
        return 1.0
    begin, end = _common(first, second)
    return (begin + end) / max(len(first), len(second), 1)


def _common(first: str, second: str) -> tuple[int, int]:
    """How many characters two texts share at their beginning, and at their end after that."""
    shortest = min(len(first), len(second))
    begin = _shared(lambda count: first[:count] == second[:count], shortest)
    rest = shortest - begin
    end = _shared(lambda count: first[len(first) - count :] == second[len(second) - count :], rest)
    return begin, end


def _shared(same: Any, most: int) -> int:
    """The largest count for which `same` holds; it holds for all smaller ones."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if same(middle) else (low, middle - 1)
    return low


def _settings(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    for name in sorted(then.keys() | now.keys()):
        before = _shown(then[name]) if name in then else None
        after = _shown(now[name]) if name in now else None
        if before != after:
            yield Difference(f"setting {name}", before, after)


def _messages(then: Asked, now: Asked) -> Iterator[Difference]:
    for number in range(max(len(then.messages), len(now.messages))):
        before = then.messages[number] if number < len(then.messages) else None
        after = now.messages[number] if number < len(now.messages) else None
        if before == after:
            continue
        role = str((after or before or {}).get("role"))
        where = f"message {number + 1} ({role})"
        if before is None or after is None:
            then_, now_ = (None if each is None else _start(text_of(each)) for each in (before, after))
            yield Difference(where, then_, now_)
        elif text_of(before) != text_of(after):
            yield _texts(where, text_of(before), text_of(after))
        else:
            yield _texts(where, _shown(before), _shown(after))


def _texts(where: str, then: str, now: str) -> Difference:
    """Two texts where they differ, with a little of what stands around."""
    begin, end = _common(then, now)
    return Difference(where, _part(then, begin, end), _part(now, begin, end))


def _part(text: str, begin: int, end: int) -> str:
    start, stop = max(begin - _AROUND, 0), min(len(text) - end + _AROUND, len(text))
    if stop - start > 6 * _AROUND:
        stop = start + 6 * _AROUND
    before, after = "…" * (start > 0), "…" * (stop < len(text))
    return f"{before}{text[start:stop]}{after}"


def _start(text: str) -> str:
    return _part(text, 0, len(text))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dump(value)
