"""A local name that is read before it is assigned."""

from __future__ import annotations

from collections.abc import Iterator

from ...program import Item, Program
from ..names.unknown_name import local_names
from ..rule import Finding, rule


@rule("E112", "unbound-name")
def unbound_name(program: Program, item: Item) -> Iterator[Finding]:
    """A variable is read where it has no value yet.

    ```dspy
    def total(numbers: list[int]) -> int:
        for number in numbers:
            result += number
    #       ^^^^^^ E112 `result` has no value yet: it is assigned further down
        return result
    ```

    ```dspy
    def total(numbers: list[int]) -> int:
        result = 0
        for number in numbers:
            result += number
        return result
    ```
    """
    local = local_names(item)
    told: set[str] = set()
    for node in item.unresolved.values():
        if node.text in local and node.text not in told:
            told.add(node.text)
            yield Finding(node, f"`{node.text}` has no value yet: it is assigned further down")
