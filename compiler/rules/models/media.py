"""Inputs that a model cannot take: pictures, recordings, documents."""

from __future__ import annotations

from collections.abc import Iterator

from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program
from ...types import Type
from ..rule import Findings, rule
from .parts import model_in_force

_TAKEN_BY = {
    "Image": (("supports_vision",), "pictures"),
    "Audio": (("supports_audio_input",), "recordings"),
    "File": (("supports_pdf_input", "supports_vision"), "documents"),
}
"""The entries of litellm's table of which one says that a model takes values of a type."""
_DEEPEST = 8


@rule("W315", "untaken-input", syntax.Call, severity="warning")
def untaken_input(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A signature has an image, audio or file input that its model does not accept.

    What models accept is read from the table shipped with litellm. Models that it does not list, and models
    at an `api_base`, are not reported.

    ```dspy
    lm fast = LM("openai/gpt-4")

    module tell = Predict("picture: Image -> text", lm=fast)
    #                     ^^^^^^^^^^^^^^^^^^^^^^^^ W315 `picture` is `Image`, which `openai/gpt-4` rejects
    ```

    ```dspy
    lm fast = LM("openai/gpt-4o-mini")

    module tell = Predict("picture: Image -> text", lm=fast)
    ```
    """
    kind = item.type_of(node.function)
    if not isinstance(kind, types.Class) or catalog.definition(kind.definition.name) is not kind.definition:
        return
    argument = item.binding_of(node).argument("signature")
    asked = item.type_of(argument.value) if argument is not None else None
    if argument is None or not isinstance(asked, types.Signature):
        return
    for field in asked.interface.inputs:
        name = next(_contents(field.type, 0), None)
        if name is None:
            continue
        model = model_in_force(program, item, node)
        if model is None or model.row is None:
            return
        entries, words = _TAKEN_BY[name]
        if not any(model.row.get(entry) for entry in entries):
            says = f"`{field.name}` is `{name}`, which `{model.name}` rejects"
            yield untaken_input.at(argument.value, says, f"choose a model that accepts {words}")
            return


def _contents(kind: Type, depth: int) -> Iterator[str]:
    """The names of the types in a type that a model has to be able to take."""
    if depth > _DEEPEST:
        return
    match kind:
        case types.Union(options=options):
            for each in options:
                yield from _contents(each, depth + 1)
        case types.List(item=inside) | types.Set(item=inside) | types.Dict(value=inside):
            yield from _contents(inside, depth + 1)
        case types.Tuple(items=items, rest=rest):
            for each in (*items, *([] if rest is None else [rest])):
                yield from _contents(each, depth + 1)
        case types.Record(name=name) if name in _TAKEN_BY:
            found = catalog.lookup(name)
            if isinstance(found, types.TypeForm) and found.type == kind:
                yield name
        case types.Record():
            for field in kind.interface.fields:
                yield from _contents(field.type, depth + 1)
