"""The stub of a built module: what type checkers know of it, with typed calls and predictions."""

from __future__ import annotations

import ast
from collections.abc import Collection

from ...grammar import syntax
from .. import types
from ..analysis import FileAnalysis
from ..catalog.typed_settings import SETTINGS
from . import functions, hints, order, records, signatures, values
from .code import Here, Parameters, call, class_definition, function, load, store
from .names import names_of

_PASS = ast.Expr(ast.Constant(...))


def stub(analysis: FileAnalysis) -> ast.Module:
    """The stub of a file without errors."""
    program = analysis.program
    names = names_of(program)
    body: list[ast.stmt] = []
    imports: list[ast.stmt] = []
    for item in order.ordered(program):
        here = Here(program, item, names)
        match item.declaration:
            case syntax.FromImport() | syntax.Import():
                imports.append(_imported(values.imported(here, item.declaration)))
            case None:
                pass
            case declaration:
                body += _declaration(here, declaration)
    body.append(_variable("__dspyc__", names.helper("compiled", "CompiledFile")))
    used = {each.id for node in body for each in ast.walk(node) if isinstance(each, ast.Name)}
    imports = [each for each in imports if isinstance(each, ast.ImportFrom) or _gives(each) & used]
    return ast.fix_missing_locations(ast.Module([*names.imports(), *imports, *body], []))


def _gives(node: ast.stmt) -> set[str]:
    """The names that an `import` gives."""
    names = node.names if isinstance(node, ast.Import) else []
    return {(each.asname or each.name).partition(".")[0] for each in names}


def _imported(node: ast.stmt) -> ast.stmt:
    """An import that hands its names on, as the module does."""
    if isinstance(node, ast.ImportFrom):
        for each in node.names:
            each.asname = each.asname or each.name
    return node


def _declaration(here: Here, node: syntax.Declaration) -> list[ast.stmt]:
    match node:
        case syntax.TypeAliasDeclaration():
            return [records.alias(here, node)]
        case syntax.TypeDeclaration():
            return [_record(here, each) for each in records.record(here, node)]
        case syntax.EnumDeclaration():
            return [records.enumeration(here, node, is_stub=True)]
        case syntax.SignatureDeclaration(name=name):
            made = signatures.signature(here, node)
            return [class_definition(name.text, made.bases, [_PASS])]
        case syntax.ModuleDeclaration():
            return _module_class(here, node)
        case syntax.FunctionDeclaration():
            return [_signature_of(here, functions.declared(here, node))]
        case syntax.ConstantDeclaration(name=name):
            symbol = here.program.symbols[name.text]
            return [_variable(name.text, hints.inferred(here, symbol.type))]
        case syntax.ValueDeclaration():
            return [each for name in node.names for each in _value(here, node.kind, name.text)]
        case _:
            return []


def _value(here: Here, kind: str, name: str) -> list[ast.stmt]:
    symbol = here.program.symbols[name]
    match symbol.type:
        case types.Signature():
            return [class_definition(name, [here.names.helper("dspy", "Signature")], [_PASS])]
        case types.Module(declared=types.ModuleClass(name=of)) if kind == "module" and _is_own(here, of):
            return [_variable(name, load(of))]
        case types.Module(interface=interface):
            base = here.names.helper("dspy", "Program" if kind == "program" else "Module")
            title = "".join(word[:1].upper() + word[1:] for word in name.split("_"))
            prediction, made = _prediction(here, title, interface)
            own = here.names.fresh(f"{title}{'Program' if kind == 'program' else 'Module'}")
            return [prediction, class_definition(own, [base], made), _variable(name, load(own))]
        case _:
            return [_variable(name, hints.inferred(here, symbol.type))]


def _is_own(here: Here, name: str) -> bool:
    """Whether a module class is one that this file declares or imports by its own name."""
    symbol = here.program.symbols.get(name)
    return symbol is not None and isinstance(symbol.type, types.ModuleClass)


def _module_class(here: Here, node: syntax.ModuleDeclaration) -> list[ast.stmt]:
    name = node.name.text
    prediction, calls = _prediction(here, name, here.program.interface(name))
    receiver = here.names.receiver
    scope = functions.module_scope(here, node, (), receiver)
    arguments = functions.parameters(scope, node.parameters)
    arguments.args.insert(0, ast.arg(receiver))
    arguments.defaults = [ast.Constant(...) for _ in arguments.defaults]
    arguments.kw_defaults = [None if each is None else ast.Constant(...) for each in arguments.kw_defaults]
    names = {each.arg for each in (*arguments.args, *arguments.kwonlyargs)}
    arguments.kwarg = _settings(here, "ModuleSettings", names)
    made = function("__init__", [_PASS], arguments, returns=ast.Constant(None))
    parts = [
        _variable(part.name.text, hints.inferred(here, here.item.type_of(part.value))) for part in node.parts
    ]
    body = [*signatures.docstring(node.docstring), *parts, made, *calls]
    return [prediction, class_definition(name, [here.names.helper("compiled", "Module")], body)]


def _prediction(here: Here, title: str, interface: types.Interface) -> tuple[ast.stmt, list[ast.stmt]]:
    """The class of a module's predictions, and its methods that return them."""
    name = here.names.fresh(f"{title}Prediction")
    fields: list[ast.stmt] = [
        _variable(field.name, hints.inferred(here, field.type))
        for field in interface.outputs
        if field.name not in _OWN_NAMES
    ]
    kind = "Predicted" if not interface.open else "OpenPredicted"
    prediction = class_definition(name, [here.names.helper("compiled", kind)], fields or [_PASS])
    return prediction, [
        _call(here, "__call__", interface, load(name), asynchronous=False),
        _call(here, "acall", interface, load(name), asynchronous=True),
    ]


_OWN_NAMES = frozenset({"keys", "values", "items", "get", "toDict", "completions", "get_lm_usage"})
"""Fields of these names are read by index; see `compiled.Predicted`."""


def _call(
    here: Here, name: str, interface: types.Interface, returns: ast.expr, *, asynchronous: bool
) -> ast.stmt:
    made = Parameters(positional=[(ast.arg(here.names.receiver), None)])
    for field in interface.inputs:
        default = None if field.required else ast.Constant(...)
        made.by_name.append((ast.arg(field.name, hints.inferred(here, field.type)), default))
    made.rest = _settings(here, "CallSettings", {field.name for field in interface.inputs})
    return function(name, [_PASS], made.build(), returns=returns, asynchronous=asynchronous)


def _settings(here: Here, kind: str, others: Collection[str]) -> ast.arg:
    """`**settings`, closed so that a misspelt name is found; open where a setting's name is taken."""
    rest = "settings" if "settings" not in others else "settings_"
    if SETTINGS[kind].isdisjoint(others):
        closed = here.names.standard("Unpack")
        return ast.arg(rest, ast.Subscript(closed, here.names.helper("compiled", kind), ast.Load()))
    return ast.arg(rest, here.names.standard("Any"))


def _signature_of(here: Here, definition: functions.Definition) -> ast.stmt:
    """A function's head; one that calls modules is called like any other, and what has no type is `Any`."""
    doc = ast.get_docstring(definition, clean=False)
    body: list[ast.stmt] = [_PASS] if doc is None else [ast.Expr(ast.Constant(doc)), _PASS]
    arguments = definition.args
    arguments.defaults = [ast.Constant(...) for _ in arguments.defaults]
    arguments.kw_defaults = [None if each is None else ast.Constant(...) for each in arguments.kw_defaults]
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        each.annotation = each.annotation or here.names.standard("Any")
    returns = definition.returns or here.names.standard("Any")
    return function(definition.name, body, arguments, returns=returns)


def _is_inherited(node: ast.stmt) -> bool:
    """Whether a line takes over an attribute of the base, as it is."""
    value = node.value if isinstance(node, ast.AnnAssign) else None
    return (
        isinstance(value, ast.Subscript)
        and isinstance(value.value, ast.Attribute)
        and value.value.attr == records.INHERITED
    )


def _record(here: Here, node: ast.stmt) -> ast.stmt:
    """A record with what type checkers read of its attributes: types, defaults and bounds."""
    if isinstance(node, ast.With):
        return _record(here, node.body[0])
    if not isinstance(node, ast.ClassDef):
        return node
    body = [each for each in node.body if not isinstance(each, ast.Assign) and not _is_inherited(each)]
    for each in body:
        match each:
            case ast.AnnAssign(value=ast.Call(func=ast.Attribute(attr="attribute"), keywords=keywords)):
                kept = [(word.arg, word.value) for word in keywords if word.arg not in ("where", "message")]
                each.value = call(here.names.helper("pydantic", "Field"), [], kept)
    match node.bases:
        case [ast.Call(args=[_, *_])]:
            # A class with fewer attributes than its base is made when it is run; here it is written out.
            node.bases = [here.names.helper("pydantic", "BaseModel")]
            targets = [each.target for each in body if isinstance(each, ast.AnnAssign)]
            own = {each.id for each in targets if isinstance(each, ast.Name)}
            symbol = here.program.symbols[node.name]
            record = symbol.type.type if isinstance(symbol.type, types.TypeForm) else types.UNKNOWN
            inherited = record.interface.fields if isinstance(record, types.Record) else ()
            lines = [
                ast.AnnAssign(store(each.name), hints.inferred(here, each.type), _default(each), 1)
                for each in inherited
                if each.name not in own
            ]
            first = sum(isinstance(each, ast.Expr) for each in body[:1])
            body[first:first] = lines
    node.body = body or [_PASS]
    return node


def _default(field: types.Field) -> ast.expr | None:
    return None if field.required else ast.Constant(...)


def _variable(name: str, kind: ast.expr) -> ast.stmt:
    return ast.AnnAssign(store(name), kind, None, 1)
