"""Constant expressions whose value would fill the memory, or take for ever to make."""

from __future__ import annotations

from ....base.diagnostic import Diagnostic
from ....grammar import syntax
from ...program import Item, Program, children
from ..rule import Findings, file_rule, written
from ..walking import nodes_of, remembered
from .sizes import LIMIT, Measuring


@file_rule("E117", "runaway-constant")
def runaway_constant(program: Program) -> Findings:
    """An expression of constants has a value that is far too large.

    Constants are worked out when the file is loaded. What grows beyond ten million items (characters,
    entries, turns of a loop) or a million binary digits would fill the memory or never end.

    ```dspy
    limit = 9 ** 9 ** 9
    #       ^^^^^^^^^^^ E117 `9 ** 9 ** 9` is too large: over 10,000,000 items
    ```

    ```dspy
    limit = 9 ** 9
    ```
    """
    measuring = Measuring(lambda name: _constant(program, name))
    for item in program.items:
        if item.broken:
            continue
        for node in _grown(item):
            yield _found(item, node)
        for node in _named(item):
            if _is_culprit(measuring, node) and not _is_culprit(_LOCAL, node):
                yield _found(item, node)


def _found(item: Item, node: syntax.Node) -> Diagnostic:
    text = written(item, node)
    shown = f"`{text}`" if len(text) <= 40 else "this"
    words = f"{shown} is too large: over {LIMIT:,} items"
    return runaway_constant.at(node, words).shifted(item.start)


_GROWING = (
    syntax.Binary,
    syntax.Comprehension,
    syntax.Call,
    syntax.FString,
    syntax.List,
    syntax.Tuple,
    syntax.Set,
    syntax.Dict,
    syntax.Subscript,
)
"""What can have a larger value than what stands in it."""
_LOCAL = Measuring(lambda name: None)
"""Measures without knowing what names stand for."""


@remembered
def _grown(item: Item) -> tuple[syntax.Node, ...]:
    """The nodes that are too large whatever the names in them stand for."""
    return tuple(each for each in nodes_of(item) if isinstance(each, _GROWING) and _is_culprit(_LOCAL, each))


@remembered
def _named(item: Item) -> tuple[syntax.Node, ...]:
    """The nodes that may grow by what the constants stand for that they name."""
    if not any(_is_constant(item, each) for each in item.nodes(syntax.Name)):
        return ()
    return tuple(
        each for each in nodes_of(item) if isinstance(each, _GROWING) and _names_constant(item, each)
    )


def _names_constant(item: Item, node: syntax.Node) -> bool:
    return any(_is_constant(item, each) or _names_constant(item, each) for each in children(node))


def _is_constant(item: Item, node: syntax.Node) -> bool:
    symbol = item.symbol_of(node) if isinstance(node, syntax.Name) else None
    return symbol is not None and symbol.kind in ("constant", "alias")


def _is_culprit(measuring: Measuring, node: syntax.Node) -> bool:
    """Whether a node is too large and nothing in it is."""
    return measuring.measure(node).is_runaway and not any(
        measuring.measure(each.value if isinstance(each, syntax.Argument) else each).is_runaway
        for each in _operands(node)
    )


def _operands(node: syntax.Node) -> list[syntax.Node]:
    found: list[syntax.Node] = []
    for each in children(node):
        inside = isinstance(each, syntax.DictEntry | syntax.ComprehensionClause | syntax.Interpolation)
        found += children(each) if inside else (each,)
    return found


def _constant(program: Program, name: syntax.Name) -> syntax.Expression | None:
    symbol = program.symbols.get(name.text)
    owner = program.item(symbol.item) if symbol is not None else None
    if symbol is None or owner is None or symbol.kind not in ("constant", "alias"):
        return None
    match owner.declaration:
        case syntax.ConstantDeclaration(value=value) | syntax.TypeAliasDeclaration(value=value):
            return value
        case _:
            return None
