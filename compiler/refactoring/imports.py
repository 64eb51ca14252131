"""Organise imports: one block in a fixed order, no name twice, none that nothing uses.

First Python's standard library, then installed packages, then the project's files, then relative imports;
in each, by module, `import` before `from`. Names stand in the order of the alphabet.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from ...base.diagnostic import Edit
from ...base.span import Span
from ...grammar import syntax
from ...grammar.formatting.format import format_source
from ..analysis import FileAnalysis
from ..program import Item
from ..trees import declared_names
from .refactoring import has_comment

_UNUSED = "W101"


class _Line(Struct, frozen=True):
    """An import as it is written again."""

    group: int
    module: str
    names: tuple[tuple[str, str], ...] | None
    """What is imported from it, each with its name here; None of `import module`."""
    alias: str
    comments: str
    """The lines above it."""
    remark: str
    """The comment at its end."""
    as_is: str = ""
    """Its text, where it is left as it is."""

    @property
    def order(self) -> tuple[int, bool, str, str]:
        return self.group, self.names is not None, self.module.lower(), self.alias

    def text(self) -> str:
        if self.as_is:
            written = self.as_is
        elif self.names is None:
            written = f"import {self.module}" + (f" as {self.alias}" if self.alias else "")
        else:
            names = (name if name == here else f"{name} as {here}" for name, here in self.names)
            written = f"from {self.module} import {', '.join(names)}"
        return f"{self.comments}{written}{self.remark}\n"


def organised_imports(analysis: FileAnalysis) -> tuple[Edit, ...]:
    """The edit that puts the imports at the top of a file in order; none where that cannot be done."""
    block = _block(analysis)
    if not block or any(each.broken for each in analysis.program.items):
        return ()
    names = [name.text for item in block for name in declared_names(item.declaration)]
    unused = {
        each.span.start for each in analysis.diagnostics if each.code == _UNUSED and each.fix is not None
    }
    lines = [line for item in block if (line := _line(item, unused)) is not None]
    if any(_has_comment(item) for item in block[:-1]) or _gives_twice(block, names):
        return ()
    start, end = block[0].start, block[-1].start + _end_of_line(block[-1])
    text = format_source("".join(each.text() for each in sorted(_merged(lines), key=lambda each: each.order)))
    before = analysis.source.text[start:end]
    if text == before:
        return ()
    return (Edit(Span(start, end), text),)


def _block(analysis: FileAnalysis) -> list[Item]:
    """The imports at the top, below the file's docstring, as far as nothing else stands between them."""
    block: list[Item] = []
    for item in analysis.program.items:
        if isinstance(item.declaration, syntax.FromImport | syntax.Import):
            block.append(item)
        elif block or not (item.declaration is None or isinstance(item.declaration, syntax.FileDocstring)):
            break
    return block


def _gives_twice(block: Sequence[Item], names: Sequence[str]) -> bool:
    """Whether two imports give the same name, so that their order says what it means."""
    distinct = {
        (name.text, _module(item.declaration), _source(item.declaration, name))
        for item in block
        for name in declared_names(item.declaration)
    }
    return len({name for name, *_ in distinct}) != len(distinct) or not names


def _source(declaration: syntax.Declaration | None, name: syntax.Identifier) -> str:
    if isinstance(declaration, syntax.FromImport):
        return next(each.name.text for each in declaration.names if (each.alias or each.name) is name)
    return ""


def _module(declaration: syntax.Declaration | None) -> str:
    match declaration:
        case syntax.FromImport(level=level, module=module):
            return "." * level + ".".join(each.text for each in module)
        case syntax.Import(module=module):
            return ".".join(each.text for each in module)
        case _:
            return ""


def _line(item: Item, unused: set[int]) -> _Line | None:
    """An import without what nothing uses; None where nothing is left.

    It is left as it is where a comment would be lost: one between its names, or above it if nothing uses it.
    """
    declaration = item.declaration
    assert isinstance(declaration, syntax.FromImport | syntax.Import)
    comments = item.text[: declaration.span.start].lstrip()
    remark = item.text[declaration.span.end : _end_of_line(item)].strip()
    remark = f"  {remark}" if remark else ""
    kept = [each for each in declared_names(declaration) if item.start + each.span.start not in unused]
    module, group = _module(declaration), _group(item)
    if has_comment(item.text, declaration.span) or (comments and not kept):
        span = declaration.span
        text = item.text[span.start : span.end]
        none = None if isinstance(declaration, syntax.Import) else ()
        return _Line(group, module, none, "", comments, remark, text)
    if not kept:
        return None
    if isinstance(declaration, syntax.Import):
        alias = declaration.alias.text if declaration.alias is not None else ""
        return _Line(group, module, None, alias, comments, remark)
    names = [
        (each.name.text, (each.alias or each.name).text)
        for each in declaration.names
        if any((each.alias or each.name) is name for name in kept)
    ]
    return _Line(group, module, tuple(sorted(set(names), key=_by_name)), "", comments, remark)


def _by_name(pair: tuple[str, str]) -> tuple[str, str]:
    return pair[0].lower(), pair[1]


def _end_of_line(item: Item) -> int:
    """The end of the line that the import of an item ends on, its line break included."""
    assert item.declaration is not None
    end = item.text.find("\n", item.declaration.span.end)
    return len(item.text) if end < 0 else end + 1


def _has_comment(item: Item) -> bool:
    """Whether comments stand below the import, of which nobody knows what they belong to."""
    return bool(item.text[_end_of_line(item) :].strip())


def _group(item: Item) -> int:
    module = _module(item.declaration)
    if module.startswith("."):
        return 3
    if module.partition(".")[0] in sys.stdlib_module_names:
        return 0
    path = item.target.path if item.target is not None else ""
    return 1 if not path or "site-packages" in path else 2


def _merged(lines: Iterable[_Line]) -> list[_Line]:
    """Imports from the same module as one, as far as no comment stands at them."""
    found: dict[object, _Line] = {}
    for line in lines:
        key: object = (line.module, line.alias, line.names is None)
        if line.comments or line.remark or line.as_is:
            key = (key, len(found))
        before = found.get(key)
        if before is not None and before.names is not None and line.names is not None:
            names = tuple(sorted({*before.names, *line.names}, key=_by_name))
            found[key] = replace(before, names=names)
        else:
            found[key] = line
    return list(found.values())
