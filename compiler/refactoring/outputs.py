"""Add an output that is read or returned and that nothing declares, and return one that is left out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ...base.diagnostic import Edit
from ...grammar import syntax
from .. import types
from ..program import Item, Program
from ..rules.edits import lines_of
from ..types.display import display
from ..types.union import plain
from .refactoring import Edits, Refactoring, Selection, indent_at, inserted


def add_output(selection: Selection) -> Iterator[Refactoring]:
    """Declare the output that is read or returned at the cursor."""
    found = selection.found
    if found is None or not isinstance(found.node, syntax.Identifier):
        return
    name, parent = found.node.text, found.parent(found.node)
    match parent:
        case syntax.Attribute(value=value):
            kind = found.item.type_of(value)
            if isinstance(kind, types.Prediction) and kind.interface.field(name) is None:
                yield from _of_interface(selection, kind.interface, name)
        case syntax.Argument() if isinstance(found.parent(parent), syntax.Return):
            yield from _of_module(selection, found.item, parent)


def _of_interface(selection: Selection, interface: types.Interface, name: str) -> Iterator[Refactoring]:
    """Declare a further output where the outputs of a prediction are declared."""
    places = [each.place for each in interface.outputs if each.place is not None]
    places = [each for each in places if types.in_program(each.path)]
    if interface.open or not places:
        return
    title = f"Add the output `{name}`" + (f" to `{interface.name}`" if interface.name.isidentifier() else "")
    make = partial(_behind_output, selection, places[-1], name)
    yield Refactoring(title, "quickfix", make, "E201")


def _behind_output(selection: Selection, place: types.Place, name: str) -> Edits:
    """A further output behind one: a line of a declaration, or more of a string."""
    program: Program | None = selection.analysis.program
    assert program is not None
    located = program.locate(place)
    program = program if located.path == program.path else program.beside(located.path)
    item = program.item_at(located.span.start) if program is not None and located.span is not None else None
    if item is None or located.span is None:
        return {}
    at = located.span.start - item.start
    for field in item.nodes(syntax.Field):
        if field.name.span.start == at:
            line = lines_of(item, field.span)
            text = f"{indent_at(item.text, field.span.start)}output {name}: str\n"
            return {located.path: [inserted(line.end, text).shifted(item.start)]}
    for string in item.nodes(syntax.String):
        signature = item.signature_string(string)
        for field in signature.fields if signature is not None else ():
            if field.name.span.start == at:
                return {located.path: [inserted(field.span.end, f", {name}").shifted(item.start)]}
    return {}


def _of_module(selection: Selection, item: Item, argument: syntax.Argument) -> Iterator[Refactoring]:
    """Declare what a `return` names and the module does not have."""
    declaration = item.declaration
    if not isinstance(declaration, syntax.ModuleDeclaration) or argument.name is None:
        return
    outputs = [each for each in declaration.fields if each.direction == "output"]
    name = argument.name.text
    if outputs and name not in {each.name.text for each in outputs}:
        kind = plain(item.type_of(argument.value))
        written = f": {display(kind)}" if isinstance(kind, types.Builtin) else ""
        text = f"{indent_at(item.text, outputs[-1].span.start)}output {name}{written}\n"
        make = partial(selection.here, item, (inserted(lines_of(item, outputs[-1].span).end, text),))
        yield Refactoring(f"Add the output `{name}` to `{declaration.name.text}`", "quickfix", make, "E214")


def return_output(selection: Selection) -> Iterator[Refactoring]:
    """Return the outputs that a `return` leaves out, where one prediction has them."""
    found, returned = selection.found, selection.nearest(syntax.Return)
    declaration = found.item.declaration if found is not None else None
    if (
        found is None
        or not isinstance(returned, syntax.Return)
        or not returned.outputs
        or not isinstance(declaration, syntax.ModuleDeclaration)
        or any(each.name is None for each in returned.outputs)
    ):
        return
    given = {each.name.text for each in returned.outputs if each.name is not None}
    missing = [each.name.text for each in declaration.fields if each.direction == "output"]
    missing = [name for name in missing if name not in given]
    sources = [_source_of(selection, found.item, returned, name) for name in missing]
    if missing and all(sources):
        text = "".join(f", {name}={source}" for name, source in zip(missing, sources, strict=True))
        edit: Edit = inserted(returned.outputs[-1].span.end, text)
        names = ", ".join(f"`{name}`" for name in missing)
        make = partial(selection.here, found.item, (edit,))
        yield Refactoring(f"Return {names}, too", "quickfix", make, "E213")


def _source_of(selection: Selection, item: Item, returned: syntax.Return, name: str) -> str:
    """What has a value for an output: a variable or input of its name, or the only prediction with it."""
    names = selection.analysis.program.names_at(item.start + returned.span.start)
    symbol = names.get(name)
    if symbol is not None and symbol.kind in ("local", "input"):
        return name
    having = [
        each.name
        for each in names.values()
        if each.kind == "local"
        and isinstance(each.type, types.Prediction)
        and each.type.interface.field(name) is not None
    ]
    return f"{having[0]}.{name}" if len(having) == 1 else ""
