"""The options of a command line, `args.model`, as what they are when none is given.

A script's `argparse` says what each is by default; a program has no command line of its own.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

from .scopes import bound_by

_TYPES = {"int": int, "float": float, "str": str}
_OTHER_DEFAULTS = (None, "argument_default", "parents")
"""The arguments of a parser, `**` among them, that may say what options are by default."""


def with_defaults(body: Iterable[ast.stmt]) -> list[ast.stmt]:
    """The statements of a file with defaults for options.

    A statement in which one was put has the attributes `is_changed` and `told`, what is to be said of it. A
    function that does nothing but run with the options has the attribute `runs_with`, its parameter.
    """
    statements = list(body)
    options = _options(statements)
    if not options:
        return _without_command_line(statements)
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
    writer = _Defaults(options, names - _otherwise(nodes, givers))
    return _without_command_line([writer.visit(each) for each in statements])


def _without_command_line(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Let what parses a command line parse an empty one: that of `dspyc` is none of the program's."""
    for statement in statements:
        for node in ast.walk(statement):
            match node:
                case ast.Call(func=ast.Attribute(attr="parse_args" | "parse_known_args")):
                    if (given := _without_process(node)) is None:
                        continue
                    node.args = [ast.fix_missing_locations(ast.copy_location(given, node))]
                    node.keywords = []
                    statement.is_changed = True  # type: ignore[attr-defined]
                    told = [*getattr(statement, "told", []), "the options are what they are by default"]
                    statement.told = told  # type: ignore[attr-defined]
    return statements


def _reads_command_line(call: ast.Call) -> bool:
    """Whether what is parsed is the command line of the process."""
    match call:
        case ast.Call(args=[], keywords=[]):
            return True
        case ast.Call(args=[given], keywords=[]) | ast.Call(args=[], keywords=[ast.keyword("args", given)]):
            return ast.unparse(given) in ("None", "sys.argv[1:]")
    return False


def _without_process(call: ast.Call) -> ast.expr | None:
    """What to parse in place of the command line of the process; None where it is not parsed."""
    if _reads_command_line(call):
        return ast.List([], ast.Load())
    match call:
        case ast.Call(args=[ast.Name(id=name)], keywords=[]):
            # `def main(argv=None):` is the usual way to have both.
            return ast.parse(f"[] if {name} is None else {name}", mode="eval").body
    return None


def _called_with_options(node: ast.AST, givers: set[str], names: set[str]) -> str:
    """The name of a function that is called with the options, and nothing else."""
    match node:
        case ast.Call(func=ast.Name(id=called), args=[ast.Name(id=name)], keywords=[]) if name in names:
            return called
        case ast.Call(func=ast.Name(id=called), args=[given], keywords=[]) if _gives(given, givers):
            return called
    return ""


def _otherwise(nodes: Iterable[ast.AST], givers: set[str]) -> set[str]:
    """The names that have other values than the options somewhere."""
    bound = Counter(each.id for each in nodes if isinstance(each, ast.Name) and bound_by(each))
    for node in nodes:
        if isinstance(node, ast.Assign) and _gives(node.value, givers):
            bound.subtract(target.id for target in node.targets if isinstance(target, ast.Name))
    return {name for name, count in bound.items() if count}


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
            return _reads_command_line(node)
        case ast.Call(func=ast.Name(id=name), args=[], keywords=[]):
            return name in givers
    return False


def _options(statements: Sequence[ast.stmt]) -> dict[str, ast.expr]:
    """The options and their defaults, of a file with one parser."""
    found: dict[str, ast.expr] = {}
    parsers = 0
    for node in (each for statement in statements for each in ast.walk(statement)):
        match node:
            case ast.Call(func=ast.Attribute(attr="ArgumentParser") | ast.Name(id="ArgumentParser")):
                parsers += 1
                if not {each.arg for each in node.keywords}.isdisjoint(_OTHER_DEFAULTS):
                    return {}
            case ast.Call(func=ast.Attribute(attr="set_defaults" | "add_subparsers")):
                return {}
            case ast.Call(func=ast.Attribute(attr="add_argument"), args=flags, keywords=keywords):
                is_known = all(isinstance(each, ast.Constant) for each in flags)
                if not is_known or None in {each.arg for each in keywords}:
                    return {}
                names = [each.value for each in flags if isinstance(each, ast.Constant)]
                default = _default(names, {each.arg: each.value for each in keywords})
                if default is not None:
                    # The first that is added says what it is.
                    found.setdefault(*default)
    changed = {
        node.attr
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    }
    return {name: value for name, value in found.items() if name not in changed} if parsers == 1 else {}


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
        value = _constant(default)
    except (ValueError, TypeError, SyntaxError, OverflowError):
        return None
    match given.get("type"):
        case ast.Name(id=kind) if kind in _TYPES and isinstance(value, str):
            try:
                value = _TYPES[kind](value)
            except ValueError:
                return None
        case None:
            pass
        case _ if isinstance(value, str):
            # It is made something else by a function.
            return None
    if isinstance(value, float) and not isfinite(value):
        return None
    return name, ast.parse(repr(value), mode="eval").body


def _constant(node: ast.expr) -> Any:
    """A value where no variable of the environment is set: `int(os.environ.get("N", "8"))` is 8."""
    match node:
        case ast.Call(func=ast.Name(id="int" | "float" | "str" as kind), args=[inner], keywords=[]):
            return _TYPES[kind](_constant(inner))
        case ast.Call(func=ast.Attribute(attr="get" | "getenv"), args=[_, default], keywords=[]) if (
            ast.unparse(node.func) in ("os.environ.get", "os.getenv")
        ):
            return _constant(default)
    return ast.literal_eval(node)


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

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """A function, whose own parameters are no options."""
        return self._inside(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """A function, whose own parameters are no options."""
        return self._inside(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """A function, whose own parameters are no options."""
        return self._inside(node)

    def _inside(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> ast.AST:
        own = {each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)}
        before, self._names = self._names, self._names - (own - {getattr(node, "runs_with", None)})
        found = self.generic_visit(node)
        self._names = before
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
