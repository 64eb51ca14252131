"""Fields that a method or a field of a module hides."""

from __future__ import annotations

from functools import cache

from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program
from ..edits import field_places, rename
from ..rule import Findings, label, rule
from ..walking import Construction


@rule("E237", "hidden-field", syntax.Field, fix="always")
def hidden_field(program: Program, item: Item, node: syntax.Field) -> Findings:
    """A field has the name of a method of predictions and examples, so `.name` gives the method.

    ```dspy
    signature Extract:
        input text: str
        output items: list[str]
    #          ^^^^^ E237 a field cannot be named `items`: predictions and examples have a method of that name
    ```

    ```dspy
    signature Extract:
        input text: str
        output found_items: list[str]
    ```
    """
    name = node.name.text
    if node.direction != "attribute" and name in _methods():
        words = f"a field cannot be named `{name}`: predictions and examples have a method of that name"
        yield hidden_field.at(node.name, words, fix=rename(field_places(item, node), f"{name}_"))


@cache
def _methods() -> frozenset[str]:
    """The public methods of predictions."""
    found = catalog.lookup("Prediction")
    members = found.definition.members if isinstance(found, types.Class) else {}
    return frozenset(
        name
        for name, kind in members.items()
        if isinstance(kind, types.Function | types.Overloaded) and not name.startswith("_")
    )


@rule("E238", "added-field", Construction)
def added_field(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A signature has a field that the module adds itself, so one of the two is lost.

    An output `reasoning` is allowed under `ChainOfThought`: it replaces the module's own.

    ```dspy
    module act = ReAct("question, trajectory -> answer", tools=[])
    #                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E238 `ReAct` adds a field `trajectory` of its own
    ```

    ```dspy
    module act = ReAct("question, history -> answer", tools=[])
    ```
    """
    binding = item.binding_of(node)
    callee = binding.callee
    shape = callee.definition.shape if isinstance(callee, types.Class) else None
    if not isinstance(callee, types.Class) or shape is None or shape.of != "signature":
        return
    argument = binding.argument(shape.of)
    interface = _interface(item, argument.value) if argument is not None else None
    if argument is None or interface is None:
        return
    owner, given = callee.definition.name, {each.name for each in (*shape.inputs, *shape.outputs)}
    for field in interface.fields:
        # An output of the signature takes the place of one that the module gives.
        if field.name in shape.added or (field.name in given and field.direction == "input"):
            labels = label(program, field.place, f"the field `{field.name}`")
            words = f"`{owner}` adds a field `{field.name}` of its own"
            yield added_field.at(argument.value, words, labels=labels)


def _interface(item: Item, node: syntax.Expression) -> types.Interface | None:
    if isinstance(node, syntax.String):
        string = item.signature_string(node)
        return string.interface if string is not None else None
    kind = item.type_of(node)
    return kind.interface if isinstance(kind, types.Signature) else None
