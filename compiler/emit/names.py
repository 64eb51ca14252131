"""The names of a generated module: the user's own, and beside them the helpers that the code needs."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable

from msgspec import Struct, field

from ...grammar import syntax
from ..program import Program
from ..trees import walk

_HELPERS = {
    "dspy": ("dspyc.runtime", None),
    "flow": ("dspyc.runtime", "flow"),
    "compiled": ("dspyc.runtime", "compiled"),
    "attributes": ("dspyc.runtime", "attributes"),
    "builtins": ("builtins", None),
    "enum": ("enum", None),
    "pydantic": ("pydantic", None),
}
"""What the name that the generated code uses by itself is imported from."""

LIBRARY = {
    "Any": "typing",
    "Self": "typing",
    "TypeAlias": "typing",
    "Literal": "typing",
    "Unpack": "typing",
    "date": "datetime",
    "datetime": "datetime",
    "time": "datetime",
    "timedelta": "datetime",
    "Decimal": "decimal",
    "UUID": "uuid",
    "Path": "pathlib",
}
"""Names that need no declaration in a `.dspy` file and an import in Python."""


class Names(Struct):
    """Which names are taken, and which helpers have been used so far."""

    taken: set[str]
    declared: set[str]
    """Those of them that the file gives a meaning, as a declaration, a field, a parameter or a label."""
    helpers: dict[str, str] = field(default_factory=dict)
    """A helper's usual name to the one that it has in this module."""
    library: dict[str, str] = field(default_factory=dict)
    """A name of Python's library to the one that it has in this module."""
    synchronous: bool = False
    """Whether calls are made one after another in plain functions: for runtimes without `flow`."""
    _receiver: str | None = None

    def helper(self, module: str, attribute: str | None = None) -> ast.expr:
        """The expression `module.attribute` for one of the modules that the generated code uses."""
        if module not in self.helpers:
            self.helpers[module] = self.fresh(module)
        name = ast.Name(self.helpers[module], ast.Load())
        return name if attribute is None else ast.Attribute(name, attribute, ast.Load())

    def standard(self, name: str, *, written: bool = False) -> ast.expr:
        """A name of Python's library; `written` when the user's text has it, so that it means that."""
        if name not in self.library:
            self.library[name] = name if written or name not in self.declared else self.fresh(name)
        return ast.Name(self.library[name], ast.Load())

    def builtin(self, name: str) -> ast.expr:
        """One of Python's built-ins, also where the file gives its name another meaning."""
        if name in self.declared:
            return self.helper("builtins", name)
        return ast.Name(name, ast.Load())

    @property
    def receiver(self) -> str:
        """What `self` is called."""
        if self._receiver is None:
            self._receiver = self.fresh("self")
        return self._receiver

    def fresh(self, hint: str, also: Iterable[str] = ()) -> str:
        """A name like the hint that nothing in the file has, and that is taken from now on."""
        others = set(also)
        name, number = hint, 1
        while name in self.taken or name in others:
            number += 1
            name = f"_{hint}" if number == 2 and hint in _HELPERS else f"{hint}_{number}"
        self.taken.add(name)
        return name

    def imports(self) -> list[ast.stmt]:
        """The import statements for all helpers that have been used: Python's library first."""
        own: list[ast.stmt] = []
        others: list[ast.stmt] = []
        from_runtime: list[ast.alias] = []
        for helper in sorted(self.helpers):
            source, name = _HELPERS[helper]
            if name is not None:
                from_runtime.append(_alias(name, self.helpers[helper]))
            else:
                group = own if source in sys.stdlib_module_names else others
                group.append(ast.Import([_alias(source, self.helpers[helper])]))
        for module in sorted({LIBRARY[name] for name in self.library}):
            used = sorted(name for name in self.library if LIBRARY[name] == module)
            own.append(ast.ImportFrom(module, [_alias(name, self.library[name]) for name in used], 0))
        if from_runtime:
            others.append(ast.ImportFrom("dspyc.runtime", from_runtime, 0))
        return [*own, *others]


def names_of(program: Program, *, synchronous: bool = False) -> Names:
    """The names that a file's own text takes."""
    used: set[str] = set()
    declared: set[str] = set()
    for item in program.items:
        for node in walk(item.declaration) if item.declaration is not None else ():
            if isinstance(node, syntax.Name):
                used.add(node.text)
            elif isinstance(node, syntax.Identifier):
                declared.add(node.text)
    return Names(used | declared, declared, synchronous=synchronous)


def _alias(name: str, used: str) -> ast.alias:
    return ast.alias(name, None if name == used else used)
