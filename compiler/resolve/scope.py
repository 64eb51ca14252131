"""A `.dspy` file in a project: its items and its names, kept across edits."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from ...base.diagnostic import Diagnostic
from ...base.span import Span
from ...grammar import syntax
from ...grammar.parse import File, Parsed
from ...grammar.parse import Item as ParsedItem
from .. import types
from ..datafiles import is_remote
from ..environment import ALL, IMPORTS, Environment, Key
from ..facts import Answers, CallKind, Checked, DataFile, Draft, ItemFacts, SavedState, Symbol
from ..program import Item
from ..trees import declared_names, walk
from . import declarations, imports
from .imports import Workspace
from .keys import name_of, numbered, without_number
from .prelude import given

Imports = (syntax.FromImport, syntax.Import)
_MOST_EARLIER = 32
"""How many items of a file are remembered that were edited away."""
_MOST_EARLIER_CHARACTERS = 100_000
"""How long the texts of these are together, at most: what is known of a long one takes much memory."""


class KeptItem:
    """An item of a file, for as long as its text stays the same, with what was found out about it."""

    __slots__ = (
        "_facts",
        "_scope",
        "bases",
        "broken",
        "checked",
        "declaration",
        "findings",
        "key",
        "meant",
        "memory",
        "names",
        "parsed",
        "reads",
        "text",
    )

    def __init__(self, scope: FileScope, key: str, parsed: Parsed) -> None:
        self.key = key
        self.parsed = parsed
        self.text = parsed.text
        self.declaration = parsed.declaration
        self.broken = bool(parsed.problems)
        self.names = declared_names(parsed.declaration)
        self.meant = _meant_names(parsed, self.names)
        """The names that an import with a mistake mentions: it may bring them."""
        self.bases = _bases_of(parsed.declaration)
        """The names in what the declaration extends."""
        self.memory: dict[Hashable, Any] = {}
        self.checked: Checked | None = None
        """What the rules found in it, and what that depends on; None when it has to be found out."""
        self.findings: tuple[Diagnostic, ...] = ()
        """What they found when they looked last."""
        self.reads: frozenset[Key] = frozenset()
        """What the facts depend on."""
        self._facts: ItemFacts | None = None
        self._scope = scope

    @property
    def facts(self) -> ItemFacts:
        """What is known of the item; found out when it is asked for."""
        return self._facts or self.find_out()

    @property
    def is_unknown(self) -> bool:
        """Whether nothing has been found out yet."""
        return self._facts is None

    def find_out(self) -> ItemFacts:
        """Resolve the item, if no other thread has done so meanwhile."""
        return self._scope.workspace.alone(self._resolve)

    def _resolve(self) -> ItemFacts:
        found = self._facts
        if found is None:
            found, self.reads = self._scope.resolve(self)
            self._facts = found
        return found

    def forget(self, *, findings: bool) -> None:
        """What was found out holds no longer."""
        self._facts = None
        self.memory = {}
        if findings:
            self.checked = None

    def draft(self) -> Draft:
        """The item, with nothing found out yet."""
        return Draft(self.key, self.text, self.declaration, self.broken)


_WORD = re.compile(r"\b[^\W\d]\w*")
_IMPORT = re.compile(r"\s*(?:from|import)\b")
_MOST = 4_000
"""How many characters of an import with a mistake are looked at."""


def _meant_names(parsed: Parsed, names: Sequence[syntax.Identifier]) -> tuple[syntax.Identifier, ...]:
    if not parsed.problems or not (
        isinstance(parsed.declaration, Imports)
        or (parsed.declaration is None and _IMPORT.match(parsed.text) is not None)
    ):
        return ()
    known = {"from", "import", "as", *(each.text for each in names)}
    words = _WORD.finditer(parsed.text, 0, _MOST)
    return tuple(syntax.Identifier(Span(*each.span()), each[0]) for each in words if each[0] not in known)


def _bases_of(declaration: syntax.Declaration | None) -> tuple[str, ...]:
    if not isinstance(declaration, syntax.TypeDeclaration | syntax.SignatureDeclaration):
        return ()
    base = declaration.base
    return () if base is None else tuple(each.text for each in walk(base) if isinstance(each, syntax.Name))


class FileScope:
    """The items and names of one file; what the runtime and Python bring comes behind them."""

    def __init__(self, path: str, file: File, workspace: Workspace) -> None:
        self.path = path
        self.workspace = workspace
        self.file = File(file.source, ())
        self.items: list[KeptItem] = []
        self.changed: set[Key] = set()
        """What means something else than when the items were last looked at."""
        self.memory: dict[Hashable, Any] = {}
        """What is kept from one look at the whole file to the next."""
        self.answers: Answers = {}
        """What the rules have asked about all items, and the answers."""
        self.called: dict[tuple[str, str], CallKind] = {}
        """What the `def`s of other files run that are reached from here, as it was first told since the file
        was checked."""
        self.words = 0
        """How often documentation has changed in what the items read."""
        self.outdated: set[str] = set()
        """The names that may have other symbols than when the file was looked at last."""
        self._symbols: dict[str, Symbol] | None = None
        self.is_dirty = True
        """Whether anything has changed since the file was checked."""
        self._views: tuple[Item, ...] = ()
        self.edit_count: tuple[int, Sequence[int] | None] = (0, None)
        """How often the items were looked at, and which were new when they last were; None for all."""
        self._imports: frozenset[str] | None = None
        self._bases: frozenset[str] | None = None
        self._owners: dict[str, tuple[KeptItem, syntax.Identifier]] = {}
        self._has_repeated = False
        """Whether several items declare the same name."""
        self._keys: dict[str, Key] = {}
        self._names: tuple[str, ...] | None = None
        self._earlier: dict[tuple[str, str], KeptItem] = {}
        """Items that were edited away, by key and text, the last one last: whoever erases a word or undoes an
        edit comes back to them."""
        self.back: set[str] = set()
        """The keys of the items that have come back since the file was checked."""
        self.edit(file)

    # --- edits ------------------------------------------------------------------------------------------

    def edit(self, file: File) -> set[Key]:
        """Take over a new text. Returns the names whose declaration is another one than before."""
        self._bases = None
        old, new = self.file.items, file.items
        start, end = _unchanged(old, new)
        before = self.items[start : len(self.items) - end]
        kept = {(each.key, each.text): each for each in before}
        names = [name_of(each.parsed) for each in new[start : len(new) - end]]
        if self.items and names == [without_number(each.key) for each in before]:
            # The items have the names that they had, so those below are called as before.
            keys = [each.key for each in before]
        else:
            names = [name_of(each.parsed) for each in new]
            kept = {(each.key, each.text): each for each in self.items}
            start, end, before, keys = 0, 0, self.items, numbered(names)
        between = [
            kept.pop((key, each.text)) if (key, each.text) in kept else self._come_back(key, each.parsed)
            for key, each in zip(keys, new[start : len(new) - end], strict=True)
        ]
        self._leave(kept)
        self.file = file
        self.items = [*self.items[:start], *between, *self.items[len(self.items) - end :]]
        return {self.key(name) for name in self._take_over(before, between)}

    def _come_back(self, key: str, parsed: Parsed) -> KeptItem:
        """A new item: what is remembered of it, where it was here before."""
        found = self._earlier.pop((key, parsed.text), None)
        if found is None:
            return KeptItem(self, key, parsed)
        self.back.add(key)
        return found

    def _leave(self, gone: Mapping[tuple[str, str], KeptItem]) -> None:
        """Remember items that are in the file no more, so that they may come back."""
        self._earlier.update(gone)
        count, size = len(self._earlier), sum(len(text) for _, text in self._earlier)
        for key, text in list(self._earlier):
            if count <= _MOST_EARLIER and size <= _MOST_EARLIER_CHARACTERS:
                break
            del self._earlier[key, text]
            count, size = count - 1, size - len(text)

    def remembered(self) -> Iterator[KeptItem]:
        """The items of the file, and those that may come back."""
        yield from self.items
        yield from self._earlier.values()

    def _take_over(self, before: Sequence[KeptItem], after: Sequence[KeptItem]) -> set[str]:
        """Find the items of all names anew. Returns the names that have another one."""
        if any(isinstance(each.declaration, Imports) for each in (*before, *after)):
            self._imports = None
        suspects = {name.text for each in (*before, *after) for name in (*each.names, *each.meant)}
        old = {name: self._owners.get(name, _NOTHING)[0] for name in suspects}
        if (
            self._has_repeated
            or any(each.meant for each in (*before, *after))
            or [name.text for each in before for name in each.names]
            != [name.text for each in after for name in each.names]
        ):
            self._owners = _owners(self.items)
            self._has_repeated = len(self._owners) < sum(len(each.names) for each in self.items)
            for each in self.items:
                for name in each.meant:
                    self._owners.setdefault(name.text, (each, name))
            self._names = self._symbols = self._imports = None
        else:
            self._owners.update((name.text, (each, name)) for each in after for name in each.names)
        return {name for name in suspects if old[name] is not self._owners.get(name, _NOTHING)[0]}

    def key(self, name: str) -> Key:
        """The key of a name of the file, always the same object."""
        found = self._keys.get(name)
        if found is None:
            found = self._keys[name] = (self.path, name)
        return found

    def is_import(self, name: str) -> bool:
        """Whether an import brings a name."""
        owner = self._owners.get(name)
        return owner is not None and isinstance(owner[0].declaration, Imports)

    def import_names(self) -> frozenset[str]:
        """The names that imports bring."""
        if self._imports is None:
            self._imports = frozenset(name for name in self._owners if self.is_import(name))
        return self._imports

    def views(self) -> tuple[Item, ...]:
        """The items where they stand now."""
        last = self._views
        found: list[Item] = []
        fresh: list[int] = []
        for index, (each, kept) in enumerate(zip(self.file.items, self.items, strict=True)):
            view = last[index] if index < len(last) else None
            if view is None or view.memory is not kept.memory:
                view = Item(index, each.start, kept)
                fresh.append(index)
            elif view.start != each.start:
                view = Item(index, each.start, kept)
            found.append(view)
        self.edit_count = (self.edit_count[0] + 1, fresh if len(last) == len(found) else None)
        self._views = tuple(found)
        return self._views

    # --- names ------------------------------------------------------------------------------------------

    def symbol(self, name: str) -> Symbol | None:
        """What the file declares or imports under a name; noted as read."""
        return self.workspace.symbol(self.key(name))

    def lookup(self, name: str) -> Symbol | None:
        """What a name means at the top of the file: its own names, the runtime's, the built-ins."""
        return self.workspace.symbol(self.key(name)) or given(name)

    def names(self) -> Sequence[str]:
        """What the file declares and imports."""
        if self._names is None:
            self._names = tuple(self._owners)
        return self._names

    def read(self, path: str) -> str | None:
        """The text of a file beside this one, by its path from this file's folder; noted as read."""
        return self.workspace.text(os.path.join(os.path.dirname(self.path), path), self.path)

    def data(self, path: str) -> DataFile | None:
        """What is known of a data file, by its path from this file's folder; noted as read."""
        if is_remote(path) or path.startswith("~"):
            return None
        return self.workspace.data(os.path.join(os.path.dirname(self.path), path), self.path)

    def state(self, path: str) -> SavedState | None:
        """What is known of a program's state, by its path from this file's folder; noted as read."""
        return self.workspace.state(os.path.join(os.path.dirname(self.path), path), self.path)

    def defer(self, name: str, make: Callable[[], types.Interface]) -> Callable[[], types.Interface]:
        """Fields that are worked out after the names of the declaration that has them."""
        return self.workspace.defer(name, make)

    def declare(self, name: str) -> Symbol | None:
        """What a name of the file stands for, found out anew."""
        owner = self._owners.get(name)
        if owner is None:
            return None
        item, identifier = owner
        if identifier in item.meant:
            place = types.Place(self.path, identifier.span, item=item.key, name=name)
            return Symbol(name, "unresolved", types.UNKNOWN, place, item.key, item.declaration)
        if isinstance(item.declaration, Imports):
            return self._import(item, item.declaration, identifier)
        draft = item.draft()
        return declarations.declare(Environment(self, draft), draft, identifier)

    def unknown(self, found: Symbol) -> Symbol:
        """What a name of the file stands for that needs itself; of an import, not even the kind is known."""
        item, _ = self._owners[found.name]
        if isinstance(item.declaration, Imports):
            return Symbol(found.name, "unresolved", types.UNKNOWN, None, item.key, item.declaration)
        return replace(found, type=types.UNKNOWN)

    # --- items ------------------------------------------------------------------------------------------

    def forget_what_has_changed(self) -> None:
        """Forget what was found out about items that read what means something else now."""
        changed = self.changed
        if not changed:
            return
        self.changed = set()
        self.is_dirty = True
        for kept in self.remembered():
            if not kept.reads.isdisjoint(changed):
                kept.forget(findings=True)
            elif kept.checked is not None and not kept.checked.names.isdisjoint(changed):
                kept.checked = None

    def let_go(self) -> None:
        """Let go of what has been gathered from the items, which is kept to save time only."""
        self.memory.clear()
        self._earlier.clear()
        for kept in self.items:
            kept.memory.clear()

    def resolve_all(self) -> None:
        """Find out about all items."""
        for kept in self.items:
            if kept.is_unknown:
                kept.find_out()

    def symbols(self) -> Mapping[str, Symbol]:
        """What the file declares and imports, by name; the same mapping as long as nothing of it changes."""
        if self._symbols is None:
            found = {name: self.symbol(name) for name in self.names()}
            self._symbols = {name: each for name, each in found.items() if each is not None}
        elif self.outdated:
            new = {name: each for name in self.outdated if (each := self.symbol(name)) is not None}
            if any(self._symbols.get(name) is not new.get(name) for name in self.outdated):
                self._symbols = {**self._symbols, **new}
        self.outdated = set()
        return self._symbols

    def resolve(self, item: KeptItem) -> tuple[ItemFacts, frozenset[Key]]:
        """What can be found out about an item, and what that depends on."""
        draft = item.draft()
        environment = Environment(self, draft)
        with self.workspace.reading() as reads:
            for name in item.names:
                symbol = self.symbol(name.text)
                if symbol is not None:
                    draft.symbols[id(name)] = symbol
            if isinstance(item.declaration, Imports):
                self._find_target(item.declaration, draft)
            declarations.complete(environment, draft)
        return draft.facts(), frozenset(reads)

    def _find_target(self, node: syntax.FromImport | syntax.Import, draft: Draft) -> None:
        self.workspace.note(IMPORTS)
        level = node.level if isinstance(node, syntax.FromImport) else 0
        module = tuple(each.text for each in node.module)
        target = imports.target(self.workspace, self.path, level, module)
        if target.kind == "dspy":
            self.workspace.note((target.path, ALL))
            back = imports.cycle(self.workspace, self.path, target.path, values=False)
            target = replace(target, is_in_cycle=bool(back))
            if back and self._brings_values(node):
                target = replace(target, cycle=imports.cycle(self.workspace, self.path, target.path))
        draft.target = target
        for each in node.names if isinstance(node, syntax.FromImport) else ():
            symbol = draft.symbol_of(each.alias or each.name)
            if symbol is not None:
                draft.symbols[id(each.name)] = symbol

    # --- imports ----------------------------------------------------------------------------------------

    def imports(self) -> Sequence[str]:
        """The `.dspy` files from which the file imports."""
        return self._imported(lambda node: True)

    def value_imports(self) -> Sequence[str]:
        """The `.dspy` files from which the file imports more than types and signatures."""
        return self._imported(self._brings_values)

    def _imported(self, wanted: Callable[[syntax.FromImport | syntax.Import], bool]) -> Sequence[str]:
        found: dict[str, None] = {}
        for item in self.items:
            node = item.declaration
            if isinstance(node, syntax.FromImport | syntax.Import) and wanted(node):
                level = node.level if isinstance(node, syntax.FromImport) else 0
                module = tuple(each.text for each in node.module)
                located = imports.locate(self.workspace, self.path, level, module)
                if located.kind == "dspy":
                    found[located.path] = None
        return tuple(found)

    def _brings_values(self, node: syntax.FromImport | syntax.Import) -> bool:
        names = [name.text for name in declared_names(node)]
        if not self.base_names().isdisjoint(names):
            return True  # what is extended has to be there first
        symbols = [self.symbol(name) for name in names]
        return any(
            each is None or each.kind not in ("type", "alias", "enum", "signature") for each in symbols
        )

    def base_names(self) -> frozenset[str]:
        """The names of what declarations of the file extend."""
        if self._bases is None:
            self._bases = frozenset([name for item in self.items for name in item.bases])
        return self._bases

    def _import(
        self, item: KeptItem, node: syntax.FromImport | syntax.Import, name: syntax.Identifier
    ) -> Symbol:
        place = types.Place(self.path, name.span, item=item.key, name=name.text)
        unresolved = Symbol(name.text, "unresolved", types.UNKNOWN, place, item.key, node)
        if isinstance(node, syntax.Import):
            module = tuple(each.text for each in node.module)
            kind = imports.module_type(self.workspace, self.path, 0, module if node.alias else module[:1])
            return Symbol(name.text, "python", kind, place, item.key, node) if kind else unresolved
        wanted = next((each.name.text for each in node.names if (each.alias or each.name) is name), name.text)
        module = tuple(each.text for each in node.module)
        found = imports.imported(self.workspace, self.path, node.level, module, wanted)
        if found is None:
            return unresolved
        return replace(found, name=name.text, item=item.key, node=found.node or node)

    def imported_name(self, name: str) -> str:
        """The full name of what is imported under a name, `tools.search`; `""` where it is not imported."""
        owner = self._owners.get(name)
        match owner[0].declaration if owner is not None else None:
            case syntax.FromImport(module=module, names=names):
                original = {(each.alias or each.name).text: each.name for each in names}
                wanted = original.get(name)
                return ".".join(part.text for part in (*module, wanted)) if wanted is not None else ""
            case syntax.Import(module=module, alias=alias):
                return ".".join(part.text for part in (module if alias else module[:1]))
            case _:
                return ""

    def function(self, name: str) -> KeptItem | None:
        """The item that declares a function."""
        owner = self._owners.get(name)
        declared = owner is not None and isinstance(owner[0].declaration, syntax.FunctionDeclaration)
        return owner[0] if owner is not None and declared else None


_NOTHING: tuple[None, None] = (None, None)


def _owners(items: Sequence[KeptItem]) -> dict[str, tuple[KeptItem, syntax.Identifier]]:
    """The item that gives each name, the first of several."""
    found: dict[str, tuple[KeptItem, syntax.Identifier]] = {}
    for item in items:
        for name in item.names:
            found.setdefault(name.text, (item, name))
    return found


def _unchanged(old: Sequence[ParsedItem], new: Sequence[ParsedItem]) -> tuple[int, int]:
    """How many items at the start and at the end of a file are the same as before."""
    most = min(len(old), len(new))
    start = 0
    while start < most and old[start].parsed is new[start].parsed:
        start += 1
    end = 0
    while end < most - start and old[-1 - end].parsed is new[-1 - end].parsed:
        end += 1
    return start, end
