"""The predictors of a module as optimizers and states see them: their paths, their fields, their models.

What cannot be told (a module of Python, a part that is chosen while constructing) makes all of it unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program
from ..rule import written

UNKNOWN_MODEL = "?"
"""A model that cannot be told."""
FILE_MODEL = ""
"""The model that the file's `configure` sets."""
_AGENT_STEP = "react"


class Predictor(Struct, frozen=True):
    """A predictor of a module."""

    name: str
    """Its path, as `named_predictors()` has it; `self` for a module that is one."""
    inputs: tuple[str, ...] | None
    outputs: tuple[str, ...] | None
    """Its fields; None where they cannot be told."""
    model: str = FILE_MODEL
    """Which model it uses: the name of an `lm`, the text of a call, or one of the constants above."""


Structure = tuple[Predictor, ...]


def structure_of(program: Program, item: Item, node: syntax.Expression) -> Structure | None:
    """The predictors of the module that an expression stands for; None where they cannot be told."""
    match node:
        case syntax.Name(text=name):
            symbol = item.symbol_of(node)
            if symbol is None or symbol.kind not in ("module", "program", "module class"):
                return _of_part(program, item, name) if symbol is not None and symbol.kind == "part" else None
            return program.ask(_declared, name) if program.symbols.get(name) is symbol else None
        case syntax.Call():
            return _of_call(program, item, node)
        case _:
            return None


def _declared(program: Program, name: str) -> Structure | None:
    """The predictors of a module, module class or program of the file."""
    symbol = program.symbols.get(name)
    owner = program.item(symbol.item) if symbol is not None else None
    if owner is None or owner.broken:
        return None
    match owner.declaration:
        case syntax.ValueDeclaration(kind="module", value=value):
            return structure_of(program, owner, value)
        case syntax.ValueDeclaration(kind="program", value=syntax.Call() as call):
            return structure_of_student(program, owner, call)
        case syntax.ModuleDeclaration() as node:
            return _of_parts(program, owner, node.parts)
        case _:
            return None


def student_of(item: Item, call: syntax.Call) -> syntax.Expression | None:
    """What `OPTIMIZER.compile(…)` is given to improve."""
    argument = item.binding_of(call).argument("student")
    return argument.value if argument is not None else None


def structure_of_student(program: Program, item: Item, call: syntax.Call) -> Structure | None:
    """The predictors of what `OPTIMIZER.compile(…)` is given to improve; None where they are not known."""
    student = student_of(item, call)
    return None if student is None else structure_of(program, item, student)


def _of_part(program: Program, item: Item, name: str) -> Structure | None:
    declaration = item.declaration
    parts = declaration.parts if isinstance(declaration, syntax.ModuleDeclaration) else ()
    found = [each for each in parts if each.name.text == name]
    return structure_of(program, item, found[0].value) if len(found) == 1 else None


def _of_parts(program: Program, item: Item, parts: Sequence[syntax.Part]) -> Structure | None:
    found: list[Predictor] = []
    for part in parts:
        inside = _inside(program, item, part.name.text, part.value)
        if inside is None:
            return None
        found += inside
    return tuple(found)


def _inside(program: Program, item: Item, path: str, node: syntax.Expression) -> Sequence[Predictor] | None:
    """The predictors of a part, which may be a list of modules, by their paths from the module it is in."""
    match node:
        case syntax.List(elements=elements):
            found: list[Predictor] = []
            for index, each in enumerate(elements):
                inside = _inside(program, item, f"{path}[{index}]", each)
                if inside is None:
                    return None
                found += inside
            return found
        case syntax.Name() if isinstance(item.type_of(node), types.Module):
            return None  # it is shared, and may be optimized already
        case syntax.Call():
            own = structure_of(program, item, node)
            return None if own is None else list(_below(path, own))
        case _:
            return None


def _below(path: str, predictors: Structure) -> Iterator[Predictor]:
    for each in predictors:
        yield replace(each, name=path if each.name == "self" else f"{path}.{each.name}")


def _of_call(program: Program, item: Item, call: syntax.Call) -> Structure | None:
    callee = item.type_of(call.function)
    match callee:
        case types.ModuleClass() if isinstance(call.function, syntax.Name):
            found = program.ask(_declared, call.function.text)
        case types.Class(definition=definition) if catalog.definition(definition.name) is definition:
            found = _of_class(program, item, call, definition.name)
        case _:
            return None
    if found is None:
        return None
    model = _model_of(item, call)
    return tuple(replace(each, model=model) if each.model == FILE_MODEL else each for each in found)


def _of_class(program: Program, item: Item, call: syntax.Call, name: str) -> Structure | None:
    kind = item.type_of(call)
    interface = kind.interface if isinstance(kind, types.Module) else types.OPEN
    inputs = None if interface.open else tuple(each.name for each in interface.inputs)
    outputs = None if interface.open else tuple(each.name for each in interface.outputs)
    match name:
        case "Predict":
            return (Predictor("self", inputs, outputs),)
        case "ChainOfThought":
            return (Predictor("predict", inputs, outputs),)
        case "ReAct":
            return (Predictor(_AGENT_STEP, None, None), Predictor("extract.predict", None, None))
        case "Refine" | "BestOfN":
            argument = item.binding_of(call).argument("module")
            inside = None if argument is None else structure_of(program, item, argument.value)
            return None if inside is None else tuple(_below("module", inside))
        case _:
            return None


def _model_of(item: Item, call: syntax.Call) -> str:
    """The model that a constructor is given for its predictors."""
    for argument in call.arguments:
        if argument.star:
            return UNKNOWN_MODEL
        if argument.name is None or argument.name.text != "lm":
            continue
        match argument.value:
            case syntax.Name(text=name) as node:
                symbol = item.symbol_of(node)
                return name if symbol is not None and symbol.kind == "lm" else UNKNOWN_MODEL
            case syntax.Call():
                return written(item, argument.value)
            case _:
                return UNKNOWN_MODEL
    return FILE_MODEL
