"""The files of a project as its checks see them: their texts, their names, what each was read for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from msgspec import Struct

from ..base.forks import new_recursive_lock
from ..grammar import syntax
from ..grammar.parse import parse
from ..grammar.reparse import reparse
from ..grammar.source import Source
from . import types
from .datafiles import BEGINNING, data_file
from .environment import ALL, IMPORTS, Key, python_key, python_path, text_key
from .facts import NOTHING_KNOWN, UNKNOWN_CALL, CallKind, DataFile, ItemFacts, PythonFacts, SavedState, Symbol
from .program import Item, Program, placed
from .pythonfiles.file import PythonFile, find_definition
from .pythonfiles.risks import python_facts
from .resolve import kinds
from .resolve.members import members
from .resolve.names import Names, Owner
from .resolve.prelude import given, given_names
from .resolve.python_names import owner_in_python, read_python
from .resolve.scope import FileScope
from .states import saved_state


class Unreadable(Struct, frozen=True):
    """A file that is there and cannot be read; why, as a clause: "is a named pipe, not a file"."""

    reason: str


Content = str | Unreadable | None
"""The text of a file, why it cannot be read, or None where there is none."""
Reader = Callable[[str], Content]
Finder = Callable[[str], str | None]
Looker = Callable[[str], DataFile | None]
"""What is known of a data file by its beginning; None where nothing is."""
StateLooker = Callable[[str], SavedState | None]
"""What is known of a program's state; None where there is none."""

L = TypeVar("L", DataFile | None, SavedState | None)


def _look_again(paths: Iterable[str], known: dict[str, L], look: Callable[[str], L]) -> set[str]:
    """Look at files again that have been looked at. Returns those of which something else is known now."""
    different: set[str] = set()
    for path in paths:
        if path in known:
            found = look(path)
            if found != known[path]:
                known[path] = found
                different.add(path)
    return different


class Files:
    """The files that are checked together; see `resolve.imports.Workspace`.

    Texts are read when they are first asked for and again by `refresh`, so that they cannot change in the
    middle of a check. Only one thread at a time finds out anything.
    """

    def __init__(
        self,
        read: Reader,
        roots: tuple[str, ...],
        find: Finder | None,
        pure: frozenset[str],
        look: Looker | None = None,
        look_at_state: StateLooker | None = None,
    ) -> None:
        self.roots = roots
        self.find = find
        self.pure = pure
        self.lock = new_recursive_lock()
        self.resolved = 0
        """How often a declaration was resolved."""
        self.edits = 0
        """How often a text has changed."""
        self._read = read
        self._look = look or self._look_into_text
        self._look_at_state = look_at_state or self._look_into_state
        self._texts: dict[str, Content] = {}
        self._data: dict[str, DataFile | None] = {}
        """What is known of data files, whose texts are not read."""
        self._states: dict[str, SavedState | None] = {}
        """What is known of the states of programs, whose texts are not kept."""
        self._current: set[str] = set()
        """The paths whose texts have been read in this check."""
        self._read_by: dict[str, set[str]] = {}
        """The paths that were asked for because of a file."""
        self._scopes: dict[str, FileScope] = {}
        self._python: dict[str, PythonFile] = {}
        self._names = Names(self._owner)

    # --- texts ------------------------------------------------------------------------------------------

    def text(self, path: str, reader: str) -> str | None:
        """The text of a file, or None when there is no such file; noted as read by the file `reader`."""
        self._read_by.setdefault(reader, set()).add(path)
        self.note(text_key(path))
        return self._text(path)

    def data(self, path: str, reader: str) -> DataFile | None:
        """What is known of a data file; None where nothing is. Noted as read by the file `reader`."""
        self._read_by.setdefault(reader, set()).add(path)
        self.note(text_key(path))
        if path not in self._data:
            self._data[path] = self._look(path)
            self._current.add(path)
        return self._data[path]

    def state(self, path: str, reader: str) -> SavedState | None:
        """What is known of a program's state; None where there is none. Noted as `data` is."""
        self._read_by.setdefault(reader, set()).add(path)
        self.note(text_key(path))
        if path not in self._states:
            self._states[path] = self._look_at_state(path)
            self._current.add(path)
        return self._states[path]

    def _look_into_state(self, path: str) -> SavedState | None:
        text = self._read(path)
        return saved_state(text.encode("utf-8", "replace")) if isinstance(text, str) else None

    def _look_into_text(self, path: str) -> DataFile | None:
        """What a text tells that the reader has; of what it has not, nothing is known."""
        text = self._read(path)
        if not isinstance(text, str):
            return None
        content = text.encode("utf-8", "replace")
        return data_file(path, content[:BEGINNING], is_whole=len(content) <= BEGINNING)

    def problem(self, path: str, reader: str) -> str | None:
        """Why a file that is there cannot be read, as a clause; noted as `text` is."""
        self.text(path, reader)
        found = self._texts[path]
        return found.reason if isinstance(found, Unreadable) else None

    def _text(self, path: str) -> str | None:
        if path not in self._texts:
            self._texts[path] = self._read(path)
            self._current.add(path)
        found = self._texts[path]
        return found if isinstance(found, str) else None

    def begin(self) -> None:
        """From now on, no text counts as current."""
        self._current = set()

    def refresh(self, path: str) -> bool:
        """Make a file, and all that was read because of it, current. Returns whether anything was not."""
        old = [each for each in self.reached(path) if each not in self._current]
        self._current.update(old)
        looked = {each for each in old if each in self._data or each in self._states}
        texts = {each: self._read(each) for each in old if each in self._texts or each not in looked}
        changed = {each: text for each, text in texts.items() if self._texts.setdefault(each, text) != text}
        different = _look_again(looked, self._data, self._look)
        different |= _look_again(looked, self._states, self._look_at_state)
        if different:
            self.edits += 1
            keys = {text_key(each) for each in different}
            self._spread(keys | self._names.readers(keys))
        if changed:
            self._take_over(changed)
        return bool(old)

    def reached(self, path: str) -> Iterable[str]:
        """A file, and all that was asked for because of it, be it through others."""
        found = {path: None}
        waiting = [path]
        while waiting:
            for each in self._read_by.get(waiting.pop(), ()):
                if each not in found:
                    found[each] = None
                    waiting.append(each)
        return found

    def readers(self, path: str) -> frozenset[str]:
        """The files for whose check the text at a path was asked for, be it through others."""
        readers: dict[str, list[str]] = {}
        for reader, paths in self._read_by.items():
            for each in paths:
                readers.setdefault(each, []).append(reader)
        found: set[str] = set()
        waiting = [path]
        while waiting:
            new = [each for each in readers.get(waiting.pop(), ()) if each not in found]
            found.update(new)
            waiting += new
        return frozenset(found)

    def keep_only(self, paths: Iterable[str]) -> set[str]:
        """Let go of what is known of files, but for these and all that was asked for because of them.

        Returns the files that are kept.
        """
        needed = {each for path in paths for each in self.reached(path)}
        known: list[dict[str, Any]] = [self._texts, self._data, self._states, self._read_by, self._python]
        for kept in (*known, self._scopes):
            for path in kept.keys() - needed:
                del kept[path]
        self._current &= needed
        self._names.keep_only(needed | {python_path(each) for each in needed})
        return needed

    def _take_over(self, texts: Mapping[str, Content]) -> None:
        """Let all files know what has changed."""
        self.edits += 1
        edited: set[Key] = set()
        outside: set[str] = set()
        for path, text in texts.items():
            self._texts[path] = text
            scope = self._scopes.get(path)
            if scope is None:
                outside.add(path)
            elif not isinstance(text, str):
                # Those that it did not have count as well: the next file of this name may have them.
                edited |= self._names.of_files({path})
                del self._scopes[path]
                outside.add(path)
            else:
                imports, bases, names = scope.import_names(), scope.base_names(), scope.names()
                edits = scope.edit(reparse(scope.file, Source(path, text)))
                edited |= edits
                if set(scope.names()) != set(names):
                    edited.add(scope.key(ALL))
                changed = any(key[1] in imports or scope.is_import(key[1]) for key in edits)
                if changed or scope.base_names() != bases:
                    edited.add(IMPORTS)
                if path in self._python:
                    outside.add(path)
        if outside:
            edited |= self._outside(outside)
        self._spread(edited)

    def _outside(self, paths: set[str]) -> set[Key]:
        """What depends on files that are no `.dspy` files, or that are there or not."""
        # A Python file may hand on what it imports of others.
        texts = {text_key(path) for path in (*paths, *self._python)}
        names = self._names.of_files({python_path(path) for path in self._python})
        self._python.clear()
        edited = texts | {IMPORTS} | names | self._names.readers(texts)
        for scope in self._scopes.values():
            edited |= {scope.key(name) for name in scope.import_names()}
        return edited

    def _spread(self, edited: set[Key]) -> None:
        """Resolve again what has been edited, and tell the items of all files what means something else."""
        special = {key for key in edited if not key[0] or key[1] == ALL}
        names = edited - special
        changed = self._names.update(names, {key for key in special if key[0]})
        self._outdate(names | changed.keys())
        if not (changed or special):
            return
        if any(self._leads_elsewhere(key, old) for key, old in changed.items()):
            special.add(IMPORTS)
        everything = changed.keys() | special | {(path, ALL) for path, _ in changed}
        for scope in self._scopes.values():
            scope.changed |= everything

    def _outdate(self, keys: Iterable[Key]) -> None:
        for path, name in keys:
            scope = self._scopes.get(path)
            if scope is not None:
                scope.outdated.add(name)

    def _leads_elsewhere(self, key: Key, old: Symbol | None) -> bool:
        """Whether an import brings something of another kind, on which it depends what imports may do."""
        scope = self._scopes.get(key[0])
        if scope is None or not scope.is_import(key[1]):
            return False
        new = self._names.symbol(key)
        return old is None or new is None or old.kind != new.kind

    # --- files ------------------------------------------------------------------------------------------

    def scope(self, path: str) -> FileScope | None:
        """The names of a `.dspy` file."""
        found = self._scopes.get(path)
        if found is None:
            text = self._text(path)
            if text is None:
                return None
            found = self._scopes[path] = FileScope(path, parse(Source(path, text)), self)
        return found

    def python(self, path: str) -> PythonFile | None:
        """A Python file, read and not run."""
        found = self._python.get(path)
        if found is None:
            text = self._text(path)
            if text is None:
                return None
            found = self._python[path] = read_python(self, path, text)
        return found

    def _owner(self, path: str) -> Owner | None:
        """The file whose names have keys with a path."""
        python = path.removeprefix(python_path(""))
        return self._scopes.get(path) if python == path else owner_in_python(self, python)

    # --- names ------------------------------------------------------------------------------------------

    def symbol(self, key: Key) -> Symbol | None:
        """What a name of a `.dspy` file stands for; noted as read."""
        return self._names.symbol(key)

    def python_type(self, path: str, name: str) -> types.Type | None:
        """The type of a name of a Python file; None when there is no such name. Noted as read."""
        key = python_key(path, name)
        with self.lock:
            if self._names.is_innermost(key):
                return types.UNKNOWN  # as inside of `Tree = dict[str, "Tree"]`, of which the rest is known
            found = self._names.symbol(key)
        return found.type if found is not None else None

    @contextmanager
    def noting(self, path: str, name: str) -> Iterator[None]:
        """Notes what is read inside of a `with` as read by a name of a Python file."""
        with self.lock, self._names.noting(python_key(path, name)):
            yield

    def note(self, key: Key) -> None:
        """Remember that what is being resolved depends on something."""
        self._names.note(key)

    def reading(self) -> AbstractContextManager[set[Key]]:
        """Collects what is read inside of a `with`."""
        return self._names.reading()

    def defer(self, name: str, make: Callable[[], types.Interface]) -> Callable[[], types.Interface]:
        """Fields that are worked out after the names of the declaration that has them."""
        return self._names.defer(name, make)

    def alone(self, find_out: Callable[[], ItemFacts]) -> ItemFacts:
        """Call a function while no other thread finds out anything."""
        with self.lock:
            self.resolved += 1
            return find_out()

    def tell_words(self) -> None:
        """Let items know documentation and places that have changed."""
        if not self._names.stale:
            return
        keys = self._names.refresh()
        self._outdate(keys)
        for scope in self._scopes.values():
            scope.words += 1
            for item in scope.remembered():
                if not item.reads.isdisjoint(keys):
                    item.forget(findings=False)


class Surroundings:
    """What a program asks about its file and the files around it, at any time and from any thread."""

    def __init__(self, files: Files, scope: FileScope) -> None:
        self._files = files
        self._scope = scope
        self._kinds: dict[kinds.Declared, CallKind] = {}
        self._elsewhere: list[kinds.Declared] = []
        """The functions of other files that have been looked at in an answer that is being worked out."""

    def given(self, name: str) -> Symbol | None:
        """What a name means that the file does not declare."""
        return given(name)

    def given_names(self) -> Sequence[str]:
        """All names that need no declaration."""
        return given_names()

    def members(self, kind: types.Type) -> Mapping[str, Symbol]:
        """What may follow the dot behind a value of a type."""
        with self._files.lock:
            return members(kind)

    def call_kind(self, program: Program, item: Item, call: syntax.Call) -> CallKind:
        """What a call runs."""
        return kinds.call_kind(self._scope, item, call, lambda found: self.kind_of(program, found))

    def kind_of_function(self, program: Program, function: types.Function) -> CallKind:
        """What calling a function runs, by its type."""
        found = kinds.of_function(self._scope, function)
        return self.kind_of(program, found) if isinstance(found, tuple) else found

    def python_facts(self, function: types.Function) -> PythonFacts:
        """What the text of an imported Python function tells beside its type."""
        place = function.place
        if function.origin != "python" or place is None:
            return NOTHING_KNOWN
        with self._files.lock:
            file = self._files.python(place.path)
        return NOTHING_KNOWN if file is None else python_facts(file, function.name)

    def function_kind(self, program: Program, name: str) -> CallKind:
        """What calling a `def` of the file runs."""
        return self.kind_of(program, (self._scope.path, name))

    def kind_of(self, program: Program, function: kinds.Declared) -> CallKind:
        """What calling a `def` runs, of this file or another."""
        found = self._kinds.get(function)
        if found is None:
            with self._files.lock:
                found = kinds.function_kind(function, lambda each: self._body(program, each), self._kinds)
                while self._elsewhere:
                    each = self._elsewhere.pop()
                    self._scope.called.setdefault(each, self._kinds.get(each, UNKNOWN_CALL))
        return found

    def _body(self, program: Program, function: kinds.Declared) -> tuple[FileScope, Item] | None:
        path, name = function
        if path == program.path:
            symbol = program.symbols.get(name)
            item = program.item(symbol.item) if symbol is not None else None
            declared = item is not None and isinstance(item.declaration, syntax.FunctionDeclaration)
            return (self._scope, item) if item is not None and declared else None
        self._elsewhere.append(function)
        scope = self._files.scope(path)
        if scope is None:
            return None
        scope.forget_what_has_changed()
        kept = scope.function(name)
        return (scope, Item(0, 0, kept)) if kept is not None else None

    def locate(self, place: types.Place) -> types.Place:
        """Where a declared thing stands in another file as that is now."""
        with self._files.lock:
            if place.item:
                scope = self._files.scope(place.path)
                for each, kept in (
                    zip(scope.file.items, scope.items, strict=True) if scope is not None else ()
                ):
                    if kept.key == place.item:
                        return placed(place, each.start, kept.declaration)
                return types.Place(place.path, line=0)
            text = self._files.text(place.path, self._scope.path) if place.name else None
            return place if text is None else find_definition(place.path, text, place.name)

    def beside(self, path: str) -> Program | None:
        """The program of another `.dspy` file, as it was when this one was checked."""
        with self._files.lock:
            scope = self._files.scope(path)
            return None if scope is None else program_of(self._files, scope)


def calls_hold(files: Files, scope: FileScope, program: Program) -> bool:
    """Whether the functions of other files that a file reaches run what they ran when it was checked.

    Only that depends on their bodies: what they are by their types is among what the items of the file read.
    """
    around = Surroundings(files, scope)
    return all(around.kind_of(program, each) == kind for each, kind in list(scope.called.items()))


def program_of(files: Files, scope: FileScope) -> Program:
    """The program of a file, as its scope has it now."""
    scope.forget_what_has_changed()
    views = scope.views()
    return Program(
        scope.path,
        scope.file.source,
        views,
        scope.symbols(),
        Surroundings(files, scope),
        scope.words,
        scope.memory,
        scope.edit_count,
    )
