"""Language models as a program writes them: `LM("provider/name", …)` with what is known of its settings."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from ....base import models
from ....base.diagnostic import Fix
from ....grammar import syntax
from ... import catalog, types
from ...program import Binding, Item
from ..rule import replace

_ELSEWHERE = frozenset({"api_base", "base_url", "provider", "custom_llm_provider", "azure_endpoint"})
"""Settings that say where a model is, so that its name can be any."""


class Written(Struct, frozen=True):
    """A model whose name stands in the program."""

    node: syntax.Expression
    """The name as it is written, a string or a constant's name."""
    name: str
    binding: Binding
    is_elsewhere: bool
    """Whether it is served at an address of the user's own, or that cannot be told."""

    @property
    def provider(self) -> str:
        """What stands before the first slash; empty where there is none, or nothing behind it."""
        provider, _, name = self.name.partition("/")
        return provider if name.strip() else ""

    @property
    def own_name(self) -> str:
        """What stands behind the provider."""
        return self.name.partition("/")[2] or self.name

    @property
    def row(self) -> Mapping[str, Any] | None:
        """What litellm's table says of the model; nothing for one at an address of the user's own."""
        return None if self.is_elsewhere or not self.provider else models.row_of(self.name)

    def argument(self, name: str) -> syntax.Argument | None:
        """A setting as it is written."""
        for argument, parameter in self.binding.matched:
            own = argument.name.text if argument.name is not None else parameter.name
            if own == name:
                return argument
        return None

    def value(self, name: str) -> object:
        """A setting's value; that of the constructor where none is written, `...` where it is not known."""
        argument = self.argument(name)
        if argument is not None:
            return constant(argument.value)
        for each in self.binding.parameters or ():
            if each.name == name:
                try:
                    return literal_eval(each.default)
                except (ValueError, SyntaxError):
                    return ...
        return ...


def model_of(item: Item, node: syntax.Call) -> Written | None:
    """The model that a call constructs, where its name is known while checking."""
    found: dict[int, Written | None] | None = item.memory.get(model_of)
    if found is None:
        # Several rules ask about every call, and few calls construct a model.
        found = item.memory[model_of] = {id(each): _model_of(item, each) for each in _constructing(item)}
    return found.get(id(node)) if found else None


def models_of(item: Item, node: syntax.Call) -> Iterator[Written]:
    """The model that a call constructs, and those on which it falls back, where their names are written."""
    found = model_of(item, node)
    if found is None:
        return
    yield found
    fallbacks = found.argument("fallbacks")
    if fallbacks is None:
        return
    value = fallbacks.value
    for each in value.elements if isinstance(value, syntax.List) else (value,):
        if isinstance(each, syntax.String):
            # The address of a model is that of its provider's others, too.
            is_there = each.value.partition("/")[0] == found.provider and found.is_elsewhere
            yield Written(each, each.value, found.binding, is_there)


def _constructing(item: Item) -> Iterator[syntax.Call]:
    """The calls of an item that construct a model."""
    kept = catalog.definition("LM")
    for node in item.nodes(syntax.Call):
        kind = item.type_of(node)
        if isinstance(kind, types.Instance) and kind.definition is kept:
            yield node


def _model_of(item: Item, node: syntax.Call) -> Written | None:
    binding = item.binding_of(node)
    argument = binding.argument("model")
    if argument is None:
        return None
    name = _text(item, argument.value)
    if name is None:
        return None
    given = {each.name.text for each in node.arguments if each.name is not None}
    elsewhere = bool(given & _ELSEWHERE) or any(each.star for each in node.arguments)
    return Written(argument.value, name, binding, elsewhere)


def rename(found: Written, name: str) -> Fix | None:
    """A fix that puts another name in place; none where the name comes from a constant."""
    if not isinstance(found.node, syntax.String):
        return None
    return replace(f'Change to "{name}"', found.node, f'"{name}"')


def _text(item: Item, node: syntax.Expression) -> str | None:
    if isinstance(node, syntax.String):
        return node.value
    match item.type_of(node) if isinstance(node, syntax.Name) else None:
        case types.Literals(values=(str() as text,)):
            return text
        case _:
            return None


def constant(node: syntax.Expression) -> object:
    """The value of a literal; `...` for what is worked out."""
    match node:
        case syntax.Constant(value=value):
            return value
        case syntax.String(value=text):
            return text
        case syntax.Unary(operator="-", operand=syntax.Constant(value=(int() | float()) as value)):
            return -value
        case _:
            return ...
