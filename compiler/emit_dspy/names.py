"""The names of a built module: its program's, and what it is given beside them."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from ..emit.code import attribute, load
from ..emit.names import names_of
from ..program import Program
from . import support

_MODULES = ("builtins", "dspy", "pathlib", "pydantic")
"""What the written code uses beside the modules of the support functions."""


class Names(Struct):
    """Which names are taken, and what helpers and modules are called where theirs are."""

    taken: set[str]
    top: frozenset[str]
    """What the program declares."""
    bound: frozenset[str]
    """What it gives a value anywhere."""
    aliases: Mapping[str, str]
    """What the backend imports for itself, under the names that it gave: `{"_flow": "flow"}`."""
    renamed: dict[str, str] = field(default_factory=dict)
    """Helpers and modules under other names."""
    imports: set[str] = field(default_factory=set)
    """The modules of DSPy and of Python's library that are used."""

    def fresh(self, hint: str) -> str:
        """A name like the hint that nothing has, and that is taken from now on."""
        name = self.unused(hint)
        self.taken.add(name)
        return name

    def unused(self, hint: str) -> str:
        """A name like the hint that nothing has, for a small scope."""
        name, number = hint, 1
        while name in self.taken:
            number += 1
            name = f"{hint}_{number}"
        return name

    def local(self, name: str) -> str:
        """What a helper or a module is called."""
        return self.renamed.get(name, name)

    def module(self, name: str) -> ast.expr:
        """A module, which is then imported; `pathlib.Path` is the class."""
        self.imports.add(name)
        return load(self.local(name.rpartition(".")[2]))

    def dspy(self, path: str) -> ast.expr:
        """`dspy.NAME`, or what one of its modules has."""
        root, _, rest = path.partition(".")
        parts = rest.split(".")
        if len(parts) > 1:
            self.imports.add(path.rpartition(".")[0])
        made: ast.expr = load(self.local(root))
        if len(parts) > 1 and self.local(root) != root:
            made, parts = load("_" + "_".join([root, *parts[:-1]])), parts[-1:]
        for part in parts:
            made = attribute(made, part)
        return made

    def builtin(self, name: str) -> ast.expr:
        """One of Python's built-ins, also where the program has its name."""
        return attribute(self.module("builtins"), name) if name in self.bound else load(name)

    def imported(self, name: str) -> ast.stmt:
        """The statement that imports a module."""
        package, _, last = name.rpartition(".")
        other = self.local(last) if self.local(last) != last else None
        if package == "pathlib":
            return ast.ImportFrom("pathlib", [ast.alias(last, other)], 0)
        if package and self.local("dspy") != "dspy":
            return ast.Import([ast.alias(name, "_" + name.replace(".", "_"))])
        return ast.Import([ast.alias(name, None if package else other)])


def names_in(program: Program, module: ast.Module) -> Names:
    """The names of a program, whose generated module this is."""
    said = names_of(program)
    aliases = dict(_aliases(module, said.declared))
    bound = frozenset(_bound(module, aliases))
    used = {each.id for each in ast.walk(module) if isinstance(each, ast.Name)} | bound
    found = Names(
        said.taken | used | support.names() | set(dir(builtins)),
        frozenset(_declared(module)),
        bound,
        aliases,
    )
    for name in support.names():
        if name in used:
            found.renamed[name] = found.fresh(f"{name}_")
    given = {module: name for name, module in aliases.items()}
    for name in (*_MODULES, *support.modules()):
        last = name.rpartition(".")[2]
        if given.get(name, name) != name:
            found.renamed[name] = given[name]
        elif last in bound and name != "builtins":
            found.renamed[last] = found.fresh(f"_{last}")
        else:
            found.taken.add(last)
    return found


def _aliases(module: ast.Module, declared: Iterable[str]) -> Iterator[tuple[str, str]]:
    for node in module.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for each in node.names:
                local = each.asname or each.name
                if local not in declared:
                    yield local, "dspy" if each.name == "dspyc.runtime" else each.name


def _bound(module: ast.Module, aliases: Mapping[str, str]) -> Iterator[str]:
    """The names that get a value; not those of imports that a built module would import as they are."""
    for node in ast.walk(module):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield name
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name
            case ast.Import(names=names):
                for each in names:
                    local = each.asname or each.name.partition(".")[0]
                    if local not in aliases and local != each.name:
                        yield local
            case ast.ImportFrom(module=source, names=names):
                for each in names:
                    local = each.asname or each.name
                    if local not in aliases and (source, each.name, local) != ("pathlib", "Path", "Path"):
                        yield local


def _declared(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.Assign() | ast.AnnAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for each in targets:
                    yield from (one.id for one in ast.walk(each) if isinstance(one, ast.Name))
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (each.asname or each.name.partition(".")[0] for each in names)
