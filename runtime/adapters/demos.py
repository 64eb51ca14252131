"""Few-shot examples as turns, and the memory of what they were written as: most calls show the same ones.

An example is recognised by the identity of its values, which must be of types that never change, or lists of
such; so what is remembered is what would be written again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from operator import is_
from typing import Any, TypeAlias

from ...base.frozen import frozen_record
from ...base.later import loaded
from ..example import Example
from ..signature.fields import Field
from ..types.annotations import allows_none

_MOST = 1024
"""How many examples are remembered for a signature."""
_MOST_SETS = 64
"""How many sets of examples."""
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
    is_constant: bool
    """Whether none of the values can change."""


@frozen_record
class _Set:
    texts: tuple[tuple[str, str], ...]
    """The role and the text of each message."""
    kept: tuple[_Kept, ...]
    """The examples, which keep their values."""


class DemoMemory:
    """What examples of one signature were written as."""

    __slots__ = ("_kept", "_sets")

    def __init__(self) -> None:
        self._kept: dict[Any, _Kept] = {}
        self._sets: dict[Any, _Set] = {}

    def messages(self, demos: Iterable[Any], write: Write) -> list[dict[str, Any]]:
        """Examples as messages, from memory or written now: those that lack fields first."""
        stores = [demo._store if isinstance(demo, Example) else demo for demo in demos]
        values = chain.from_iterable(store.values() for store in stores)
        key = (*map(len, stores), *chain.from_iterable(stores), *map(id, values))
        found = self._sets.get(key)
        if found is None:
            kept = [self._recalled(store, write) for store in stores]
            made = arranged(each.turns for each in kept)
            if all(each.is_constant for each in kept):
                self._keep(key, made, kept)
            return made
        # Of one's own, as whoever gets them may change them.
        return [{"role": role, "content": text} for role, text in found.texts]

    def _keep(self, key: Any, made: list[dict[str, Any]], kept: list[_Kept]) -> None:
        if len(self._sets) >= _MOST_SETS:
            self._sets.clear()
        texts = tuple((each["role"], each["content"]) for each in made)
        self._sets[key] = _Set(texts, tuple(kept))

    def _recalled(self, values: Mapping[str, Any], write: Write) -> _Kept:
        kept = self._kept.get((*values, *map(id, values.values())))
        if kept is None or (kept.lists and not _is_same(kept.lists)):
            kept = self._write(values, write)
        return kept

    def _write(self, values: Mapping[str, Any], write: Write) -> _Kept:
        lists = _lists(values)
        kept = _Kept(write(values), tuple(values.values()), lists or (), lists == ())
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
