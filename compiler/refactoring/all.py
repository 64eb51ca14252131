"""All refactorings that make sense at a place."""

from __future__ import annotations

from collections.abc import Iterator

from .inlining import inline_function, inline_module
from .loops import comprehension_of_loop
from .outputs import add_output, return_output
from .parts import extract_part
from .refactoring import Refactoring, Selection
from .signatures import extract_signature, inline_signature
from .testing import generate_test
from .variables import inline_variable

_SORTS = (
    add_output,
    return_output,
    extract_signature,
    extract_part,
    inline_signature,
    inline_variable,
    inline_function,
    inline_module,
    comprehension_of_loop,
    generate_test,
)


def refactorings(selection: Selection) -> Iterator[Refactoring]:
    """What can be done at a place, what removes a finding first."""
    for sort in _SORTS:
        yield from sort(selection)
