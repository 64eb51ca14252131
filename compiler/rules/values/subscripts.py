"""Values that are asked for an item that they cannot have."""

from __future__ import annotations

from typing import NamedTuple

from ....base.diagnostic import Fix
from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...types import Type, narrow
from ...types.narrow import may_be_none
from ...types.overlap import overlaps
from ...types.union import widened
from ..rule import Findings, replace, rule, written
from ..words import choices, described, near

_NUMBERS = frozenset({"int", "float", "bool", "complex"})


class _Wrong(NamedTuple):
    at: syntax.Expression
    message: str
    help: str | None = None
    fix: Fix | None = None


@rule("E244", "wrong-index", syntax.Subscript, fix="sometimes")
def wrong_index(program: Program, item: Item, node: syntax.Subscript) -> Findings:
    """A subscript asks a value for an item that it does not have.

    A list, a tuple and a text have their items by number, a dict by its keys; a set has no order, and the
    fields of a record or a prediction follow a dot.

    ```dspy
    def first(words: set[str]) -> str:
        return words[0]
    #          ^^^^^ E244 a set has no order, so it has no first item; write `sorted(words)[0]`
    ```

    ```dspy
    def first(words: set[str]) -> str:
        return sorted(words)[0]
    ```
    """
    if id(node) in item.annotations:
        return
    kind = item.type_of(node.value)
    kind = narrow.not_none(kind) if may_be_none(kind) else kind
    found = _wrong(item, node, kind)
    if found is not None:
        yield wrong_index.at(*found)


def _wrong(item: Item, node: syntax.Subscript, kind: Type) -> _Wrong | None:
    index = item.type_of(node.index)
    text = written(item, node.value)
    match kind:
        case types.Set():
            return _of_set(item, node, text)
        case types.Builtin(name=name) if name in _NUMBERS:
            return _Wrong(node.value, f"{described(kind)} has no items")
        case types.List() | types.Tuple() | types.Builtin(name="str") if not isinstance(
            node.index, syntax.Slice
        ):
            return _by_number(item, node, kind, index)
        case types.Dict(key=key) if types.known(key) and types.known(index) and not overlaps(index, key):
            return _Wrong(node.index, f"the keys of `{text}` are {described(key)}, not {described(index)}")
        case types.Dict(key=types.Literals(values=keys)) if isinstance(index, types.Literals) and (
            lacking := [each for each in index.values if each not in keys]
        ):
            fix = None
            if len(index.values) == 1 and isinstance(node.index, syntax.String):
                close = near(node.index.value, [each for each in keys if isinstance(each, str)])
                fix = replace(f'Change to "{close}"', node.index, f'"{close}"') if close else None
            missing = choices(tuple(lacking))
            return _Wrong(
                node.index, f"`{text}` has no key {missing}; it has {choices(keys)}"[:300], None, fix
            )
        case types.Iterable() if is_view(item, node.value):
            right = f"list({text})"
            fix = replace(f"Write `{right}`", node.value, right)
            return _Wrong(node.value, f"`{text}` has no order to index; write `{right}[…]`", None, fix)
        case types.Module():
            inputs = ", ".join(f"{each.name}=…" for each in kind.interface.inputs if each.required)
            return _Wrong(node.value, f"`{text}` is a module; call it: `{text}({inputs or '…'})`")
        case types.Class() if not types.known(item.type_of(node)):
            inside = written(item, node.index)
            right = f"{text}({inside})"
            fix = replace(f"Write `{right[:60]}`", node, right)
            return _Wrong(node.index, f"a class is called with round brackets: `{right[:60]}`", None, fix)
        case types.Function():
            return _Wrong(node.value, f"`{text}` is a function; call it: `{text}(…)`")
        case types.Dataset() if types.known(index) and not isinstance(node.index, syntax.Slice):
            return _of_dataset(node, index, text)
        case types.Prediction(interface=interface) if _is_number(index) and interface.outputs:
            name = interface.outputs[0].name
            return _Wrong(node.index, f"use the fields of a prediction by name, such as `.{name}`")
        case types.Record(path=path) if types.in_program(path) and isinstance(node.index, syntax.String):
            return _of_record(node, kind, text)
        case _:
            return None


def is_view(item: Item, node: syntax.Expression) -> bool:
    """Whether a call of a built-in gives what can only be gone through: `d.keys()`, `zip(…)`, `map(…)`."""
    if not isinstance(node, syntax.Call) or not isinstance(item.type_of(node), types.Iterable):
        return False
    match node.function:
        case syntax.Attribute(value=value, name=name):
            return isinstance(item.type_of(value), types.Dict) and name.text in _VIEWS
        case syntax.Name():
            symbol = item.symbol_of(node.function)
            return symbol is not None and symbol.kind == "builtin"
        case _:
            return False


_VIEWS = frozenset({"keys", "values", "items"})


def _of_set(item: Item, node: syntax.Subscript, text: str) -> _Wrong:
    right = f"sorted({text})[{written(item, node.index)}]"
    fix = replace(f"Write `{right}`", node, right)
    return _Wrong(node.value, f"a set has no order, so it has no first item; write `{right}`", None, fix)


def _by_number(item: Item, node: syntax.Subscript, kind: Type, index: Type) -> _Wrong | None:
    if types.known(index) and all(_is_no_number(each) for each in types.options(index)):
        noun = {types.List: "a list", types.Tuple: "a tuple"}.get(type(kind), "a string")
        words = f"{noun} is indexed by whole numbers, not by {described(widened(index))}"
        if isinstance(node.index, syntax.Binary) and node.index.operator == "/":
            half = f"{written(item, node.index.left)} // {written(item, node.index.right)}"
            return _Wrong(node.index, words, f"write `{half}`", replace(f"Write `{half}`", node.index, half))
        return _Wrong(node.index, words)
    if isinstance(kind, types.Tuple) and kind.rest is None and isinstance(index, types.Literals):
        number, count = index.values[0], len(kind.items)
        if len(index.values) == 1 and isinstance(number, int) and not -count <= number < count:
            text = written(item, node.value)
            last = f"; the last is `{text}[{count - 1}]`" if count else ""
            return _Wrong(node.index, f"`{text}` has {count} item{'' if count == 1 else 's'}{last}")
    return None


def _of_dataset(node: syntax.Subscript, index: Type, text: str) -> _Wrong | None:
    if not all(_is_no_number(each) for each in types.options(index)):
        return None
    words = f"a dataset is indexed by whole numbers, not by {described(widened(index))}"
    if isinstance(node.index, syntax.String) and node.index.value.isidentifier():
        column = f"[row.{node.index.value} for row in {text}]"
        return _Wrong(node.index, words, f"for a column, write `{column}`", replace("Write it", node, column))
    return _Wrong(node.index, words)


def _of_record(node: syntax.Subscript, kind: types.Record, text: str) -> _Wrong | None:
    name = node.index.value if isinstance(node.index, syntax.String) else ""
    if kind.interface.field(name) is None:
        return _Wrong(node.index, f"use a dot for the attributes of a record: `{text}.NAME`")
    fix = replace(f"Write `.{name}`", Span(node.value.span.end, node.span.end), f".{name}")
    return _Wrong(node.index, f"use a dot for the attributes of a record: `{text}.{name}`", None, fix)


def _is_number(index: Type) -> bool:
    return types.known(index) and widened(index) in (types.INT, types.BOOL)


def _is_no_number(index: Type) -> bool:
    match widened(index):
        case types.Builtin(name=name):
            return name in ("str", "float", "complex")
        case types.List() | types.Dict() | types.Set() | types.Tuple() | types.Record():
            return True
        case types.Prediction() | types.Nothing():
            return True
        case _:
            return False
