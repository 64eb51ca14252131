"""Completion in imports: the files and packages that there are, and the names in the one that is written."""

from __future__ import annotations

from collections.abc import Iterator

from ...grammar import syntax
from . import items
from .context import Context
from .items import Completion
from .marker import MARKER
from .surroundings import Surroundings


def module_items(context: Context, around: Surroundings) -> Iterator[Completion]:
    """The files and packages that may be named at the cursor."""
    declaration = context.item.declaration
    if not isinstance(declaration, syntax.FromImport | syntax.Import):
        return
    level = declaration.level if isinstance(declaration, syntax.FromImport) else 0
    before: list[str] = []
    for part in declaration.module:
        if part.text == MARKER:
            break
        before.append(part.text)
    yield from items.named(
        around.modules(level, before), context.replaced, "module", "module", items.EXPECTED
    )


def imported_items(context: Context, around: Surroundings) -> Iterator[Completion]:
    """The names of a file, or the files of a folder, that are not imported yet."""
    declaration, target = context.item.declaration, context.item.target
    if not isinstance(declaration, syntax.FromImport) or target is None:
        return
    given = {each.name.text for each in declaration.names} | set(_imported_elsewhere(context, declaration))
    names = (name for name in target.names() if name not in given and not name.startswith("_"))
    module = "." * declaration.level + ".".join(each.text for each in declaration.module)
    yield from items.named(names, context.replaced, "variable", f"from {module}", items.EXPECTED)
    inside = around.modules(declaration.level, [each.text for each in declaration.module])
    others = (name for name in inside if name not in given)
    yield from items.named(others, context.replaced, "module", f"from {module}", items.EXPECTED)


def _imported_elsewhere(context: Context, declaration: syntax.FromImport) -> Iterator[str]:
    """The names that other lines of the file import from the same module."""
    module = [part.text for part in declaration.module]
    for item in context.analysis.program.items:
        other = item.declaration
        if (
            isinstance(other, syntax.FromImport)
            and item.index != context.item.index
            and other.level == declaration.level
            and [part.text for part in other.module] == module
        ):
            yield from (each.name.text for each in other.names)
