"""Arguments that a file keeps in a dict of its own, `f(**kwargs)`, where they are used."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from keyword import iskeyword

from .marks import Marks
from .scopes import bound_by


def spread(body: Iterable[ast.stmt], marks: Marks) -> Iterator[ast.stmt]:
    """The statements of a file with `f(a=1)` for `f(**kwargs)`, where `kwargs = dict(a=1)` has no other use.

    A name is left as it is unless all that binds it are such statements of the file itself, with values that
    are the same where they are put.

    The marks say in which statements something was put.
    """
    statements = list(body)
    file = _File(statements)
    known: dict[str, Mapping[str, ast.expr]] = {}
    for index, statement in enumerate(statements):
        if (found := file.kept.get(index)) is not None:
            known[found[0]] = found[1]
            continue
        if known:
            writer = _Put(known)
            statement = writer.visit(statement)
            if writer.changed:
                marks.change(statement)
        yield statement


class _File:
    """What the statements of a file bind and use.

    Attributes:
        kept: the statements that only keep arguments, by their places: the name, and the arguments.
    """

    def __init__(self, statements: list[ast.stmt]) -> None:
        nodes = [node for statement in statements for node in ast.walk(statement)]
        self._bound = Counter(name for node in nodes for name in bound_by(node))
        self._attributes = {
            node.attr
            for node in nodes
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
        }
        self._once = {
            name
            for statement in statements
            if isinstance(statement, _PLAIN)
            for node in [statement, *getattr(statement, "targets", ()), *getattr(statement, "names", ())]
            for name in bound_by(node)
            if self._bound[name] == 1
        }
        uses = {index: _spread_in(statement) for index, statement in enumerate(statements)}
        others = _used_otherwise(statements)
        kept: dict[int, tuple[str, dict[str, ast.expr]]] = {}
        for index, statement in enumerate(statements):
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if name not in others:
                    following = self._uses(name, index, statements, uses)
                    pairs = _pairs(value)
                    if pairs is not None and all(self._lasts(one, following) for one in pairs.values()):
                        kept[index] = (name, pairs)
        used = {name for each in uses.values() for name in each}
        whole = Counter(name for name, _ in kept.values())
        self.kept = {
            index: (name, pairs)
            for index, (name, pairs) in kept.items()
            if name in used and whole[name] == self._bound[name]
        }

    @staticmethod
    def _uses(name: str, start: int, statements: list[ast.stmt], uses: Mapping[int, list[str]]) -> int:
        """How often arguments are put in before their name is bound again."""
        count = 0
        for index in range(start + 1, len(statements)):
            count += uses[index].count(name)
            if any(name in bound_by(node) for node in ast.walk(statements[index])):
                break
        return count

    def _lasts(self, value: ast.expr, uses: int) -> bool:
        """Whether a value is the same where it is used so often."""
        nodes = list(ast.walk(value))
        own = {name for node in nodes for name in bound_by(node)}
        for node in nodes:
            match node:
                case ast.Name(id=name) if name not in own and self._bound[name] and name not in self._once:
                    return False
                case ast.Attribute(attr=attribute) if attribute in self._attributes:
                    return False
                case ast.NamedExpr() | ast.Await() | ast.Yield() | ast.YieldFrom():
                    return False
                case ast.expr() if not isinstance(node, _SIMPLE) and uses > 1:
                    return False
        return True


_PLAIN = (ast.Assign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_SIMPLE = (ast.Constant, ast.Name, ast.Attribute, ast.UnaryOp, ast.BinOp, ast.Tuple)
"""What may be written several times. A list would be several lists, and a call is made each time."""
_INNER = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _spread_in(statement: ast.stmt) -> list[str]:
    """The names of `**name` in a statement's calls that are made once."""
    return [each.id for each in _spread_names(statement)]


def _spread_names(statement: ast.stmt) -> Iterator[ast.Name]:
    if not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Expr)):
        return
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            yield from (
                each.value for each in node.keywords if each.arg is None and isinstance(each.value, ast.Name)
            )
        waiting += [each for each in ast.iter_child_nodes(node) if not isinstance(each, _INNER)]


def _used_otherwise(statements: Iterable[ast.stmt]) -> set[str]:
    """The names that are used other than as `**name`, or from within a function."""
    found: set[str] = set()
    for statement in statements:
        spread_here = {id(each) for each in _spread_names(statement)}
        found |= {
            each.id
            for each in ast.walk(statement)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load) and id(each) not in spread_here
        }
    return found


def _pairs(value: ast.expr) -> dict[str, ast.expr] | None:
    """The names and values of `dict(a=1)` and `{"a": 1}`; None for anything else."""
    match value:
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords) if keywords:
            return (
                None
                if any(one.arg is None for one in keywords)
                else {str(one.arg): one.value for one in keywords}
            )
        case ast.Dict(keys=keys, values=values) if keys:
            names = [each.value for each in keys if isinstance(each, ast.Constant)]
            if len(names) == len(keys) and all(
                isinstance(name, str) and name.isidentifier() and not iskeyword(name) for name in names
            ):
                return {str(name): each for name, each in zip(names, values, strict=True)}
    return None


class _Put(ast.NodeTransformer):
    def __init__(self, known: Mapping[str, Mapping[str, ast.expr]]) -> None:
        self._known = known
        self.changed = False

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A call with its arguments under their names."""
        self.generic_visit(node)
        keywords: list[ast.keyword] = []
        for each in node.keywords:
            name = each.value.id if each.arg is None and isinstance(each.value, ast.Name) else ""
            if name in self._known:
                self.changed = True
                keywords += [
                    ast.copy_location(ast.keyword(key, copy.deepcopy(value)), each)
                    for key, value in self._known[name].items()
                ]
            else:
                keywords.append(each)
        node.keywords = keywords
        return node
