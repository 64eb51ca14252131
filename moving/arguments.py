"""The options of a command line, `args.model`, as what they are when none is given.

A script's `argparse` says what each is by default; a program has no command line of its own.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from .functions import Function, parameters_of
from .marks import Marks
from .scopes import bound_by, defined

_TYPES = {"int": int, "float": float, "str": str}
_OTHER_DEFAULTS = (None, "argument_default", "parents")
"""The arguments of a parser, `**` among them, that may say what options are by default."""


def with_defaults(body: Iterable[ast.stmt], marks: Marks) -> list[ast.stmt]:
    """The statements of a file with defaults for options.

    The marks say which statements have one, and which functions do nothing but run with the options.
    """
    statements = list(body)
    options = _options(statements)
    if not options:
        return _without_command_line(statements, marks)
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
                _note_parameter(each, names, marks)
    writer = _Defaults(options, names - _otherwise(nodes, givers), marks)
    return _without_command_line([writer.visit(each) for each in statements], marks)


def _without_command_line(statements: list[ast.stmt], marks: Marks) -> list[ast.stmt]:
    """Let what parses a command line parse an empty one: that of `dspyc` is none of the program's."""
    for statement in (
        inner for each in statements for inner in ast.walk(each) if isinstance(inner, ast.stmt)
    ):
        for node in _parsing(statement):
            if (given := _without_process(node)) is not None:
                node.args = [ast.fix_missing_locations(ast.copy_location(given, node))]
                node.keywords = []
                marks.change(statement, "the options are what they are by default")
    # What was changed far inside of a statement is changed in it, too.
    for around in reversed([each for one in statements for each in ast.walk(one)]):
        inner = [each for each in ast.iter_child_nodes(around) if isinstance(each, ast.stmt)]
        if isinstance(around, ast.stmt) and any(marks.of(each).is_changed for each in inner):
            marks.change(around, *(said for each in inner for said in marks.of(each).told))
    return statements


def _parsing(statement: ast.stmt) -> Iterator[ast.Call]:
    """The calls by which a statement itself, and none inside of it, parses options."""
    waiting: list[ast.AST] = [
        each for each in ast.iter_child_nodes(statement) if not isinstance(each, ast.stmt)
    ]
    while waiting:
        node = waiting.pop()
        waiting += [each for each in ast.iter_child_nodes(node) if not isinstance(each, ast.stmt)]
        match node:
            case ast.Call(func=ast.Attribute(attr="parse_args" | "parse_known_args")):
                yield node


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


def _note_parameter(function: ast.FunctionDef, names: set[str], marks: Marks) -> None:
    parameters = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    if len(parameters) == 1 and not function.args.vararg and not function.args.kwarg:
        bound = [name for each in function.body for node in ast.walk(each) for name in bound_by(node)]
        if parameters[0].arg not in bound:
            names.add(parameters[0].arg)
            marks.of(function).runs_with = parameters[0].arg


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
    constants = _constants(statements)
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
                default = _default(names, {each.arg: each.value for each in keywords}, constants)
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


def _constants(statements: Sequence[ast.stmt]) -> set[str]:
    """The names that a file binds at its top level, and nowhere else."""
    counts = Counter(name for each in statements for node in ast.walk(each) for name in bound_by(node))
    plain = (ast.Assign, ast.Import, ast.ImportFrom)
    own = {name for each in statements if isinstance(each, plain) for name in defined(each)}
    return {name for name in own if counts[name] == 1}


def _is_of(default: ast.expr, constants: Collection[str]) -> bool:
    """Whether a default is made of names of the file without calls: `DATA / "rows.csv"`."""
    kinds = (ast.Constant, ast.Attribute, ast.BinOp, ast.operator, ast.expr_context)
    return all(
        isinstance(each, kinds) or (isinstance(each, ast.Name) and each.id in constants)
        for each in ast.walk(default)
    )


def _is_path(kind: ast.expr | None, constants: Collection[str]) -> bool:
    return (
        kind is not None
        and ast.unparse(kind).partition(".")[0] in constants
        and (ast.unparse(kind) in ("Path", "pathlib.Path"))
    )


def _default(
    flags: Sequence[object], given: Mapping[str | None, ast.expr], constants: Collection[str]
) -> tuple[str, ast.expr] | None:
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
    kind = given.get("type")
    try:
        value = _constant(default)
    except (ValueError, TypeError, SyntaxError, OverflowError):
        is_known = _is_of(default, constants) and (kind is None or _is_path(kind, constants))
        return (name, default) if is_known else None
    if isinstance(value, str) and kind is not None and _is_path(kind, constants):
        return name, ast.Call(kind, [ast.Constant(value)], [])
    match kind:
        case ast.Name(id=known) if known in _TYPES and isinstance(value, str):
            try:
                value = _TYPES[known](value)
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
    def __init__(self, options: Mapping[str, ast.expr], names: set[str], marks: Marks) -> None:
        self._options = options
        self._marks = marks
        self._names = names
        self._told: list[str] = []

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """A node; a statement is told what was put into it."""
        if not isinstance(node, ast.stmt):
            return super().generic_visit(node)
        before, self._told = self._told, []
        found = super().generic_visit(node)
        if self._told:
            self._marks.change(node, *self._told)
        self._told = before + self._told
        return found

    def visit(self, node: ast.AST) -> Any:
        """Visit a node, and every kind of function in one way."""
        return self._function(node) if isinstance(node, Function) else super().visit(node)

    def _function(self, node: Function) -> ast.AST:
        """A function, whose own parameters are no options."""
        own = parameters_of(node)
        before, self._names = self._names, self._names - (own - {self._marks.of(node).runs_with})
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
