"""Assertions that cannot fail."""

from __future__ import annotations

from ....grammar import syntax
from ...program import Item, Program
from ..rule import Findings, replace, rule, written


@rule("E235", "assert-of-tuple", syntax.Assert, fix="sometimes")
def assert_of_tuple(program: Program, item: Item, node: syntax.Assert) -> Findings:
    """The condition and message of an `assert` are in brackets, which makes a tuple that is always true.

    ```dspy
    def first(words: list[str]) -> str:
        assert (words, "there are no words")
    #          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E235 a tuple is always true; remove the brackets
        return words[0]
    ```

    ```dspy
    def first(words: list[str]) -> str:
        assert words, "there are no words"
        return words[0]
    ```
    """
    test = node.test
    if not isinstance(test, syntax.Tuple) or not test.elements:
        return
    fix = None
    if len(test.elements) == 2 and node.message is None:
        text = ", ".join(written(item, each) for each in test.elements)
        fix = replace("Remove the brackets", test, text)
    yield assert_of_tuple.at(test, "a tuple is always true; remove the brackets", fix=fix)
