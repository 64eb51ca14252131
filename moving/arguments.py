"""The options of a command line, `args.model`, as what they are when none is given.

A script's `argparse` says what each is by default; a program has no command line of its own.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Mapping, Sequence

from .scopes import bound_by

_TYPES = {"int": int, "float": float, "str": str}


def with_defaults(body: Iterable[ast.stmt]) -> list[ast.stmt]:
    """The statements of a file with defaults for options.

    A statement in which one was put has the attributes `is_changed` and `told`, what is to be said of it. A
    function that does nothing but run with the options has the attribute `runs_with`, its parameter.
    """
    statements = list(body)
    options = _options(statements)
    if not options:
        return statements
    givers = {
        each.name for each in statements if isinstance(each, ast.FunctionDef) and _parses(each, frozenset())
    }
    names = {
        target.id
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Assign) and _gives(node.value, givers)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    nodes = [node for statement in statements for node in ast.walk(statement)]
    for called in {name for node in nodes if (name := _called_with_options(node, givers, names))}:
        for each in statements:
            if isinstance(each, ast.FunctionDef) and each.name == called:
                _note_parameter(each, names)
    writer = _Defaults(options, names)
    return [writer.visit(each) for each in statements]


def _called_with_options(node: ast.AST, givers: set[str], names: set[str]) -> str:
    """The name of a function that is called with the options, and nothing else."""
    match node:
        case ast.Call(func=ast.Name(id=called), args=[ast.Name(id=name)], keywords=[]) if name in names:
            return called
        case ast.Call(func=ast.Name(id=called), args=[given], keywords=[]) if _gives(given, givers):
            return called
    return ""


def _note_parameter(function: ast.FunctionDef, names: set[str]) -> None:
    parameters = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    if len(parameters) == 1 and not function.args.vararg and not function.args.kwarg:
        bound = [name for each in function.body for node in ast.walk(each) for name in bound_by(node)]
        if parameters[0].arg not in bound:
            names.add(parameters[0].arg)
            function.runs_with = parameters[0].arg  # type: ignore[attr-defined]


def _parses(function: ast.AST, givers: Iterable[str]) -> bool:
    return any(
        isinstance(each, ast.Return) and each.value is not None and _gives(each.value, givers)
        for each in ast.walk(function)
    )


def _gives(node: ast.expr, givers: Iterable[str]) -> bool:
    """Whether an expression gives the options."""
    match node:
        case ast.Call(func=ast.Attribute(attr="parse_args")):
            return True
        case ast.Call(func=ast.Name(id=name), args=[]):
            return name in givers
    return False


def _options(statements: Iterable[ast.stmt]) -> dict[str, ast.expr]:
    """The options and their defaults, of a file with one parser."""
    found: dict[str, ast.expr] = {}
    parsers = 0
    for node in (each for statement in statements for each in ast.walk(statement)):
        match node:
            case ast.Call(func=ast.Attribute(attr="ArgumentParser") | ast.Name(id="ArgumentParser")):
                parsers += 1
            case ast.Call(func=ast.Attribute(attr="add_argument"), args=flags, keywords=keywords):
                names = [each.value for each in flags if isinstance(each, ast.Constant)]
                default = _default(names, {each.arg: each.value for each in keywords})
                if default is not None:
                    found[default[0]] = default[1]
    return found if parsers == 1 else {}


def _default(flags: Sequence[object], given: Mapping[str | None, ast.expr]) -> tuple[str, ast.expr] | None:
    long = [each for each in flags if isinstance(each, str) and each.startswith("--")]
    if not long or "required" in given:
        return None
    match given.get("dest"):
        case ast.Constant(value=str(name)):
            pass
        case None:
            name = long[0][2:].replace("-", "_")
        case _:
            return None
    match given.get("action"):
        case None:
            default = given.get("default", ast.Constant(None))
        case ast.Constant(value="store_true"):
            default = given.get("default", ast.Constant(False))
        case ast.Constant(value="store_false"):
            default = given.get("default", ast.Constant(True))
        case _:
            return None
    try:
        value = ast.literal_eval(_without_environment(default))
    except ValueError:
        return None
    match given.get("type"):
        case ast.Name(id=kind) if kind in _TYPES and isinstance(value, str):
            try:
                value = _TYPES[kind](value)
            except ValueError:
                return None
    return name, ast.parse(repr(value), mode="eval").body


def _without_environment(node: ast.expr) -> ast.expr:
    """What a value is where a variable of the environment is not set: `int(os.environ.get("N", 8))` is 8."""
    match node:
        case ast.Call(func=ast.Name(id="int" | "float" | "str"), args=[inner], keywords=[]):
            return _without_environment(inner)
        case ast.Call(func=ast.Attribute(attr="get" | "getenv"), args=[_, default], keywords=[]) if (
            ast.unparse(node.func) in ("os.environ.get", "os.getenv")
        ):
            return default
    return node


class _Defaults(ast.NodeTransformer):
    def __init__(self, options: Mapping[str, ast.expr], names: set[str]) -> None:
        self._options = options
        self._names = names
        self._told: list[str] = []

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """A node; a statement is told what was put into it."""
        if not isinstance(node, ast.stmt):
            return super().generic_visit(node)
        before, self._told = self._told, []
        found = super().generic_visit(node)
        if self._told:
            node.is_changed = True  # type: ignore[attr-defined]
            node.told = list(dict.fromkeys(self._told))  # type: ignore[attr-defined]
        self._told = before + self._told
        return found

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """An option, or another attribute."""
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=option, ctx=ast.Load()) if (
                name in self._names and option in self._options
            ):
                value = self._options[option]
                self._told.append(f"`{name}.{option}` is what it is by default, {ast.unparse(value)}")
                return ast.copy_location(copy.deepcopy(value), node)
        self.generic_visit(node)
        return node
