"""A file that sets its defaults twice."""

from __future__ import annotations

from collections.abc import Sequence

from ....base.diagnostic import Edit, Fix
from ....base.span import Span
from ....grammar import syntax
from ...program import Item, Program
from ..edits import lines_of
from ..rule import Findings, file_rule
from ..walking import remembered


@file_rule("E309", "second-configure", fix="sometimes")
def second_configure(program: Program) -> Findings:
    """A file has two `configure(…)`, but only one can take effect.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    configure(max_retries=3)
    #^^^^^^^^ E309 this file is already configured above; put all settings there
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"), max_retries=3)
    ```
    """
    if not program.combine(_configures, _several):
        return
    first, *others = (each for each in program.items if _configures(each))
    for item in others:
        node = item.declaration
        assert node is not None
        span = Span(node.span.start, node.span.start + len("configure"))
        words = "this file is already configured above; put all settings there"
        yield second_configure.at(span, words, fix=_merged(first, item)).shifted(item.start)


def _merged(first: Item, second: Item) -> Fix | None:
    """The settings of the second at the end of the first; edits count from the second's start."""
    one, other = first.declaration, second.declaration
    assert isinstance(one, syntax.ConfigureDeclaration)
    assert isinstance(other, syntax.ConfigureDeclaration)
    names = {each.name.text for each in one.arguments if each.name is not None}
    if any(each.name is None or each.name.text in names for each in other.arguments) or not one.arguments:
        return None
    text = ", ".join(second.text[each.span.start : each.span.end] for each in other.arguments)
    place = first.start + one.arguments[-1].span.end - second.start
    edits = [Edit(lines_of(second, other.span), "")]
    if text:
        edits.insert(0, Edit(Span(place, place), f", {text}"))
    return Fix("Move the settings there", tuple(edits), "unsafe")


@remembered
def _configures(item: Item) -> bool:
    return isinstance(item.declaration, syntax.ConfigureDeclaration)


def _several(found: Sequence[bool]) -> bool:
    return sum(found) > 1
