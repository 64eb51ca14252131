"""What evaluating an expression does besides giving a value: it calls a model, runs Python or reads data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from ....grammar import syntax
from ... import catalog, types
from ...catalog.harmless import HARMLESS
from ...program import CallKind, Item, Program
from ...types import Type

_PURE_MODULES = frozenset(
    {
        "array",
        "bisect",
        "calendar",
        "cmath",
        "collections",
        "colorsys",
        "copy",
        "dataclasses",
        "datetime",
        "decimal",
        "difflib",
        "enum",
        "fractions",
        "functools",
        "graphlib",
        "hashlib",
        "heapq",
        "html",
        "itertools",
        "json",
        "keyword",
        "math",
        "numbers",
        "operator",
        "re",
        "statistics",
        "string",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
        "uuid",
        "zoneinfo",
    }
)
"""Modules of Python's standard library whose functions only work on what they are given."""

_LOOKS = frozenset(
    {
        "copy",
        "deepcopy",
        "get_config",
        "get_lm",
        "get_params",
        "named_parameters",
        "named_predictors",
        "named_sub_modules",
        "parameters",
        "predictors",
        "reset_copy",
        "top",
    }
)
"""Methods of modules, models and optimizers that only look at them or copy them."""


_RUNS = frozenset({"acall", "aforward", "batch", "forward"})
"""Methods of modules that run them."""


class Effect(Struct, frozen=True):
    """What a node does, as the predicate of a sentence."""

    kind: Literal["model", "python", "class", "data"]
    words: str


_MODEL = Effect("model", "calls a model")
_OPTIMIZES = Effect("model", "optimizes a program")
EVALUATES = Effect("model", "runs an evaluation")
_PYTHON = Effect("python", "runs a Python function that may have effects")
PRINTS = Effect("python", "prints")
_CONSTRUCTS = Effect("class", "runs the constructor of a Python class")
_ACTS = Effect("python", "changes or stores an object")
READS_ENVIRONMENT = Effect("python", "reads the environment")
_DATA = Effect("data", "reads the data")
READS = Effect("python", "reads a file or a URL")
_READS_FILES = frozenset({"from_file", "from_path", "from_url"})
"""What makes a picture, a recording or a document of something outside."""


def effect_of(program: Program, item: Item, node: syntax.Node) -> Effect | None:
    """What evaluating this very node does, its operands aside; None where it only gives a value."""
    asked = node.function if isinstance(node, syntax.Call) else node
    if isinstance(asked, syntax.Name | syntax.Attribute) and _is_environment(item, asked):
        return READS_ENVIRONMENT
    if isinstance(node, syntax.Call):
        return _of_call(program, item, node)
    return _DATA if _reads_data(item, node) else None


def _is_environment(item: Item, node: syntax.Name | syntax.Attribute) -> bool:
    """Whether this is `os.environ` or `os.getenv`, however it was imported."""
    if isinstance(node, syntax.Attribute):
        kind = item.type_of(node.value) if node.name.text in _ENVIRONMENT else None
        return isinstance(kind, types.PythonModule) and kind.name == "os"
    symbol = item.symbol_of(node) if node.text in _ENVIRONMENT else None
    return symbol is not None and symbol.kind == "imported"


_ENVIRONMENT = frozenset({"environ", "getenv"})


def _reads_data(item: Item, node: syntax.Node) -> bool:
    """Whether a node other than a call asks a dataset for rows."""
    match node:
        case syntax.Subscript(value=value, index=index) if not isinstance(index, syntax.Slice):
            return _is_data(item, value)
        case syntax.ComprehensionClause(iterable=value) | syntax.Starred(value=value):
            return _is_data(item, value)
        case syntax.Comparison(rights=rights, operators=operators):
            return any(
                operator in ("in", "not in") and _is_data(item, right)
                for operator, right in zip(operators, rights, strict=True)
            )
        case _:
            return False


def _is_data(item: Item, node: syntax.Expression) -> bool:
    return isinstance(item.type_of(node), types.Dataset)


def _takes_data(item: Item, call: syntax.Call) -> bool:
    return any(_is_data(item, value) for value in _values(call))


def _of_call(program: Program, item: Item, call: syntax.Call) -> Effect | None:
    callee = item.type_of(call.function)
    if id(call.function) in item.unresolved:
        return None  # that the name means nothing is another finding
    match callee:
        case types.Class(definition=definition):
            return None if _is_known(definition) else _CONSTRUCTS
        case types.ModuleClass():
            return None
        case types.TypeForm():
            return _DATA if _takes_data(item, call) else None  # `list(rows)`
        case types.Instance(definition=definition) if (
            definition.complete and "__call__" not in definition.members
        ):
            return None  # it cannot be called, which is another finding
    found = _of_kind(program, item, call, callee)
    if found is not None or (isinstance(callee, types.Function) and callee.origin == "runtime"):
        return found
    for value in _values(call):
        if _is_data(item, value):
            return _DATA
        if _calls_functions(item, call) and _is_unknown_import(program, item, value):
            return _PYTHON
        found = _of_function(program, item, value)
        if found is not None:
            return found
    return None


def _values(call: syntax.Call) -> Iterator[syntax.Expression]:
    return (each.value for each in call.arguments)


def _of_kind(program: Program, item: Item, call: syntax.Call, callee: Type) -> Effect | None:
    """What the callee itself does."""
    kind = program.call_kind(item, call)
    match callee:
        case types.Instance(definition=definition) if definition.is_a("Evaluate"):
            return EVALUATES
        case types.Function(origin="runtime"):
            return _of_runtime(item, call)
        case types.Function(origin="python") if _is_of_pure_module(program, item, call.function):
            return None
        case types.Unknown() | types.Anything():
            return _PYTHON if kind.effects and _may_run_python(program, item, call) else None
    match kind.target:
        case "module" | "lm":
            return _MODEL
        case "function":
            return _MODEL if kind.awaits else _of_effects(kind)
        case "python":
            return _PYTHON if kind.effects or kind.awaits else None
        case _:
            return None


def _of_effects(kind: CallKind) -> Effect | None:
    return None if not kind.effects else PRINTS if kind.only_prints else _PYTHON


def _of_runtime(item: Item, call: syntax.Call) -> Effect | None:
    """What a function or method of the runtime does: with a module, a model or an optimizer, it uses it."""
    function = call.function
    if isinstance(function, syntax.Attribute):
        owner, name = item.type_of(function.value), function.name.text
        match owner:
            case types.Module() | types.AnyModule():
                return None if name in _LOOKS else _MODEL if name in _RUNS else _ACTS
            case types.Instance(definition=definition) if "compile" in definition.members:
                return None if name in _LOOKS else _OPTIMIZES
            case types.Instance(definition=definition) if definition.is_a("BaseLM"):
                return None if name in _LOOKS else _ACTS
            case types.TypeForm(type=types.Record()) if name in _READS_FILES:
                return READS
            case _:
                return None
    runs = any(isinstance(item.type_of(value), types.Module | types.AnyModule) for value in _values(call))
    return _MODEL if runs else None


def _of_function(program: Program, item: Item, node: syntax.Expression) -> Effect | None:
    """What a function does that is given to one that calls it."""
    kind = item.type_of(node)
    match kind:
        case types.Module() | types.AnyModule():
            return _MODEL
        case types.Function():
            known = program.kind_of_function(kind)
            if kind.origin == "python" and _is_of_pure_module(program, item, node):
                return None
            return _MODEL if known.awaits else _of_effects(known)
        case _:
            return None


def _is_known(definition: types.ClassDefinition) -> bool:
    """Whether constructing a class does nothing else: it is one of the runtime's, or derived from one."""
    return any(catalog.definition(base) is not None for base in definition.bases) or (
        definition.module.partition(".")[0] in _PURE_MODULES
    )


def _is_of_pure_module(program: Program, item: Item, node: syntax.Expression) -> bool:
    return _module_of(program, item, node) in _PURE_MODULES


def _may_run_python(program: Program, item: Item, call: syntax.Call) -> bool:
    """Whether a function that is not known may be one of Python's: it is imported, or comes out of something
    in a declaration that imported functions stand in.
    """
    root = _root(call.function)
    symbol = item.symbol_of(root) if isinstance(root, syntax.Name) else None
    if symbol is not None and symbol.kind in _IMPORTED:
        return _is_unknown_import(program, item, call.function)
    if isinstance(root, syntax.Name) and (symbol is None or symbol.kind != "local"):
        return False
    return any(_is_unknown_import(program, item, each) for each in _held(item))


def _held(item: Item) -> Iterator[syntax.Expression]:
    """What stands in the containers that a declaration writes."""
    displays: tuple[syntax.List | syntax.Tuple | syntax.Set, ...] = (
        *item.nodes(syntax.List),
        *item.nodes(syntax.Tuple),
        *item.nodes(syntax.Set),
    )
    for each in displays:
        yield from each.elements
    for entry in item.nodes(syntax.DictEntry):
        yield entry.value


def _is_unknown_import(program: Program, item: Item, node: syntax.Expression) -> bool:
    """Whether an expression is something of Python of which nothing is known: not a name that only makes
    values, nor a method of one.
    """
    if not isinstance(item.type_of(node), types.Unknown | types.Anything):
        return False
    module = _module_of(program, item, node)
    if not module or module == ".":
        return bool(module)
    path = _path_from_root(node)
    symbol = path and _imported_name(program, path[0])
    names = [*([symbol] if symbol else []), *path[1:]]
    known = any(
        names[:1] == [name]
        for each, given in HARMLESS.items()
        if each.partition(".")[0] == module
        for name in given
    )
    return not known or any(each.startswith("_") for each in names)


def _path_from_root(node: syntax.Expression) -> list[str]:
    """The names that lead to an expression: `re`, `compile` and `match` for `re.compile("a").match`."""
    found: list[str] = []
    while not isinstance(node, syntax.Name):
        match node:
            case syntax.Attribute(value=value, name=name):
                found.append(name.text)
                node = value
            case syntax.Call(function=value) | syntax.Subscript(value=value):
                node = value
            case _:
                return []
    return [node.text, *reversed(found)]


def _imported_name(program: Program, name: str) -> str | None:
    """What a name that is imported from a module is called there; None where the name is the module."""
    own = program.symbols.get(name)
    owner = program.item(own.item) if own is not None else None
    if owner is None or not isinstance(owner.declaration, syntax.FromImport):
        return None
    for each in owner.declaration.names:
        if (each.alias or each.name).text == name:
            return each.name.text
    return None


def _root(node: syntax.Expression) -> syntax.Expression:
    while isinstance(node, syntax.Attribute | syntax.Call | syntax.Subscript):
        node = node.function if isinstance(node, syntax.Call) else node.value
    return node


def _calls_functions(item: Item, call: syntax.Call) -> bool:
    """Whether what is called may call the functions that it is given, now."""
    function = call.function
    if isinstance(item.type_of(function), types.Unknown | types.Anything):
        return True
    has_key = any(each.name is not None and each.name.text == "key" for each in call.arguments)
    return has_key or (isinstance(function, syntax.Name) and function.text in _CALLING)


_CALLING = frozenset({"filter", "map"})
"""Built-in functions whose arguments are called."""


def _module_of(program: Program, item: Item, node: syntax.Expression) -> str:
    """The module of Python that an expression's leftmost name is imported from: its first name.

    `.` where it is a file of the project; empty where the name is not imported.
    """
    node = _root(node)
    symbol = item.symbol_of(node) if isinstance(node, syntax.Name) else None
    if not isinstance(node, syntax.Name) or symbol is None or symbol.kind not in _IMPORTED:
        return ""
    own = program.symbols.get(node.text)
    owner = program.item(own.item) if own is not None else None
    if owner is None or owner.target is None or not owner.target.valid:
        return ""
    match owner.declaration:
        case syntax.FromImport(module=(first, *_)) | syntax.Import(module=(first, *_)) if (
            not owner.target.path
        ):
            return first.text
        case _:
            return "."


_IMPORTED = frozenset({"imported", "python", "function"})
