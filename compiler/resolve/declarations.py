"""Declarations: what each gives to its file, and what is inside it."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Sequence
from typing import TypeAlias, assert_never, cast

from ...grammar import syntax
from ...grammar.source import Span
from .. import catalog, types
from ..declared import may_be_example, may_hold
from ..facts import Draft, SavedState, Symbol, SymbolKind
from ..types import Type
from . import calls, fields
from .annotations import annotate
from .context import Context, Names, Scope
from .expressions import infer
from .interfaces import interface_of, string_signature
from .statements import run


def declare(scope: Scope, item: Draft, name: syntax.Identifier) -> Symbol:
    """What a declaration gives under one of its names. Imports are resolved by the file's scope."""
    context = Context(scope, item)
    declaration = item.declaration

    place = context.place(name.span, name.text)

    def symbol(kind: SymbolKind, of: Type, doc: str = "") -> Symbol:
        return Symbol(name.text, kind, of, place, item.key, declaration, doc)

    match declaration:
        case syntax.ValueDeclaration(kind=kind, names=names, value=value):
            of = _value(declaration, context)
            if item.broken and (len(names) > 1 or not (types.known(of) and may_hold(kind, of))):
                of = types.UNKNOWN  # what was understood of it may not be what it says
            if kind == "module":
                of = _made(of)
            elif kind == "dataset" and isinstance(of, types.List) and not may_be_example(of.item):
                of = types.Dataset(types.OPEN)  # what is meant
            # The words that declare values are kinds of symbols, too; a test compares them.
            return symbol(cast("SymbolKind", kind), _one_of(of, names, name))
        case syntax.TypeAliasDeclaration(value=value):
            meant = annotate(value, context)
            # A string that is not closed has swallowed the choices behind it.
            return symbol("alias", types.TypeForm(types.UNKNOWN if item.broken else meant))
        case syntax.TypeDeclaration(docstring=docstring):
            base = _base_record(declaration, context)
            doc = fields.text_of(docstring) or (base.doc if base is not None else "")
            read = scope.late(name.text, _attributes(declaration))
            extends = base if not declaration.removals else None
            record = types.Record(name.text, scope.path, read, doc, place, extends=extends)
            return symbol("type", types.TypeForm(record), doc)
        case syntax.EnumDeclaration(docstring=docstring):
            doc = fields.text_of(docstring)
            members = tuple((each.name.text, _member_value(each)) for each in declaration.members)
            told = tuple(
                (each.name.text, fields.text_of(each.description))
                for each in declaration.members
                if each.description is not None
            )
            enum = types.Enum(name.text, scope.path, members, doc, place, item.broken, None, told)
            return symbol("enum", types.TypeForm(enum), doc)
        case syntax.SignatureDeclaration(docstring=docstring):
            inherited = _base_signature(declaration, context)
            doc = fields.text_of(docstring) or inherited.doc
            found = _closed(_signature_fields(declaration, inherited.interface, context), item)
            return symbol("signature", types.Signature(found, doc, place), doc)
        case syntax.ModuleDeclaration(docstring=docstring):
            doc = fields.text_of(docstring)
            parameters = _parameters(declaration.parameters, context)
            made = types.ModuleClass(
                name.text,
                scope.path,
                parameters,
                scope.late(name.text, _module_fields(declaration)),
                doc,
                place,
                (*(each.name.text for each in declaration.parts), *(each.name for each in parameters)),
                item.broken,
            )
            return symbol("module class", made, doc)
        case syntax.FunctionDeclaration(docstring=docstring, returns=returns):
            doc = fields.text_of(docstring)
            result = annotate(returns, context) if returns is not None else types.UNKNOWN
            parameters = _parameters(declaration.parameters, context)
            late = scope.late(name.text, _result(declaration)) if returns is None else None
            function = types.Function(
                name.text, parameters, result, doc, place, "declared", untyped=item.broken, read=late
            )
            return symbol("function", function, doc)
        case syntax.ConstantDeclaration(annotation=annotation, value=value):
            inferred = infer(value, context)
            inferred = types.UNKNOWN if item.broken else inferred
            return symbol("constant", annotate(annotation, context) if annotation is not None else inferred)
        case _:
            return symbol("unresolved", types.UNKNOWN)


def complete(scope: Scope, item: Draft) -> None:
    """Resolve all that is inside an item."""
    context = Context(scope, item)
    declaration = item.declaration
    match declaration:
        case None | syntax.FileDocstring() | syntax.FromImport() | syntax.Import():
            pass
        case syntax.ValueDeclaration():
            _value(declaration, context)
        case syntax.TypeAliasDeclaration(value=value):
            annotate(value, context)
        case syntax.TypeDeclaration(attributes=attributes, removals=removals):
            record = _base_record(declaration, context)
            above = record.interface if record is not None else _no_fields(declaration)
            taken_over = fields.inherited(above, attributes, removals, context)
            fields.complete(attributes, _record_fields(declaration, context), context, taken_over)
        case syntax.EnumDeclaration(members=members):
            for each in members:
                place = context.place(each.name.span, f".{each.name.text}")
                context.refer(each.name, Symbol(each.name.text, "member", types.UNKNOWN, place))
                if each.value is not None:
                    infer(each.value, context)
        case syntax.SignatureDeclaration(removals=removals, demos=demos):
            base = _base_signature(declaration, context).interface
            resolved = _signature_fields(declaration, base, context)
            taken_over = fields.inherited(base, declaration.fields, removals, context)
            names = fields.complete(declaration.fields, resolved, context, taken_over)
            for demo in demos:
                _arguments(demo.arguments, names, context)
        case syntax.ModuleDeclaration():
            _module(declaration, context)
        case syntax.FunctionDeclaration():
            _function(declaration, context)
        case syntax.TestDeclaration(body=body):
            run(body, context, len(item.text))
        case syntax.ConstantDeclaration(annotation=annotation, value=value):
            infer(value, context)
            if annotation is not None:
                annotate(annotation, context)
        case syntax.ConfigureDeclaration():
            _configure(declaration, context)
        case _:
            assert_never(declaration)


def _arguments(arguments: Sequence[syntax.Argument], names: Names, context: Context) -> None:
    for argument in arguments:
        infer(argument.value, context)
        if argument.name is not None:
            context.refer(argument.name, names.get(argument.name.text))


def _closed(interface: types.Interface, item: Draft) -> types.Interface:
    """The fields of a declaration that could not be parsed whole may be more than were found."""
    return types.Interface(interface.name, interface.fields, open=True) if item.broken else interface


# --- values ---------------------------------------------------------------------------------------------


def _value(declaration: syntax.ValueDeclaration, context: Context) -> Type:
    value = declaration.value
    if declaration.kind == "signature" and isinstance(value, syntax.String):
        return context.record(value, string_signature(value, context))
    found = infer(value, context)
    if declaration.kind != "program":
        return found
    if isinstance(value, syntax.Call):
        calls.widen(value, _of_programs(), context)
        context.item.state = _state(declaration, value, context)
    return types.Module(_optimized(value, found, context), _program_class(found))


def _made(value: Type) -> Type:
    """What a module or part is meant to be that is a class, without the brackets that construct it."""
    match value:
        case types.ModuleClass():
            return types.Module(value.interface, declared=value)
        case types.Class():
            return types.UNKNOWN
        case types.List(item=types.ModuleClass() | types.Class() as item):
            return types.List(_made(item))
        case types.List(item=types.Union(options=options)) if any(
            isinstance(each, types.Class | types.ModuleClass) for each in options
        ):
            return types.List(types.UNKNOWN)
        case _:
            return value


def _state(declaration: syntax.ValueDeclaration, call: syntax.Call, context: Context) -> SavedState | None:
    """The state of a program: the file that it names, or the one beside its own."""
    given = [each.value for each in call.arguments if each.name is not None and each.name.text == "state"]
    if given:
        return context.scope.state(given[0].value) if isinstance(given[0], syntax.String) else None
    stem = os.path.splitext(os.path.basename(context.scope.path))[0]
    return context.scope.state(f"{stem}.{declaration.names[0].text}.state.json")


def _of_programs() -> tuple[types.Parameter, ...]:
    """What a program's declaration may say beside what its optimizer takes: where its state is, for one.

    What the runtime's class needs in any case (a name, a file) is what the declaration itself gives.
    """
    program = catalog.definition("Program")
    parameters = program.parameters if program is not None else None
    return tuple(each for each in parameters or () if each.kind == "keyword-only" and not each.required)


def _optimized(value: syntax.Expression, found: Type, context: Context) -> types.Interface:
    """The fields of a program: those of the module that is compiled; unknown where a function makes one
    answer of several programs'.
    """
    binding = context.item.bindings.get(id(value))
    if binding is not None and any(each.name == "programs" for each in binding.parameters or ()):
        return types.OPEN
    if isinstance(found, types.Module):
        return found.interface
    if isinstance(value, syntax.Call) and value.arguments:
        return interface_of(context.item.type_of(value.arguments[0].value))
    return types.OPEN


def _program_class(found: Type) -> types.ClassDefinition | None:
    return catalog.definition("Program") or (found.definition if isinstance(found, types.Module) else None)


def _one_of(of: Type, names: tuple[syntax.Identifier, ...], name: syntax.Identifier) -> Type:
    if len(names) == 1:
        return of
    index = next(at for at, each in enumerate(names) if each is name)
    if isinstance(of, types.Tuple):
        return of.rest if of.rest is not None else of.items[index] if index < len(of.items) else types.UNKNOWN
    return of.item if isinstance(of, types.List) else types.UNKNOWN


def _member_value(member: syntax.Member) -> types.Value:
    match member.value:
        case syntax.String(value=text):
            return text
        case syntax.Constant(value=(bool() | int() | float()) as value):
            return value
        case _:
            return member.name.text


def _configure(declaration: syntax.ConfigureDeclaration, context: Context) -> None:
    for argument in declaration.arguments:
        infer(argument.value, context)
    binding = calls.bind(declaration.arguments, types.UNKNOWN, catalog.configuration(), context)
    context.item.bindings[id(declaration)] = binding


# --- parameters -----------------------------------------------------------------------------------------


def _parameters(parameters: Sequence[syntax.Parameter], context: Context) -> tuple[types.Parameter, ...]:
    found: list[types.Parameter] = []
    starred = False
    for each in parameters:
        if each.name is None:
            starred = True
            continue
        kind = annotate(each.annotation, context) if each.annotation is not None else types.UNKNOWN
        default = _written(each.default, context)
        found.append(
            types.Parameter(
                each.name.text, kind, each.default is None, default, "keyword-only" if starred else ""
            )
        )
    return tuple(found)


def _written(node: syntax.Node | None, context: Context) -> str:
    return context.item.text[node.span.start : node.span.end] if node is not None else ""


def _parameter_names(parameters: Sequence[syntax.Parameter], context: Context) -> Names:
    names: Names = {}
    whole = Span(0, len(context.item.text))
    for each in parameters:
        if each.name is None:
            continue
        kind = annotate(each.annotation, context) if each.annotation is not None else types.UNKNOWN
        if each.default is not None:
            infer(each.default, context)
        names[each.name.text] = context.declare("parameter", each.name, kind, whole)
    return names


def _result(declaration: syntax.FunctionDeclaration) -> _Read:
    """What a body returns, for a `def` that does not say it."""

    def read(scope: Scope, item: Draft) -> types.Interface:
        context = Context(scope, item)
        inside = context.inside(_parameter_names(declaration.parameters, context))
        end = run(declaration.body, inside, len(item.text))
        kinds = [kind for _, kind in inside.returns]
        if end is not None:
            kinds.append(types.NONE)
        made = types.Field("return", types.joined(map(types.plain, kinds)), "output")
        return types.Interface(declaration.name.text, (made,))

    return read


def _function(declaration: syntax.FunctionDeclaration, context: Context) -> None:
    if declaration.returns is not None:
        annotate(declaration.returns, context)
    names = _parameter_names(declaration.parameters, context)
    run(declaration.body, context.inside(names), len(context.item.text))


# --- records and modules --------------------------------------------------------------------------------


_Read: TypeAlias = Callable[[Scope, Draft], types.Interface]
"""Works out fields, in the names of a file, of a declaration."""


_Extending: TypeAlias = syntax.TypeDeclaration | syntax.SignatureDeclaration


def _attributes(declaration: syntax.TypeDeclaration) -> _Read:
    def read(scope: Scope, item: Draft) -> types.Interface:
        return _closed(_record_fields(declaration, Context(scope, item)), item)

    return read


def _record_fields(declaration: syntax.TypeDeclaration, context: Context) -> types.Interface:
    own = fields.interface(declaration.name.text, declaration.attributes, context)
    base = _base_record(declaration, context)
    above = base.interface if base is not None else _no_fields(declaration)
    return fields.extended(above, own, fields.removed_names(declaration.removals))


def _signature_fields(
    declaration: syntax.SignatureDeclaration, base: types.Interface, context: Context
) -> types.Interface:
    own = fields.interface(declaration.name.text, declaration.fields, context)
    return fields.extended(base, own, fields.removed_names(declaration.removals))


def _base_record(declaration: syntax.TypeDeclaration, context: Context) -> types.Record | None:
    """The record that a record extends, as far as it is one."""
    found = annotate(declaration.base, context) if declaration.base is not None else None
    return found if isinstance(found, types.Record) else None


def _base_signature(declaration: syntax.SignatureDeclaration, context: Context) -> types.Signature:
    """The signature that a signature extends; one of no fields where it extends none."""
    found = infer(declaration.base, context) if declaration.base is not None else None
    return found if isinstance(found, types.Signature) else types.Signature(_no_fields(declaration))


def _no_fields(declaration: _Extending) -> types.Interface:
    """What a declaration takes over where its base has no known fields: nothing, or what cannot be told."""
    return types.Interface(declaration.name.text, open=declaration.base is not None)


def _module_fields(declaration: syntax.ModuleDeclaration) -> _Read:
    def read(scope: Scope, item: Draft) -> types.Interface:
        context = Context(scope, item)
        untyped = any(each.type is None for each in declaration.fields)
        inferred = _inferred(declaration, context) if untyped and declaration.forward is not None else None
        found = fields.interface(declaration.name.text, declaration.fields, context, inferred)
        return _closed(found, item)

    return read


def _inferred(declaration: syntax.ModuleDeclaration, context: Context) -> dict[str, Type]:
    """The types that `forward` gives to outputs."""
    found: dict[str, list[Type]] = {}
    typed = fields.interface(declaration.name.text, declaration.fields, context)
    for node, kind in _forward(declaration, typed, context):
        for argument in node.outputs or ():
            if argument.name is not None:
                found.setdefault(argument.name.text, []).append(context.item.type_of(argument.value))
            else:
                _collect(context.item.type_of(argument.value), found)
        _collect(kind, found)
    return {name: types.union(*kinds) for name, kinds in found.items()}


def _collect(kind: Type, found: dict[str, list[Type]]) -> None:
    if isinstance(kind, types.Prediction):
        for field in kind.interface.outputs:
            found.setdefault(field.name, []).append(field.type)


def _forward(
    declaration: syntax.ModuleDeclaration, resolved: types.Interface, context: Context
) -> list[tuple[syntax.Return, Type]]:
    """Resolve parts, `forward` and `fallback`. Returns the `return`s of `forward`."""
    end = len(context.item.text)
    names = _parameter_names(declaration.parameters, context)
    bodies = Span(declaration.parts[0].span.start, end) if declaration.parts else Span(end, end)
    for part in declaration.parts:
        kind = _made(infer(part.value, context.inside(names)))
        names[part.name.text] = context.declare(
            "part", part.name, kind, Span(part.span.end, max(end, bodies.end))
        )
    given = fields.complete(declaration.fields, resolved, context.inside(names))
    inputs = {name: symbol for name, symbol in given.items() if symbol.kind == "input"}
    for body in (declaration.forward, declaration.fallback):
        if body:
            visible = Span(body[0].span.start, body[-1].span.end)
            context.item.visible.extend((visible, symbol) for symbol in inputs.values())
    inside = Context(context.scope, context.item, {**names, **inputs})
    run(declaration.forward or (), inside, end)
    if declaration.fallback is not None:
        error = {"error": Symbol("error", "local", types.UNKNOWN)}
        run(declaration.fallback, Context(context.scope, context.item, {**names, **inputs, **error}), end)
    return inside.returns


def _module(declaration: syntax.ModuleDeclaration, context: Context) -> None:
    symbol = context.scope.symbol(declaration.name.text)
    made = symbol.type if symbol is not None and symbol.item == context.item.key else None
    written = fields.interface(declaration.name.text, declaration.fields, context)
    resolved = made.interface if isinstance(made, types.ModuleClass) else written
    outputs = {each.name: each for each in resolved.outputs}
    for node, _ in _forward(declaration, resolved, context):
        for argument in node.outputs or ():
            field = outputs.get(argument.name.text) if argument.name is not None else None
            if field is not None and argument.name is not None:
                context.refer(
                    argument.name, Symbol(field.name, "output", field.type, field.place, context.item.key)
                )
