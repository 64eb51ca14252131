"""The columns of a dataset where a step of it names one: `inputs=["…"]`, `rows.rename({"…": "label"})`."""

from __future__ import annotations

from collections.abc import Iterator

from ...grammar import syntax
from .. import types
from ..resolve.data import named_columns, steps_of
from .context import Context


def columns_here(context: Context) -> Iterator[str]:
    """The columns that the string at the cursor may name, without those that are named beside it."""
    call = next((each for each in reversed(context.path) if isinstance(each, syntax.Call)), None)
    if call is None:
        return
    function, item = call.function, context.item
    receiver = item.type_of(function.value) if isinstance(function, syntax.Attribute) else types.UNKNOWN
    for name, given, before in steps_of(call, item.type_of(function), receiver, item):
        named = named_columns(name, given)
        if any(each is context.node for each in named):
            beside = {each.value for each in named if each is not context.node}
            yield from (each.name for each in before.fields if each.name not in beside)
