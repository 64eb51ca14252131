"""The statements of functions and of `forward`."""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from .expressions import CannotMove, expression, gathered
from .names import Imports


class Inside(Struct, frozen=True):
    """Where statements stand."""

    imports: Imports
    own: str | None = None
    """The name of a method's object; None in a function."""
    attributes: Mapping[str, ast.expr] = {}
    """What some attributes of it are, where they are no parts."""
    made: Collection[str] = ()
    """The names that the statements themselves give values."""

    def write(self, node: ast.expr) -> str:
        """An expression as the language writes it; raises `CannotMove`."""
        return expression(node, self.imports, self.own, self.attributes)


def block(statements: Sequence[ast.stmt], inside: Inside, indent: str) -> list[str]:
    """The lines of a block.

    Raises:
        CannotMove: one of the statements has no form in the language.
    """
    lines: list[str] = []
    for statement in statements:
        lines += _statement(statement, inside, indent)
    return lines or [f"{indent}pass"]


def _statement(node: ast.stmt, inside: Inside, indent: str) -> list[str]:
    deeper = indent + "    "
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return []
        case ast.Expr(value=value):
            return [indent + _effect(value, inside)]
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Await() as value) if (
            calls := gathered(value)
        ) is not None and _are_apart(names, calls):
            pairs = zip(names, calls, strict=True)
            return [f"{indent}{_target(name, inside)} = {inside.write(call)}" for name, call in pairs]
        case ast.Assign(targets=targets, value=value):
            return [indent + " = ".join([*(_target(each, inside) for each in targets), inside.write(value)])]
        case ast.AnnAssign(target=target, value=value) if value is not None:
            return [f"{indent}{_target(target, inside)} = {inside.write(value)}"]
        case ast.AugAssign():
            name = _target(node.target, inside)
            sign = ast.unparse(ast.BinOp(ast.Name("a"), node.op, ast.Name("b"))).split()[1]
            return [f"{indent}{name} {sign}= {inside.write(node.value)}"]
        case ast.Assert(test=test, msg=message):
            said = "" if message is None else f", {inside.write(message)}"
            return [f"{indent}assert {inside.write(test)}{said}"]
        case ast.Return(value=value):
            return [indent + _returned(value, inside)]
        case ast.Break():
            return [f"{indent}break"]
        case ast.Continue():
            return [f"{indent}continue"]
        case ast.For(target=target, iter=items, body=body, orelse=[]):
            head = f"{indent}for {inside.write(target)} in {inside.write(items)}:"
            return [head, *block(body, inside, deeper)]
        case ast.If():
            return _if(node, inside, indent)
        case ast.With(items=[ast.withitem(ast.Call(func, [], [ast.keyword("lm", lm)]), None)], body=body) if (
            inside.own is not None and inside.imports.of(func) == "context"
        ):
            asked = _Asked(inside.own, lm)
            lines = block([asked.visit(copy.deepcopy(each)) for each in body], inside, indent)
            if asked.others:
                raise CannotMove(f"`with …context(lm=…)` around {asked.others[0]}, which may ask a model,")
            return lines
        case ast.Try(body=body, handlers=handlers, orelse=[], finalbody=[]):
            lines = [f"{indent}try:", *block(body, inside, deeper)]
            for each in handlers:
                if each.type is None:
                    raise CannotMove("`except:` without an error")
                name = f" as {each.name}" if each.name else ""
                lines.append(f"{indent}except {inside.write(each.type)}{name}:")
                lines += block(each.body, inside, deeper)
            return lines
    raise CannotMove(f"`{ast.unparse(node).splitlines()[0]}`")


def _are_apart(names: Sequence[ast.expr], calls: Sequence[ast.expr]) -> bool:
    """Whether each call has a name of its own, and calls read nothing that their results are assigned to."""
    stored = {each.id for each in names if isinstance(each, ast.Name)}
    read = {each.id for call in calls for each in ast.walk(call) if isinstance(each, ast.Name)}
    return len(stored) == len(names) == len(calls) and stored.isdisjoint(read)


class _Asked(ast.NodeTransformer):
    """Lets the calls of a module's parts ask a model."""

    def __init__(self, own: str, lm: ast.expr) -> None:
        self._own = own
        self._lm = lm
        self.others: list[str] = []
        """The calls that may ask a model and cannot be told which one."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A call, of a part or of something else."""
        self.generic_visit(node)
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "acall":
            function = function.value
        while isinstance(function, ast.Subscript):
            function = function.value
        match function:
            case ast.Attribute(value=ast.Name(id=name)) if name == self._own:
                if not any(each.arg == "lm" for each in node.keywords):
                    node.keywords.append(ast.keyword("lm", self._lm))
            case ast.Name(id=name) if not hasattr(builtins, name):
                self.others.append(f"`{name}(…)`")
            case ast.Call():
                self.others.append(f"`{ast.unparse(function)}(…)`")
        return node


def _target(node: ast.expr, inside: Inside) -> str:
    """What is assigned to."""
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store):
            raise CannotMove(f"`{ast.unparse(each)}`, which changes while the program runs,")
    return inside.write(node)


def _if(node: ast.If, inside: Inside, indent: str) -> list[str]:
    deeper = indent + "    "
    lines = [f"{indent}if {inside.write(node.test)}:", *block(node.body, inside, deeper)]
    otherwise = node.orelse
    while len(otherwise) == 1 and isinstance(otherwise[0], ast.If):
        inner = otherwise[0]
        lines += [f"{indent}elif {inside.write(inner.test)}:", *block(inner.body, inside, deeper)]
        otherwise = inner.orelse
    if otherwise:
        lines += [f"{indent}else:", *block(otherwise, inside, deeper)]
    return lines


def _effect(value: ast.expr, inside: Inside) -> str:
    """A statement that is an expression: a call, an assertion of DSPy's, something put into a list."""
    match value:
        case ast.Call(func=func, args=[test, *rest]) if inside.imports.of(func) in ("Assert", "Suggest"):
            word = str(inside.imports.of(func)).lower()
            return f"{word} {', '.join(inside.write(each) for each in [test, *rest[:1]])}"
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append" | "extend" as word)) if (
            name not in inside.made
        ):
            # `+=` would give another list to the name, and whoever else has the list would not see it.
            raise CannotMove(f"`{name}.{word}(…)` of a list that is made elsewhere")
        case ast.Call(func=ast.Attribute(value=ast.Name() as name, attr="append"), args=[item]):
            return f"{inside.write(name)} += [{inside.write(item)}]"
        case ast.Call(func=ast.Attribute(value=ast.Name() as name, attr="extend"), args=[items]):
            return f"{inside.write(name)} += {inside.write(items)}"
    return inside.write(value)


def _returned(value: ast.expr | None, inside: Inside) -> str:
    if value is None:
        return "return"
    match value:
        case ast.Call(func=func, args=[], keywords=keywords) if inside.imports.of(func) == "Prediction":
            if any(each.arg is None and not isinstance(each.value, ast.Name) for each in keywords):
                raise CannotMove("`Prediction(**…)`")
            if inside.own is not None:
                return "return " + ", ".join(
                    f"{'**' if each.arg is None else f'{each.arg}='}{inside.write(each.value)}"
                    for each in keywords
                )
    return f"return {inside.write(value)}"
