"""A step that gives a column another name behind all else that is done with a dataset's rows.

It is what a renaming writes where the rows themselves cannot be written otherwise: in formats that are no
text, in files that others read as well, behind functions.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..base.span import Span
from ..compiler import types
from ..compiler.analysis import FileAnalysis
from ..compiler.program import Item
from ..grammar import syntax
from .renamed import Elsewhere, Subject

_PLAIN = (syntax.Call, syntax.Name, syntax.Attribute)
"""What a method can be called of without brackets around it."""


def can_be_renamed_behind(item: Item) -> bool:
    """Whether an item declares one dataset, to which a step can be added."""
    declaration = item.declaration
    return (
        isinstance(declaration, syntax.ValueDeclaration)
        and len(declaration.names) == 1
        and isinstance(item.type_of(declaration.value), types.Dataset)
    )


def renamed_behind(subject: Subject, analysis: FileAnalysis, item: Item) -> Iterator[Elsewhere]:
    """The edits that add the step to the dataset that an item declares."""
    declaration = item.declaration
    assert isinstance(declaration, syntax.ValueDeclaration)
    value = declaration.value
    step = f'.rename({{"{subject.old}": "{subject.new}"}})'
    if not isinstance(value, _PLAIN):
        yield _insertion(analysis, item, value.span.start, "(")
        step = f"){step}"
    yield _insertion(analysis, item, value.span.end, step)


def _insertion(analysis: FileAnalysis, item: Item, at: int, text: str) -> Elsewhere:
    return Elsewhere("data", analysis.path, analysis.source, Span(at, at).shifted(item.start), text)
