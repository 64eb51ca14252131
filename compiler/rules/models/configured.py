"""A file that sets its defaults twice."""

from __future__ import annotations

from collections.abc import Sequence

from ....base.span import Span
from ....grammar import syntax
from ...program import Item, Program
from ..rule import Findings, file_rule
from ..walking import remembered


@file_rule("E309", "second-configure")
def second_configure(program: Program) -> Findings:
    """A file has two `configure(…)`, of which only one can hold.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    configure(max_retries=3)
    #^^^^^^^^ E309 this file is configured above already; write all settings there
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"), max_retries=3)
    ```
    """
    if not program.combine(_configures, _several):
        return
    _, *others = (each for each in program.items if _configures(each))
    for item in others:
        node = item.declaration
        assert node is not None
        span = Span(node.span.start, node.span.start + len("configure"))
        words = "this file is configured above already; write all settings there"
        yield second_configure.at(span, words).shifted(item.start)


@remembered
def _configures(item: Item) -> bool:
    return isinstance(item.declaration, syntax.ConfigureDeclaration)


def _several(found: Sequence[bool]) -> bool:
    return sum(found) > 1
