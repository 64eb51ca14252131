"""Constants that hold what a declaration of its own is made for."""

from __future__ import annotations

from collections.abc import Iterator

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...trees import walk
from ...types import Type
from ..rule import Findings, insert, rule
from ..words import NOUNS
from .effects import effect_of


@rule("E306", "undeclared-kind", syntax.ConstantDeclaration, fix="sometimes")
def undeclared_kind(program: Program, item: Item, node: syntax.ConstantDeclaration) -> Findings:
    """A constant holds a module, a model, a dataset or similar, which needs its own declaration.

    `dspyc run`, `eval` and `optimize` look for declarations, and `configure` gives its language model to the
    modules that are declared. A module in a constant gets none, so every call to it would fail.

    ```dspy
    qa = Predict("question -> answer")
    #^ E306 `qa` is a module; write `module qa = …`
    ```

    ```dspy
    module qa = Predict("question -> answer")
    ```
    """
    kind = item.type_of(node.value)
    word = kind_of(kind)
    inside = next((each for each in map(kind_of, _items(kind)) if each is not None), None)
    if (word or inside) is None or any(effect_of(program, item, each) for each in walk(node.value)):
        return  # what is worked out here is another finding
    name = node.name.text
    if word is not None:
        fix = insert(f"Write `{word}`", node.span.start, f"{word} ") if node.annotation is None else None
        yield undeclared_kind.at(node.name, f"`{name}` is {NOUNS[word]}; write `{word} {name} = …`", fix=fix)
    elif inside is not None:
        words = f"`{name}` holds {NOUNS[inside]}, which needs a declaration: `{inside} NAME = …`"
        yield undeclared_kind.at(node.name, words)


def kind_of(kind: Type) -> str | None:
    """The word that declares values of a type; None for plain values."""
    match kind:
        case types.Module() | types.AnyModule():
            return "module"
        case types.Dataset():
            return "dataset"
        case types.Signature():
            return "signature"
        case types.Instance(definition=definition) if definition.is_a("BaseLM"):
            return "lm"
        case types.Instance(definition=definition) if definition.is_a("Evaluate"):
            return "evaluate"
        case types.Instance(definition=definition) if definition.is_a("Optimizer"):
            return "optimizer"
        case types.Instance(definition=definition) if definition.is_a("ToolServer"):
            return "tools"
        case _:
            return None


def _items(kind: Type) -> Iterator[Type]:
    match kind:
        case types.List(item=item) | types.Set(item=item) | types.Iterable(item=item):
            yield from types.options(item)
        case types.Dict(value=value):
            yield from types.options(value)
        case types.Tuple(items=items, rest=rest):
            yield from items if rest is None else types.options(rest)
        case types.Union(options=options):
            yield from options
