"""`print` where nothing runs."""

from __future__ import annotations

from ....grammar import syntax
from ...program import Item, Program
from ..rule import Findings, rule


@rule("E330", "misplaced-print", syntax.Call)
def misplaced_print(program: Program, item: Item, node: syntax.Call) -> Findings:
    """`print(…)` is used in a declaration that is evaluated when the file is loaded.

    It can be used in `forward:`, `def` and `test`, where it writes to stderr and to the trace.

    ```dspy
    limit = print(5)
    #       ^^^^^ E330 `print` can only be used in `forward:`, `def` and `test`
    ```

    ```dspy
    def limit() -> int:
        print("the limit is 5")
        return 5
    ```
    """
    function = node.function
    if not isinstance(function, syntax.Name) or function.text != "print" or _runs(item, node):
        return
    symbol = item.symbol_of(function)
    if symbol is not None and symbol.kind == "builtin":
        yield misplaced_print.at(function, "`print` can only be used in `forward:`, `def` and `test`")


def _runs(item: Item, node: syntax.Node) -> bool:
    """Whether a node stands in a block of statements."""
    match item.declaration:
        case syntax.FunctionDeclaration(body=body) | syntax.TestDeclaration(body=body):
            blocks = [body]
        case syntax.ModuleDeclaration(forward=forward, fallback=fallback):
            blocks = [forward or (), fallback or ()]
        case _:
            return False
    return any(block and block[0].span.start <= node.span.start < block[-1].span.end for block in blocks)
