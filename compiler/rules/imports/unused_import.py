"""An import that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator

from ....grammar import syntax
from ....grammar.source import Span
from ...diagnostic import Fix
from ...program import Item, Program, declared_names
from ..rule import Finding, replace, rule


@rule("W101", "unused-import", "warning")
def unused_import(program: Program, item: Item) -> Iterator[Finding]:
    """A name is imported and not used in the file.

    ```dspy
    from statistics import mean, median
    #                            ^^^^^^ W101 `median` is imported and not used
    limit = mean([1, 2])
    ```

    ```dspy
    from statistics import mean
    limit = mean([1, 2])
    ```
    """
    if not isinstance(item.declaration, syntax.FromImport | syntax.Import) or any(
        each.broken for each in program.items
    ):
        return
    for name in declared_names(item.declaration):
        symbol = program.symbols.get(name.text)
        if (
            symbol is None
            or symbol.kind == "unresolved"
            or symbol.item != item.index
            or _is_used(program, item, name.text)
        ):
            continue
        yield Finding(name, f"`{name.text}` is imported and not used", fix=_fix(item, name))


def _is_used(program: Program, item: Item, name: str) -> bool:
    symbol = program.symbols[name]
    return any(
        symbol is used
        for other in program.items
        if other is not item
        for used in other.symbol_by_node.values()
    )


def _fix(item: Item, name: syntax.Identifier) -> Fix:
    declaration = item.declaration
    if isinstance(declaration, syntax.FromImport) and len(declaration.names) > 1:
        index = next(at for at, each in enumerate(declaration.names) if (each.alias or each.name) is name)
        each = declaration.names[index]
        if index:
            span = Span(declaration.names[index - 1].span.end, each.span.end)
        else:
            span = Span(each.span.start, declaration.names[1].span.start)
        return replace(f"Remove `{name.text}`", span, "", safe=True)
    assert declaration is not None
    end = declaration.span.end
    return replace(
        "Remove the import",
        Span(declaration.span.start, end + item.text[end:].startswith("\n")),
        "",
        safe=True,
    )
