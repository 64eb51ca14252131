"""A file that sets its defaults twice, or where that has no effect."""

from __future__ import annotations

from collections.abc import Sequence

from ....base.diagnostic import Edit, Fix
from ....base.span import Span
from ....grammar import syntax
from ...program import Item, Program
from ..edits import lines_of
from ..rule import Findings, file_rule, rule
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


@rule("E322", "misplaced-configure", syntax.Call)
def misplaced_configure(program: Program, item: Item, node: syntax.Call) -> Findings:
    """`configure(…)` is used inside of a declaration, where it does not change the settings of the file.

    The settings that a file declares hold for all that it declares, so another model would be asked than this
    line says. A module, a part and a call can have settings of their own.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module classify = Predict("text -> label")

    test "scripted":
        configure(lm=DummyLM([{"label": "spam"}]))
    #   ^^^^^^^^^ E322 `configure(…)` must start in column 0; here it does not change the settings of the file
        assert classify(text="Buy now!").label == "spam"
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module classify = Predict("text -> label")

    test "scripted":
        scripted = DummyLM([{"label": "spam"}])
        assert classify(text="Buy now!", lm=scripted).label == "spam"
    ```
    """
    if is_configure(item, node):
        words = "`configure(…)` must start in column 0; here it does not change the settings of the file"
        advice = "give the call a model or settings: `NAME(…, lm=…)`"
        yield misplaced_configure.at(node.function, words, advice)


def is_configure(item: Item, call: syntax.Call) -> bool:
    """Whether a call inside of a declaration is one of `configure`, which the file does not define itself."""
    function = call.function
    if not isinstance(function, syntax.Name) or function.text != "configure":
        return False
    symbol = item.symbol_of(function)
    return symbol is not None and symbol.kind == "runtime"


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
