"""A file's names, each resolved when it is first asked for, so that declarations may stand in any order."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

from ...grammar import syntax
from ...grammar.parse import File
from .. import types
from ..program import UNKNOWN_CALL, CallKind, Item, Program, Symbol, declared_names
from ..pythonfiles.file import find_definition
from . import declarations, imports
from .imports import Workspace
from .members import members
from .prelude import given, given_names


class FileScope:
    """The names of one file: what it declares and imports, what the runtime and Python bring."""

    def __init__(self, path: str, file: File, workspace: Workspace) -> None:
        self.path = path
        self.file = file
        self.workspace = workspace
        self.items = tuple(
            Item(index, each.start, each.text, each.declaration, bool(each.parsed.problems))
            for index, each in enumerate(file.items)
        )
        self._declared: dict[str, tuple[Item, syntax.Identifier]] = {}
        for item in self.items:
            for name in declared_names(item.declaration):
                self._declared.setdefault(name.text, (item, name))
        self._symbols: dict[str, Symbol] = {}
        self._kinds: dict[str, CallKind] = {}
        self._completed: set[int] = set()

    @cached_property
    def program(self) -> Program:
        """The file with everything in it resolved."""
        for item in self.items:
            self.complete(item)
        symbols = {name: symbol for name in self._declared if (symbol := self.symbol(name)) is not None}
        return Program(
            self.path,
            self.file.source,
            self.items,
            symbols,
            self.lookup,
            self.all_names,
            members,
            self.call_kind,
            self.function_kind,
            self.kind_of_function,
            self.locate,
        )

    def complete(self, item: Item) -> None:
        """Resolve all that is inside an item, once."""
        if item.index in self._completed:
            return
        self._completed.add(item.index)
        for name in declared_names(item.declaration):
            symbol = self.symbol(name.text)
            if symbol is not None:
                item.symbol_by_node[id(name)] = symbol
        if isinstance(item.declaration, syntax.FromImport | syntax.Import):
            node = item.declaration
            level = node.level if isinstance(node, syntax.FromImport) else 0
            module = tuple(each.text for each in node.module)
            target = imports.target(self.workspace, self.path, level, module)
            if target.kind == "dspy":
                back = imports.circle(self.workspace, self.path, target.path, values=False)
                target = replace(target, circular=bool(back))
                if back and self._brings_values(item):
                    target = replace(target, circle=imports.circle(self.workspace, self.path, target.path))
            item.target = target
            self._refer_imported(item)
        declarations.complete(self, item)

    def locate(self, place: types.Place) -> types.Place:
        """Where a declared thing stands in its file as that is now."""
        text = self.workspace.text(place.path) if place.name else None
        return place if text is None else find_definition(place.path, text, place.name)

    # --- names ------------------------------------------------------------------------------------------

    def symbol(self, name: str) -> Symbol | None:
        """What the file declares or imports under a name."""
        known = self._symbols.get(name)
        if known is not None:
            return known
        declared = self._declared.get(name)
        if declared is None:
            return None
        item, identifier = declared
        # What a declaration finds under its own name while it is being resolved.
        self._symbols[name] = Symbol(
            name, "unresolved", types.UNKNOWN, item=item.index, node=item.declaration
        )
        if isinstance(item.declaration, syntax.FromImport | syntax.Import):
            found = self._import(item, item.declaration, identifier)
        else:
            found = declarations.declare(self, item, identifier)
        self._symbols[name] = found
        return found

    def lookup(self, name: str) -> Symbol | None:
        """What a name means at the top of the file: its own names, the runtime's, the built-ins."""
        return self.symbol(name) or given(name)

    def all_names(self) -> Sequence[str]:
        """All names that mean something at the top of the file."""
        return tuple(dict.fromkeys((*self._declared, *given_names())))

    def names(self) -> Sequence[str]:
        """What the file declares and imports."""
        return tuple(self._declared)

    def read(self, path: str) -> str | None:
        """The text of a file beside this one, by its path from this file's folder."""
        return self.workspace.text(os.path.join(os.path.dirname(self.path), path))

    # --- imports ----------------------------------------------------------------------------------------

    def imports(self) -> Sequence[str]:
        """The `.dspy` files from which the file imports."""
        return self._imported(lambda item: True)

    def value_imports(self) -> Sequence[str]:
        """The `.dspy` files from which the file imports more than types and signatures."""
        return self._imported(self._brings_values)

    def _imported(self, wanted: Callable[[Item], bool]) -> Sequence[str]:
        found: dict[str, None] = {}
        for item in self.items:
            node = item.declaration
            if isinstance(node, syntax.FromImport | syntax.Import) and wanted(item):
                level = node.level if isinstance(node, syntax.FromImport) else 0
                located = imports.locate(
                    self.workspace, self.path, level, tuple(each.text for each in node.module)
                )
                if located.kind == "dspy":
                    found[located.path] = None
        return tuple(found)

    def _brings_values(self, item: Item) -> bool:
        symbols = [self.symbol(name.text) for name in declared_names(item.declaration)]
        return any(
            each is None or each.kind not in ("type", "alias", "enum", "signature") for each in symbols
        )

    def _refer_imported(self, item: Item) -> None:
        if isinstance(item.declaration, syntax.FromImport):
            for each in item.declaration.names:
                symbol = item.symbol_of(each.alias or each.name)
                if symbol is not None:
                    item.symbol_by_node[id(each.name)] = symbol

    def _import(self, item: Item, node: syntax.FromImport | syntax.Import, name: syntax.Identifier) -> Symbol:
        place = types.Place(self.path, name.span.shifted(item.start))
        unresolved = Symbol(name.text, "unresolved", types.UNKNOWN, place, item.index, node)
        if isinstance(node, syntax.Import):
            module = tuple(each.text for each in node.module)
            kind = imports.module_type(self.workspace, self.path, 0, module if node.alias else module[:1])
            return Symbol(name.text, "python", kind, place, item.index, node) if kind else unresolved
        wanted = next((each.name.text for each in node.names if (each.alias or each.name) is name), name.text)
        module = tuple(each.text for each in node.module)
        found = imports.imported(self.workspace, self.path, node.level, module, wanted)
        if found is None:
            return unresolved
        return replace(found, name=name.text, item=item.index, node=found.node or node)

    # --- what calls run ---------------------------------------------------------------------------------

    def call_kind(self, item: Item, call: syntax.Call) -> CallKind:
        """What a call runs."""
        binding = item.binding_of(call)
        callee = binding.callee if binding is not None else types.UNKNOWN
        match callee:
            case types.Module() | types.AnyModule():
                return CallKind("module", awaits=True, effects=False)
            case types.Function(origin="python", is_async=waits) if self._is_listed(call.function):
                return CallKind("python", waits, effects=False)
            case types.Function():
                return self.kind_of_function(callee)
            case types.Overloaded():
                return CallKind("builtin", awaits=False, effects=False)
            case types.Instance(definition=definition) if definition.is_a("BaseLM") or definition.is_a("LM"):
                return CallKind("lm", awaits=True, effects=False)
            case types.Instance():
                return CallKind("python", awaits=False, effects=True)
            case types.TypeForm(type=types.Record() | types.Enum()) | types.Class() | types.ModuleClass():
                return CallKind("constructor", awaits=False, effects=False)
            case types.TypeForm():
                return CallKind("builtin", awaits=False, effects=False)
            case _ if self._is_listed(call.function):
                return CallKind("python", awaits=False, effects=False)
            case _:
                return UNKNOWN_CALL

    def _is_listed(self, function: syntax.Expression) -> bool:
        """Whether the project's settings list an imported Python function as pure."""
        return bool(self.workspace.pure) and self._imported_name(function) in self.workspace.pure

    def _imported_name(self, function: syntax.Expression) -> str:
        """The full name of what is called, `tools.search` for `search`; `""` where it is not imported."""
        if isinstance(function, syntax.Attribute):
            before = self._imported_name(function.value)
            return f"{before}.{function.name.text}" if before else ""
        if not isinstance(function, syntax.Name) or function.text not in self._declared:
            return ""
        match self._declared[function.text][0].declaration:
            case syntax.FromImport(module=module, names=names):
                original = {(each.alias or each.name).text: each.name for each in names}
                return ".".join(part.text for part in (*module, original[function.text]))
            case syntax.Import(module=module, alias=alias):
                return ".".join(part.text for part in (module if alias else module[:1]))
            case _:
                return ""

    def kind_of_function(self, function: types.Function) -> CallKind:
        """What calling a function runs, by its type."""
        match function.origin:
            case "python":
                return CallKind("python", function.is_async, effects=not (function.is_async or function.pure))
            case "builtin" | "runtime":
                return CallKind("builtin", awaits=function.is_async, effects=False)
            case "declared":
                path = function.place.path if function.place else self.path
                owner = self if path == self.path else self.workspace.scope(path)
                return owner.function_kind(function.name) if isinstance(owner, FileScope) else UNKNOWN_CALL

    def function_kind(self, name: str) -> CallKind:
        """What calling a `def` of this file runs; `awaits` says that it is compiled to an `async def`."""
        known = self._kinds.get(name)
        if known is not None:
            return known
        # What a function that calls itself finds.
        self._kinds[name] = CallKind("function", awaits=False, effects=False)
        declared = self._declared.get(name)
        if declared is None or not isinstance(declared[0].declaration, syntax.FunctionDeclaration):
            return UNKNOWN_CALL
        item = declared[0]
        self.complete(item)
        kinds = [self.call_kind(item, call) for call in item.nodes(syntax.Call)]
        found = CallKind("function", any(each.awaits for each in kinds), any(each.effects for each in kinds))
        self._kinds[name] = found
        return found
