"""What a Python file calls DSPy's things, and which of them the language has."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from msgspec import Struct

from ..compiler import catalog

_TYPING = {"typing", "typing_extensions", "collections.abc", "__future__"}
_BENCHMARKS = "dspy.datasets"
_OF_TYPES = {"pydantic", "enum"}
KINDS = {"Module": "module", "BaseLM": "lm", "Optimizer": "optimizer", "Evaluate": "evaluate"}
"""The declarations that constructors of these base classes are."""


class Imports(Struct, frozen=True):
    """What a file imports."""

    modules: Mapping[str, str]
    """The names that stand for modules of DSPy: `{"dspy": "dspy"}`."""
    names: Mapping[str, str]
    """The names that stand for single things of DSPy, with their names there."""
    typing: frozenset[str]
    """The names that stand for the module `typing`."""
    others: Mapping[str, str]
    """All other imported names, each with the statement that imports it."""
    lacking: Mapping[str, str] = {}
    """What the language lacks of DSPy's names, such as benchmarks, with the statements that import it."""

    def of(self, node: ast.expr) -> str | None:
        """DSPy's own name for what an expression stands for: `ChainOfThought` for `dspy.ChainOfThought`."""
        match node:
            case ast.Name(id=name):
                return self.names.get(name)
            case ast.Attribute(value=value, attr=attribute) if self.is_module(value):
                return attribute
        return None

    def is_of_asyncio(self, name: str) -> bool:
        """Whether a name stands for `asyncio` something of it, which mostly needs coroutines."""
        words = self.others.get(name, "").replace(".", " ").split()
        return words[1:2] == ["asyncio"]

    def is_module(self, node: ast.expr) -> bool:
        """Whether an expression stands for `dspy` or for one of its modules."""
        match node:
            case ast.Name(id=name):
                return name in self.modules
            case ast.Attribute(value=value, attr=attribute):
                return self.is_module(value) and attribute.islower()
        return False


def read_imports(body: Iterable[ast.stmt]) -> Imports:
    """What the statements of a file import at its top level."""
    modules: dict[str, str] = {}
    names: dict[str, str] = {}
    typing: set[str] = set()
    others: dict[str, str] = {}
    lacking: dict[str, str] = {}
    for statement in body:
        if isinstance(statement, ast.Import):
            for one in statement.names:
                bound = one.asname or one.name.partition(".")[0]
                if one.name.partition(".")[0] == "dspy":
                    modules[bound] = one.name
                elif one.name in _TYPING:
                    typing.add(bound)
                else:
                    others[bound] = ast.unparse(ast.Import([one]))
        elif isinstance(statement, ast.ImportFrom):
            source = statement.module or ""
            for one in statement.names:
                bound = one.asname or one.name
                if source.partition(".")[0] == "dspy":
                    names[bound] = one.name
                    if source.startswith(_BENCHMARKS) and catalog.lookup(one.name) is None:
                        ours = ast.ImportFrom("dspyc.runtime" + source[4:], [ast.alias(one.name)], 0)
                        lacking[one.name] = ast.unparse(ours)
                elif source not in _TYPING:
                    alone = ast.ImportFrom(statement.module, [one], statement.level)
                    others[bound] = ast.unparse(alone)
    return Imports(modules, names, frozenset(typing), others, lacking)


def make_relative(node: ast.ImportFrom, package: tuple[str, ...]) -> None:
    """Let an import of the file's own package say so by dots, which hold wherever the package is."""
    wanted = (node.module or "").split(".")
    if node.level or wanted[0] != package[0]:
        return
    common = 0
    while common < min(len(wanted), len(package)) and wanted[common] == package[common]:
        common += 1
    node.level = len(package) - common + 1
    node.module = ".".join(wanted[common:]) or None


def is_of_types(statement: str) -> bool:
    """Whether an import only brings what records and enumerations are written with in Python."""
    return any(f"from {name} import" in statement or statement == f"import {name}" for name in _OF_TYPES)


def kind_of(name: str) -> str | None:
    """The declaration that a constructor of the runtime is: `module`, `lm`, `optimizer` or `evaluate`."""
    found = catalog.definition(name)
    if found is None:
        return None
    return next((kind for base, kind in KINDS.items() if base in found.bases), None)
