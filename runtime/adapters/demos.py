"""Few-shot examples as turns, and the memory of what they were written as: most calls show the same ones.

An example is recognised by the identity of its values, which must be of types that never change, or lists of
such; so what is remembered is what would be written again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import is_
from typing import Any, TypeAlias

from ...base.frozen import frozen_record
from ...base.later import loaded
from ..example import Example
from ..signature.fields import Field
from ..types.annotations import allows_none

_MOST = 1024
"""How many examples are remembered for a signature."""
_ATOMS = frozenset({str, int, float, bool, type(None), bytes})


@frozen_record
class Turns:
    """An example as a question and an answer."""

    is_complete: bool
    """Whether all fields are there."""
    user: str
    assistant: str


Write: TypeAlias = "Callable[[Mapping[str, Any]], Turns | None]"
"""Writes an example with these fields; None for one that is left out."""


def arranged(written: Iterable[Turns | None]) -> list[dict[str, Any]]:
    """Turns as messages: those that lack fields first, then the complete ones."""
    complete: list[dict[str, Any]] = []
    incomplete: list[dict[str, Any]] = []
    for turns in written:
        if turns is not None:
            question = {"role": "user", "content": turns.user}
            answer = {"role": "assistant", "content": turns.assistant}
            (complete if turns.is_complete else incomplete).extend((question, answer))
    return incomplete + complete


def is_complete(fields: Mapping[str, Field], values: Mapping[str, Any]) -> bool:
    """Whether an example has a value for each field; None counts where the type allows it."""
    for name, field in fields.items():
        if values.get(name) is None and not (name in values and allows_none(field.annotation)):
            return False
    return True


@frozen_record
class _Kept:
    turns: Turns | None
    values: tuple[Any, ...]
    """Kept so that no other value gets one of their identities."""
    lists: tuple[tuple[list[Any], tuple[Any, ...]], ...]
    """The lists among them, and what was in each."""


class DemoMemory:
    """What examples of one signature were written as."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[Any, _Kept] = {}

    def messages(self, demos: Iterable[Any], write: Write) -> list[dict[str, Any]]:
        """Examples as messages, from memory or written now: those that lack fields first."""
        return arranged(self._turns(demos, write))

    def _turns(self, demos: Iterable[Any], write: Write) -> Iterator[Turns | None]:
        recall = self._kept.get
        for demo in demos:
            values = demo._store if isinstance(demo, Example) else demo
            kept = recall((*values, *map(id, values.values())))
            if kept is None or (kept.lists and not _is_same(kept.lists)):
                kept = self._write(values, write)
            yield kept.turns

    def _write(self, values: Mapping[str, Any], write: Write) -> _Kept:
        lists = _lists(values)
        kept = _Kept(write(values), tuple(values.values()), lists or ())
        if lists is not None:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            self._kept[(*values, *map(id, kept.values))] = kept
        return kept


def _is_same(lists: tuple[tuple[list[Any], tuple[Any, ...]], ...]) -> bool:
    """Whether each list still holds what it held."""
    return all(len(now) == len(then) and all(map(is_, now, then)) for now, then in lists)


def _lists(values: Mapping[str, Any]) -> tuple[tuple[list[Any], tuple[Any, ...]], ...] | None:
    """The lists among the values and what is in them; None if a value may change in another way."""
    lists = []
    atoms = _ATOMS.union(loaded("decimal", "Decimal"), loaded("datetime", "date", "datetime", "time"))
    for value in values.values():
        if type(value) is list and atoms.issuperset(map(type, value)):
            lists.append((value, tuple(value)))
        elif type(value) not in atoms:
            return None
    return tuple(lists)
