"""Tests with the same title, and tests that check nothing."""

from __future__ import annotations

from collections.abc import Sequence

from ....grammar import syntax
from ...program import Item, Program
from ..bodies.unused import has_assert
from ..rule import Findings, file_rule, insert, rule
from ..walking import remembered


@file_rule("W111", "duplicate-test", fix="always", severity="warning")
def duplicate_test(program: Program) -> Findings:
    """Two tests have the same title, so a report does not say which of them failed.

    ```dspy
    test "three words":
        assert len("a b c".split()) == 3

    test "three words":
    #    ^^^^^^^^^^^^^ W111 there is already a test "three words"
        assert len("d e f".split()) == 3
    ```

    ```dspy
    test "three words":
        assert len("a b c".split()) == 3

    test "three other words":
        assert len("d e f".split()) == 3
    ```
    """
    if not program.combine(_title, _has_repeated):
        return
    seen: set[str] = set()
    for item in program.items:
        node = item.declaration
        if isinstance(node, syntax.TestDeclaration) and not item.broken:
            title = node.title.value
            if title in seen:
                words = f'there is already a test "{title}"'
                end = node.title.span.end
                close = (
                    3 if item.text[:end].endswith(('"""', "'''")) and end - node.title.span.start >= 6 else 1
                )
                fix = insert("Number the title", end - close, " (2)")
                yield duplicate_test.at(node.title, words, fix=fix).shifted(item.start)
            seen.add(title)


@remembered
def _title(item: Item) -> str | None:
    node = item.declaration
    return node.title.value if isinstance(node, syntax.TestDeclaration) and not item.broken else None


def _has_repeated(titles: Sequence[str | None]) -> bool:
    found = [each for each in titles if each is not None]
    return len(set(found)) < len(found)


@rule("W112", "test-without-assert", syntax.TestDeclaration, severity="warning")
def test_without_assert(program: Program, item: Item, node: syntax.TestDeclaration) -> Findings:
    """A test has no `assert`, so it passes whatever the program answers.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")

    test "the capital of Belgium":
    #    ^^^^^^^^^^^^^^^^^^^^^^^^ W112 this test has no `assert`, so any answer passes
        pred = qa(question="What is the capital of Belgium?")
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")

    test "the capital of Belgium":
        pred = qa(question="What is the capital of Belgium?")
        assert pred.answer == "Brussels"
    ```
    """
    if not has_assert(node) and not _compares(node) and not _calls_functions(item):
        yield test_without_assert.at(node.title, "this test has no `assert`, so any answer passes")


def _compares(node: syntax.TestDeclaration) -> bool:
    """Whether a comparison stands alone: what is missing there is its own finding."""
    return any(
        isinstance(each, syntax.ExpressionStatement)
        and isinstance(each.value, syntax.Comparison | syntax.Boolean | syntax.Unary)
        for each in node.body
    )


def _calls_functions(item: Item) -> bool:
    """Whether a function of the file, of Python or of an unknown name is called alone, which may assert
    something.
    """
    calls = [each.value for each in item.nodes(syntax.ExpressionStatement)]
    return any(
        isinstance(each, syntax.Call) and (_is_function(item, each) or _is_unknown(item, each))
        for each in calls
    )


def _is_function(item: Item, call: syntax.Call) -> bool:
    symbol = item.symbol_of(call.function)
    return symbol is not None and symbol.kind in ("function", "imported", "unresolved")


def _is_unknown(item: Item, call: syntax.Call) -> bool:
    """Whether the name at the beginning of what is called means nothing, which is a finding of its own."""
    first: syntax.Expression = call
    while isinstance(first, syntax.Call | syntax.Attribute):
        first = first.function if isinstance(first, syntax.Call) else first.value
    return id(first) in item.unresolved
