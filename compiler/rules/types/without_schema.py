"""Names of programs and objects as the types of answers: a model can only be asked for what has a schema."""

from __future__ import annotations

from collections.abc import Iterator

from ....grammar import syntax
from ... import catalog, types
from ...program import Item
from ...trees import walk
from ...types import Type
from ...types.generic import hides_builtin
from ..words import described

_OBJECTS = frozenset({"Adapter", "BaseLM", "Dataset", "Evaluate", "Example", "Module", "Optimizer"})
"""Classes of the runtime whose objects no JSON stands for; so do those that derive from them."""


def wrong_answer_type(item: Item, node: syntax.Declaration) -> Iterator[tuple[syntax.Name, str, str]]:
    """The names that are no type of an output of a model or of an attribute: what to say, and what to do."""
    for field in _answers(item, node):
        place = "an attribute" if field.direction == "attribute" else "an output"
        for each in walk(field.type) if field.type is not None else ():
            symbol = item.symbol_of(each) if isinstance(each, syntax.Name) else None
            if symbol is None or not isinstance(each, syntax.Name):
                continue
            if hides_builtin(each.text, symbol.type):
                continue  # said wherever it stands
            if _has_fields(symbol.type) or isinstance(symbol.node, syntax.SignatureDeclaration):
                known = types.known(symbol.type)  # it is not while signatures need each other
                kind = described(symbol.type) if known else f"the signature `{each.text}`"
                words = f"`{each.text}` is {kind}, which cannot be the type of {place}"
                if kind.endswith(f"`{each.text}`"):
                    words = f"{kind} cannot be the type of {place}"
                yield each, words, f"declare its fields with `type`, or write out what {place} holds"
            elif _is_object(symbol.type):
                words = f"`{each.text}` cannot be the type of {place}: no JSON stands for it"
                yield each, words, "write `str`, or declare a `type` with what is asked for"


def not_the_builtin(item: Item, name: syntax.Name) -> tuple[str, str] | None:
    """What to say of a type's name that this file gives to something else."""
    symbol = item.symbol_of(name)
    if symbol is None or not hides_builtin(name.text, symbol.type):
        return None
    words = f"`{name.text}` is not the built-in type here, but {_plainly(symbol.type)} of this file"
    return words, f"give {_plainly(symbol.type)} another name"


def _plainly(kind: Type) -> str:
    match kind:
        case types.Signature():
            return "a signature"
        case types.Dataset():
            return "a dataset"
        case _:
            return "a module"


def _answers(item: Item, node: syntax.Declaration) -> Iterator[syntax.Field]:
    """The fields that are read out of an answer: of a record, and the outputs of signatures."""
    match node:
        case syntax.TypeDeclaration(attributes=attributes):
            yield from attributes
        case syntax.SignatureDeclaration(fields=fields):
            yield from (each for each in fields if each.direction == "output")
        case syntax.ModuleDeclaration(name=name, fields=fields):
            yield from (
                each for each in fields if each.direction == "output" and _names(each.type, name.text)
            )
        case _:
            pass
    for written in item.string_by_node.values():
        yield from (each for each in written.fields if each.direction == "output")


def _names(annotation: syntax.Expression | None, name: str) -> bool:
    """Whether a type names the module whose output it is, which would hold itself."""
    found = walk(annotation) if annotation is not None else ()
    return any(isinstance(each, syntax.Name) and each.text == name for each in found)


def _has_fields(kind: Type) -> bool:
    return isinstance(kind, types.Signature | types.Module | types.ModuleClass | types.Dataset)


def _is_object(kind: Type) -> bool:
    """Whether a name is a class of the runtime that no answer can be read as."""
    if not isinstance(kind, types.Class):
        return False
    definition = kind.definition
    return catalog.definition(definition.name) is definition and any(map(definition.is_a, _OBJECTS))
