"""A local name that is read before it is assigned, or where it may not have been."""

from __future__ import annotations

from ....grammar import syntax
from ...program import Item, Program
from ..bodies.paths import paths_of
from ..rule import DECLARATIONS, Findings, rule
from ..values.misspelt_choices import compares_with_missing
from .unknown_name import local_names


@rule("E112", "unbound-name", *DECLARATIONS)
def unbound_name(program: Program, item: Item, node: syntax.Declaration) -> Findings:
    """A variable is used before it has a value, or where it may have none.

    A variable that is assigned in one branch of an `if`, in some cases of a `match`, or in a loop, has no
    value when another branch is taken, no case matches, or the loop has no items.

    ```dspy
    def size(count: int) -> str:
        if count > 100:
            word = "large"
        elif count > 10:
            word = "medium"
        return word
    #          ^^^^ E112 `word` has no value here if none of the conditions holds
    ```

    ```dspy
    def size(count: int) -> str:
        if count > 100:
            word = "large"
        elif count > 10:
            word = "medium"
        else:
            word = "small"
        return word
    ```
    """
    local = local_names(item)
    told: set[str] = set()
    for name in item.unresolved.values():
        if name.text in local and name.text not in told:
            told.add(name.text)
            is_error = any(
                each.name is not None and each.name.text == name.text and each.span.end <= name.span.start
                for each in item.nodes(syntax.ExceptClause)
            )
            words = "has a value only inside its `except`" if is_error else "is used before it is assigned"
            yield unbound_name.at(name, f"`{name.text}` {words}")
    for each in paths_of(item).unbound:
        text = each.name.text
        if text in told or id(each.name) in item.unresolved:
            continue
        if each.reason and compares_with_missing(program, item):
            continue
        if each.reason:
            help_ = "assign it before, or on every path to this line"
            yield unbound_name.at(each.name, f"`{text}` {each.reason}", help_)
        else:
            help_ = (
                f"an assignment makes `{text}` a variable of the whole body; give the variable another name"
            )
            yield unbound_name.at(each.name, f"`{text}` is used before it is assigned", help_)
