"""The names of a project: what each declares, in which order of need, and what that depends on.

A name is resolved when it is first asked for, because of another one perhaps: the frames of a stack note what
each reads. After an edit the names of changed declarations are resolved again; those that mean the same keep
their symbol, so that nothing depending on them changes, and what reads the others is resolved again, too.

Declarations that need each other in a cycle have types that nobody can tell: all of them are Unknown,
whichever is asked for first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import force_setattr

from .. import types
from ..environment import ALL, Key
from ..facts import Symbol
from .meaning import same_meaning, same_words

_NEVER = 1 << 30
"""Deeper than any frame: what is resolved needs nothing that is still being resolved."""


class Owner(Protocol):
    """The file that declares a name."""

    def declare(self, name: str) -> Symbol | None:
        """What a name of the file stands for, found out anew; None when the file has no such name."""

    def unknown(self, found: Symbol) -> Symbol:
        """What a name of the file stands for that needs itself, by what it would stand for otherwise."""


class Frame(Struct, eq=False):
    """Something that is being resolved."""

    depth: int
    key: Key | None = None
    """The name that is resolved, or whose fields are worked out."""
    reads: set[Key] = field(default_factory=set)
    lowest: int = _NEVER
    """The outermost frame below that this one needs."""

    @property
    def is_circular(self) -> bool:
        """Whether it needs itself."""
        return self.lowest <= self.depth


class _Entry(Struct, eq=False):
    """A name that has been resolved."""

    symbol: Symbol | None
    reads: set[Key]
    lowest: int = _NEVER
    """As of its frame, as long as that frame is being resolved."""


class _Reading:
    """A frame for what is no name, on a stack for as long as a `with` lasts."""

    __slots__ = ("_stack",)

    def __init__(self, stack: list[Frame]) -> None:
        self._stack = stack

    def __enter__(self) -> set[Key]:
        frame = Frame(len(self._stack))
        self._stack.append(frame)
        return frame.reads

    def __exit__(self, *_: object) -> None:
        self._stack.pop()


class _Noting:
    """A frame for what is found out about a name that may have been resolved already."""

    __slots__ = ("_close", "_key", "_stack")

    def __init__(self, stack: list[Frame], key: Key, close: Callable[[Frame], None]) -> None:
        self._stack = stack
        self._key = key
        self._close = close

    def __enter__(self) -> None:
        self._stack.append(Frame(len(self._stack), self._key))

    def __exit__(self, *_: object) -> None:
        self._close(self._stack.pop())


class Names:
    """All names that have been resolved, with what they depend on."""

    def __init__(self, owner: Callable[[str], Owner | None]) -> None:
        self.declared = 0
        """How often a declaration's name was resolved."""
        self.stale: set[Key] = set()
        """Names of which only the documentation or the place has changed, and what depends on them has not
        been told."""
        self._owner = owner
        self._entries: dict[Key, _Entry] = {}
        self._readers: dict[Key, set[Key]] = {}
        self._stack: list[Frame] = []
        self._resolving: dict[Key, Frame] = {}
        self._unfinished: list[_Entry | _Late] = []
        """Results that hang on a frame that is being resolved."""
        self._late: list[_Late] = []
        self._circular: set[Key] = set()
        """The names that need themselves."""
        self._depth = 0
        """How many frames of names are on the stack."""

    # --- asking -----------------------------------------------------------------------------------------

    def note(self, key: Key) -> None:
        """Remember that what is being resolved depends on something."""
        if self._stack:
            self._stack[-1].reads.add(key)

    def reading(self) -> AbstractContextManager[set[Key]]:
        """Collects what is read inside of a `with`, by something that is no name."""
        return _Reading(self._stack)

    def noting(self, key: Key) -> AbstractContextManager[None]:
        """Notes what is read inside of a `with` as read by a name, which may be resolved already."""
        return _Noting(self._stack, key, self._noted)

    def is_innermost(self, key: Key) -> bool:
        """Whether a name is being resolved, and nothing else because of it."""
        return bool(self._stack) and self._resolving.get(key) is self._stack[-1]

    def symbol(self, key: Key) -> Symbol | None:
        """What a name of a file stands for; None when the file has no such name."""
        top = self._stack[-1] if self._stack else None
        if top is not None:
            top.reads.add(key)
        entry = self._entries.get(key)
        if entry is not None:
            if top is not None and entry.lowest < top.lowest:
                top.lowest = entry.lowest
            return entry.symbol
        frame = self._resolving.get(key)
        if frame is not None:
            assert top is not None
            top.lowest = min(top.lowest, frame.depth)
            return Symbol(key[1], "unresolved", types.UNKNOWN)
        owner = self._owner(key[0])
        return self._resolve(key, owner) if owner is not None else None

    def _resolve(self, key: Key, owner: Owner) -> Symbol | None:
        frame = self._push(key)
        self._resolving[key] = frame
        try:
            found = owner.declare(key[1])
        finally:
            self._pop()
            del self._resolving[key]
        self.declared += found is not None
        if found is not None and frame.is_circular:
            found = owner.unknown(found)
            self._circular.add(key)
        entry = self._entries[key] = _Entry(found, frame.reads)
        self._register(key, frame.reads)
        self._settle(frame, entry)
        if self._depth == 0:
            self._finish()
        return found

    def _noted(self, frame: Frame) -> None:
        """What belongs to a name has been found out."""
        assert frame.key is not None
        entry = self._entries.get(frame.key)
        outer = self._stack[-1] if self._stack else None
        if outer is not None:
            outer.lowest = min(outer.lowest, frame.lowest)
        if entry is not None:
            entry.reads |= frame.reads
            self._register(frame.key, frame.reads)
        elif outer is not None:
            outer.reads |= frame.reads

    def _register(self, key: Key, reads: set[Key]) -> None:
        for read in reads:
            self._readers.setdefault(read, set()).add(key)

    def _push(self, key: Key) -> Frame:
        frame = Frame(len(self._stack), key)
        self._stack.append(frame)
        self._depth += 1
        return frame

    def _pop(self) -> None:
        self._stack.pop()
        self._depth -= 1

    def _settle(self, frame: Frame, result: _Entry | _Late) -> None:
        """What a frame has found is final when it needs no frame below it."""
        if frame.lowest < frame.depth:
            result.lowest = frame.lowest
            self._unfinished.append(result)
            self._stack[-1].lowest = min(self._stack[-1].lowest, frame.lowest)
            return
        while self._unfinished and self._unfinished[-1].lowest >= frame.depth:
            self._unfinished.pop().lowest = _NEVER

    # --- fields that are worked out late ----------------------------------------------------------------

    def defer(self, name: str, make: Callable[[], types.Interface]) -> Callable[[], types.Interface]:
        """Fields that are worked out when they are first asked for, at the latest with the outermost name."""
        top = self._stack[-1]
        assert top.key is not None
        late = _Late(name, make, self, top.key, top.reads)
        self._late.append(late)
        return late

    def _finish(self) -> None:
        while self._late:
            self._late[-1]()

    def work_out(self, late: _Late, make: Callable[[], types.Interface]) -> types.Interface:
        """Resolve the fields of a declaration."""
        frame = self._push(late.key)
        late.frame = frame
        try:
            found = make()
        finally:
            self._pop()
            late.frame = None
            if late in self._late:
                self._late.remove(late)
        if frame.is_circular:
            found = types.Interface(late.name, open=True)
            self._circular.add(late.key)
        late.found = found
        self._settle(frame, late)
        late.reads |= frame.reads
        self._register(late.key, frame.reads)
        return found

    def needs(self, late: _Late) -> None:
        """The fields of a declaration are asked for."""
        top = self._stack[-1] if self._stack else None
        if top is not None:
            lowest = late.frame.depth if late.frame is not None else late.lowest
            top.lowest = min(top.lowest, lowest)

    # --- after an edit ----------------------------------------------------------------------------------

    def update(self, keys: Iterable[Key], lists: set[Key]) -> dict[Key, Symbol | None]:
        """Resolve names again whose declaration has changed, and what reads which names a file has.

        `lists` are the keys of files that have other names than before, be it one that nobody has asked for.
        Returns the names that mean something else, with what they meant.
        """
        edited = set(keys)
        before: dict[Key, Symbol | None] = {}
        read_before = {key: self._reads(key) for key in edited}
        circular_before = edited & self._circular
        changed = self._again(edited, before)
        changed |= {key for key in edited - changed if self._closes_a_circle(key, read_before[key])}
        changed |= circular_before - self._circular
        if changed or lists:
            changed = self._again(self.dependents(changed | lists) - lists, before)
        return {key: before[key] for key in changed}

    def _closes_a_circle(self, key: Key, read_before: set[Key]) -> bool:
        """Whether a name reads something new that depends on the name."""
        new = self._reads(key) - read_before
        return bool(new) and not new.isdisjoint(self.dependents({key}))

    def refresh(self) -> set[Key]:
        """Tell what depends on stale names their words. Returns all names that have new symbols."""
        keys = self.dependents(self.stale)
        self.stale = set()
        for key in keys:
            self._forget(key)
        for key in keys:
            self.symbol(key)
        return keys

    def readers(self, keys: Iterable[Key]) -> set[Key]:
        """The names that read something themselves."""
        return {reader for key in keys for reader in self._readers.get(key, ())}

    def of_files(self, paths: set[str]) -> set[Key]:
        """The names of files that were asked for, those among them that these do not have."""
        return {key for key in self._entries if key[0] in paths}

    def keep_only(self, paths: set[str]) -> None:
        """Forget the names of all files but these, none of which reads one that is forgotten."""
        for key in [each for each in self._entries if each[0] not in paths]:
            self._forget(key)
        for key in [each for each, readers in self._readers.items() if not readers]:
            del self._readers[key]

    def dependents(self, keys: set[Key]) -> set[Key]:
        """Names, and all that depend on them."""
        found: set[Key] = set()
        waiting = list(keys)
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                waiting += self._readers.get(key, ())
                waiting += self._readers.get((key[0], ALL), ())
        return found

    def _again(self, keys: set[Key], before: dict[Key, Symbol | None]) -> set[Key]:
        wide = {key for key in keys if any(read[1] == ALL for read in self._reads(key))}
        asked = {key for key in keys if key in self._entries or self._readers.get(key)}
        for key in keys:
            old = self._forget(key)
            before.setdefault(key, old)
        for key in asked:
            self.symbol(key)
        return {key for key in keys if not self._keep(key, before[key]) or key in wide}

    def _reads(self, key: Key) -> set[Key]:
        entry = self._entries.get(key)
        return entry.reads if entry is not None else set()

    def _forget(self, key: Key) -> Symbol | None:
        self._circular.discard(key)
        entry = self._entries.pop(key, None)
        if entry is None:
            return None
        for read in entry.reads:
            self._readers[read].discard(key)
        return entry.symbol

    def _keep(self, key: Key, old: Symbol | None) -> bool:
        """Give a name its old symbol back where that means the same."""
        entry = self._entries.get(key)
        new = entry.symbol if entry is not None else None
        if not same_meaning(old, new):
            return False
        if entry is not None and old is not None and new is not None and old is not new:
            if not same_words(old, new):
                self.stale.add(key)
            force_setattr(old, "node", new.node)
            entry.symbol = old
        return True


class _Late:
    """Fields of a declaration, worked out when they are first asked for."""

    __slots__ = ("_make", "_names", "found", "frame", "key", "lowest", "name", "reads")

    def __init__(
        self, name: str, make: Callable[[], types.Interface], names: Names, key: Key, reads: set[Key]
    ) -> None:
        self.name = name
        self.key = key
        self.reads = reads
        """What the name that has the fields reads, which is what the fields read, too."""
        self.found: types.Interface | None = None
        self.frame: Frame | None = None
        self.lowest = _NEVER
        self._make: Callable[[], types.Interface] | None = make
        self._names = names

    def __call__(self) -> types.Interface:
        """The fields; open ones where they need themselves."""
        names, make = self._names, self._make
        if self.found is not None:
            if self.lowest != _NEVER:
                names.needs(self)
            return self.found
        if self.frame is not None or make is None:
            names.needs(self)
            return types.Interface(self.name, open=True)
        found = names.work_out(self, make)
        self._make = None
        if self.lowest != _NEVER:
            names.needs(self)
        return found
