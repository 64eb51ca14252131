"""A local name that is read before it is assigned."""

from __future__ import annotations

from ....grammar import syntax
from ...program import Item, Program
from ..rule import DECLARATIONS, Findings, rule
from .unknown_name import local_names


@rule("E112", "unbound-name", *DECLARATIONS)
def unbound_name(program: Program, item: Item, node: syntax.Declaration) -> Findings:
    """A variable is used before it has a value.

    ```dspy
    def total(numbers: list[int]) -> int:
        for number in numbers:
            result += number
    #       ^^^^^^ E112 `result` is used before it is assigned
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
    for name in item.unresolved.values():
        if name.text in local and name.text not in told:
            told.add(name.text)
            yield unbound_name.at(name, f"`{name.text}` is used before it is assigned")
