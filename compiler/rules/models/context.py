"""Prompts that are longer than what a model reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program
from ...types import Type
from ..rule import Findings, rule, written
from ..walking import Construction, remembered
from .parts import model_in_force

CHARACTERS_A_TOKEN = 6
"""How many characters a token has at most, on average; four are usual in English, fewer in names."""
_MENTIONS = 2
"""How often a prompt says at least what type an output has: where the fields are listed, and at its end."""
_DEEPEST = 8


@rule("W204", "prompt-too-long", Construction, severity="warning")
def prompt_too_long(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A signature's prompt is longer than its model accepts, whatever the inputs are.

    Instructions, descriptions, demos and the choices of outputs are counted, at six characters per token,
    which is more than real text has. `dspyc prompt` shows the whole prompt, and how long it is.
    """
    kind = item.type_of(node.function)
    if not isinstance(kind, types.Class) or kind.definition.name not in _ASKING:
        return
    if catalog.definition(kind.definition.name) is not kind.definition:
        return
    model = model_in_force(program, item, node)
    argument = item.binding_of(node).argument("signature")
    if model is None or model.context is None or argument is None:
        return
    tokens = _least(program, item, argument.value) // CHARACTERS_A_TOKEN
    if tokens > model.context:
        words = f"the prompt of `{written(item, argument)}` has over {tokens:,} tokens"
        reads = f"`{model.name}` accepts at most {model.context:,}"
        yield prompt_too_long.at(
            argument, f"{words}, but {reads}", "use fewer choices, fewer demos or shorter texts"
        )


_ASKING = frozenset({"ChainOfThought", "ChainOfThoughtWithHint", "Predict", "ReAct"})


def _least(program: Program, item: Item, node: syntax.Expression) -> int:
    """How many characters the prompt of a signature has at least."""
    kind = item.type_of(node)
    if not isinstance(kind, types.Signature):
        return 0
    total = 0
    for field in kind.interface.fields:
        times = _MENTIONS if field.direction == "output" else 1
        total += len(field.name) + len(field.description) + times * _length(field.type, 0)
    if isinstance(node, syntax.Name):
        total += program.ask(_written_length, node.text) or 0
    return total


def _written_length(program: Program, name: str) -> int:
    """The length of a signature's instructions and demos."""
    return (program.ask(_lengths, None) or {}).get(name, 0)


def _lengths(program: Program, _: None) -> Mapping[str, int]:
    return program.combine(_written_here, _by_name)


def _by_name(lengths: Sequence[tuple[str, int] | None]) -> Mapping[str, int]:
    return dict(each for each in lengths if each is not None)


@remembered
def _written_here(item: Item) -> tuple[str, int] | None:
    """The name of the signature that an item declares, and the length of its instructions and demos."""
    declaration = item.declaration
    if not isinstance(declaration, syntax.SignatureDeclaration):
        return None
    instructions = len(declaration.docstring.value) if declaration.docstring is not None else 0
    return declaration.name.text, instructions + sum(
        len(value.value)
        for demo in declaration.demos
        for argument in demo.arguments
        if isinstance(value := argument.value, syntax.String)
    )


def _length(kind: Type, depth: int) -> int:
    """How many characters it takes to say what a type is."""
    if depth > _DEEPEST:
        return 0
    match kind:
        case types.Literals(values=values):
            return sum(len(str(value)) + 4 for value in values)
        case types.Enum(members=members):
            return sum(len(str(value)) + 4 for _, value in members)
        case types.List(item=item) | types.Set(item=item):
            return _length(item, depth + 1)
        case types.Dict(value=value):
            return _length(value, depth + 1)
        case types.Union(options=options):
            return sum(_length(each, depth + 1) for each in options)
        case types.Record(interface=interface):
            return sum(
                len(each.name) + len(each.description) + _length(each.type, depth + 4)
                for each in interface.fields
            )
        case _:
            return 0
