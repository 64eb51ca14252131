"""An import that nothing uses."""

from __future__ import annotations

from ....base.diagnostic import Fix
from ....base.span import Span
from ....grammar import syntax
from ...program import Item, Program
from ...trees import declared_names
from ..references import names_used, set_of
from ..rule import Findings, file_rule, replace
from ..walking import is_broken, remembered
from ..words import near

_IMPORTS = (syntax.FromImport, syntax.Import)


@file_rule("W101", "unused-import", fix="always", severity="warning")
def unused_import(program: Program) -> Findings:
    """A name is imported but not used in the file.

    ```dspy
    from statistics import mean, median
    #                            ^^^^^^ W101 `median` is imported but not used
    limit = mean([1, 2])
    ```

    ```dspy
    from statistics import mean
    limit = mean([1, 2])
    ```
    """
    imports = [item for item, _ in program.found(_is_import)]
    if not imports or program.combine(is_broken, any):
        return
    used = program.combine(names_used, set_of)
    # One of these may be the imported name, misspelt.
    unknown = program.combine(_unknown_names, set_of)
    for item in imports:
        for name in declared_names(item.declaration):
            symbol = program.symbols.get(name.text)
            if symbol is None or symbol.kind == "unresolved" or symbol.item != item.key:
                continue
            if name.text not in used and not near(name.text, sorted(unknown)):
                found = unused_import.at(
                    name, f"`{name.text}` is imported but not used", fix=import_removal(item, name)
                )
                yield found.shifted(item.start)


def _is_import(item: Item) -> bool:
    return isinstance(item.declaration, _IMPORTS)


@remembered
def _unknown_names(item: Item) -> frozenset[str]:
    return frozenset(each.text for each in item.unresolved.values())


def import_removal(item: Item, name: syntax.Identifier) -> Fix:
    """Take a name out of an import, and with its last name the import."""
    declaration = item.declaration
    if isinstance(declaration, syntax.FromImport) and len(declaration.names) > 1:
        index = next(at for at, each in enumerate(declaration.names) if (each.alias or each.name) is name)
        each = declaration.names[index]
        if index:
            span = Span(declaration.names[index - 1].span.end, each.span.end)
        else:
            span = Span(each.span.start, declaration.names[1].span.start)
        return replace(f"Remove `{name.text}`", span, "", applicability="safe")
    assert declaration is not None
    end = declaration.span.end
    return replace(
        "Remove the import",
        Span(declaration.span.start, end + item.text[end:].startswith("\n")),
        "",
        applicability="safe",
    )
