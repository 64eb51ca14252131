"""Imports that lead nowhere."""

from __future__ import annotations

import sys
from typing import TypeAlias

from ....base.diagnostic import Fix
from ....base.span import Span
from ....grammar import syntax
from ...catalog import stdlib
from ...program import Item, Program, Symbol
from ..edits import lines_of
from ..rule import Findings, replace, rule
from ..words import listed, meant, near

Import: TypeAlias = syntax.FromImport | syntax.Import


@rule("E104", "unknown-module", syntax.FromImport, syntax.Import, fix="sometimes")
def unknown_module(program: Program, item: Item, node: Import) -> Findings:
    """An import names a module that does not exist, or a file that cannot be read.

    Modules are looked up next to the file, then in the project's source folders, then among the installed
    packages. A module is a regular UTF-8 file of at most 4 MB.

    ```dspy
    from toolz_of_mine import search
    #    ^^^^^^^^^^^^^ E104 unknown module `toolz_of_mine`
    ```

    ```dspy
    from statistics import mean
    middle = mean([1, 2])
    ```
    """
    if item.target is None or item.target.kind not in ("missing", "unreadable", "self"):
        return
    name, span = _module(item)
    if item.target.kind == "unreadable":
        file = _file_name(item.target.path)
        yield unknown_module.at(span, f"`{name}` cannot be imported: `{file}` {item.target.problem}")
    elif item.target.kind == "self":
        yield unknown_module.at(span, f"`{name}` is this file; a file cannot import itself")
    else:
        yield unknown_module.at(span, *_unknown(item, name, span))


@rule("E105", "ambiguous-import", syntax.FromImport, syntax.Import)
def ambiguous_import(program: Program, item: Item, node: Import) -> Findings:
    """An import is ambiguous, because a `.dspy` file and a `.py` file of that name exist.

    Rename one of them.
    """
    if item.target is not None and item.target.kind == "ambiguous":
        name, span = _module(item)
        yield ambiguous_import.at(
            span, f"`{name}` is ambiguous: `{name}.dspy` and `{name}.py` both exist; rename one"
        )


@rule("E106", "unknown-import", syntax.FromImport, fix="sometimes")
def unknown_import(program: Program, item: Item, node: syntax.FromImport) -> Findings:
    """An imported name does not exist in its module.

    ```dspy
    from dspyc import Predicct
    #                 ^^^^^^^^ E106 `dspyc` has no `Predicct`; did you mean `Predict`?
    ```

    ```dspy
    from dspyc import Predict
    module qa = Predict("question -> answer")
    ```
    """
    target = item.target
    if target is None or not target.valid:
        return
    if target.kind not in ("dspy", "python", "opaque"):
        return
    for each in node.names:
        own = each.alias or each.name
        symbol = item.symbol_of(own)
        if symbol is None or symbol.kind != "unresolved" or not _is_missing_here(program, item, symbol, own):
            continue
        name = each.name.text
        candidates = target.names()
        close = near(name, candidates)
        fix = replace(f"Change to `{close}`", each.name, close) if close else None
        yield unknown_import.at(
            each.name, f"`{_module(item)[0]}` has no `{name}`{meant(name, candidates)}", fix=fix
        )


@rule("E107", "invalid-python", syntax.FromImport, syntax.Import)
def invalid_python(program: Program, item: Item, node: Import) -> Findings:
    """An imported `.py` file is not valid Python, so the program would fail at the import."""
    if item.target is not None and not item.target.valid:
        name, span = _module(item)
        file = _file_name(item.target.path)
        yield invalid_python.at(span, f"`{name}` cannot be imported: `{file}` is not valid Python")


@rule("E108", "import-cycle", syntax.FromImport, syntax.Import)
def import_cycle(program: Program, item: Item, node: Import) -> Findings:
    """`.dspy` files import values from each other in a cycle.

    Types and signatures can be imported in a cycle; modules, functions and data may not, because each file
    would have to be loaded before the other. Move what both need into a third file.
    """
    if item.target is not None and item.target.cycle:
        names = [_file_name(path) for path in item.target.cycle]
        yield import_cycle.at(
            _module(item)[1],
            f"import cycle: {' → '.join(names)}",
            "only types and signatures can be imported in a cycle; move what both need to a third file",
        )


def _is_missing_here(program: Program, item: Item, symbol: Symbol, name: syntax.Identifier) -> bool:
    """Whether a name is missing because of this import, not of another one behind it.

    Of a circle of imports none is at fault, and the name has no place.
    """
    place = symbol.place
    return place is not None and (place.path, place.item, place.name) == (program.path, item.key, name.text)


def _module(item: Item) -> tuple[str, Span]:
    """The name of the imported module as it is written, and where it stands."""
    node = item.declaration
    assert isinstance(node, syntax.FromImport | syntax.Import)
    level = node.level if isinstance(node, syntax.FromImport) else 0
    name = "." * level + ".".join(each.text for each in node.module)
    if not node.module:
        return name, node.span
    start, end = node.module[0].span.start, node.module[-1].span.end
    return name, Span(start - level, end)


def _file_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _unknown(item: Item, name: str, span: Span) -> tuple[str, str | None, Fix | None]:
    """What is said of a module that is not there."""
    help_ = _help(item)
    if name == "dspy":
        return f"unknown module `{name}`", help_, _without_dspy(item)
    target = item.target
    beside = target.beside if target is not None else ()
    own = name.lstrip(".")
    dots = name[: len(name) - len(own)]
    close = near(own, beside)
    if close is None and "." not in name and name[:1] != "_":
        close = near(name, sorted(each for each in sys.stdlib_module_names if _may_be_meant(item, each)))
    if close is None:
        return f"unknown module `{name}`", help_, None
    close = f"{dots}{close}"
    fix = replace(f"Change to `{close}`", span, close)
    return f"unknown module `{name}`; did you mean `{close}`?", help_, fix


def _may_be_meant(item: Item, module: str) -> bool:
    """Whether a module of the standard library has all that the import asks for."""
    node = item.declaration
    names = node.names if isinstance(node, syntax.FromImport) else ()
    return not any(stdlib.lacks(module, each.name.text) for each in names)


def _without_dspy(item: Item) -> Fix | None:
    """Take the import out, where the names are used without another."""
    node = item.declaration
    assert isinstance(node, syntax.FromImport | syntax.Import)
    if isinstance(node, syntax.FromImport) and any(each.alias is not None for each in node.names):
        return None
    return replace("Remove the import", lines_of(item, node.span), "")


def _help(item: Item) -> str | None:
    node = item.declaration
    if isinstance(node, syntax.FromImport) and node.level:
        files = f"{'/'.join(each.text for each in node.module)}"
        return f"there is no {listed([f'{files}.dspy', f'{files}.py'], 'or')}"
    if _module(item)[0] == "dspy":
        return "DSPy's names need no import: `Predict`, `LM` …"
    return None
