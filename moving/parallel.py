"""`dspy.Parallel` of pairs that stand in the text, as a list of calls: those run together in the language."""

from __future__ import annotations

import ast
import copy
from collections import Counter

from .changing import changed_in_place
from .functions import parameters_of
from .names import Imports
from .scopes import bound_by

TOGETHER = "calls that run together; the first of them that fails ends the run"
_OF_RESULTS = {"return_failed_examples": False, "access_examples": True}
"""What a `Parallel` gives, and takes, as it is by default."""


def without_parallel(
    forward: ast.FunctionDef | ast.AsyncFunctionDef, parts: set[str], imports: Imports, told: list[str]
) -> bool:
    """Write calls in place of `Parallel`'s in a `forward`; whether all of them could be.

    Args:
        forward: the method, which is changed.
        parts: the names of attributes that are `Parallel`s.
        imports: what the file imports.
        told: what is to be said, which is added to.
    """
    writer = _Writer(forward, parts, imports)
    writer.visit(forward)
    if not writer.fails:
        forward.body = [each for each in forward.body if each not in writer.done]
        told += [f"`Parallel` becomes {TOGETHER}"] if writer.makes else []
    return not writer.fails


def gives_results(made: ast.expr) -> bool:
    """Whether a `Parallel` gives the results and nothing else, of inputs that are those of examples."""
    if not isinstance(made, ast.Call) or len(made.args) > 1:
        return False
    for each in made.keywords:
        if each.arg is None:
            return False
        if each.arg in _OF_RESULTS and not (
            isinstance(each.value, ast.Constant) and each.value.value is _OF_RESULTS[each.arg]
        ):
            return False
    return True


class _Writer(ast.NodeTransformer):
    def __init__(
        self, forward: ast.FunctionDef | ast.AsyncFunctionDef, parts: set[str], imports: Imports
    ) -> None:
        self._own = forward.args.args[0].arg if forward.args.args else ""
        self._parts = parts
        self._imports = imports
        names = [each for each in ast.walk(forward) if isinstance(each, ast.Name)]
        self._bound = Counter(each.id for each in names if not isinstance(each.ctx, ast.Load))
        self._given = parameters_of(forward)
        self._changed = changed_in_place(forward)
        self._read = Counter(each.id for each in names if isinstance(each.ctx, ast.Load))
        self._lists: dict[str, ast.Assign] = {
            each.targets[0].id: each
            for each in forward.body
            if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name)
        }
        self.done: list[ast.stmt] = []
        """The statements that only made the pairs, or the `Parallel`."""
        self.makes = False
        """Whether a `Parallel` is made here."""
        self.fails = False

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """A variable that is a `Parallel` is gone when its calls are."""
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if (
                self._is_made(value) and self._bound[name] == 1
            ):
                self.done.append(node)
                return node
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A call, of a `Parallel` or of something else."""
        if not self._is_parallel(node.func):
            self.generic_visit(node)
            return node
        pairs = node.args[0] if len(node.args) == 1 and not node.keywords else None
        source: ast.Assign | None = None
        if isinstance(pairs, ast.Name) and self._bound[pairs.id] == self._read[pairs.id] == 1:
            source = self._lists.get(pairs.id)
            pairs = source.value if source is not None and self._is_same_later(source.value) else None
        calls = self._calls(pairs)
        if calls is None:
            self.fails = True
            return node
        if source is not None:
            self.done.append(source)
        return ast.copy_location(calls, node)

    def _is_made(self, node: ast.expr) -> bool:
        if not (isinstance(node, ast.Call) and self._imports.of(node.func) == "Parallel"):
            return False
        self.makes = True
        self.fails = self.fails or not gives_results(node)
        return True

    def _is_same_later(self, pairs: ast.expr) -> bool:
        """Whether pairs are the same wherever they are made: of names with one value, and without calls."""
        if isinstance(pairs, ast.ListComp):
            own = {each.id for each in ast.walk(pairs) if isinstance(each, ast.Name) and bound_by(each)}
        else:
            own = set()
        read = {each.id for each in ast.walk(pairs) if isinstance(each, ast.Name)} - own
        return all(
            self._bound[name] + (name in self._given) <= 1 and name not in self._changed for name in read
        )

    def _is_parallel(self, node: ast.expr) -> bool:
        match node:
            case ast.Attribute(value=ast.Name(id=own), attr=name):
                return own == self._own and name in self._parts
            case ast.Name(id=name):
                made = self._lists.get(name)
                return made is not None and self._is_made(made.value) and self._bound[name] == 1
        return self._is_made(node)

    def _calls(self, pairs: ast.expr | None) -> ast.expr | None:
        """The calls for a list of pairs of a module and its inputs."""
        match pairs:
            case ast.List(elts=items):
                calls = [self._one(each) for each in items]
                known = [each for each in calls if each is not None]
                return ast.List(known, ast.Load()) if len(known) == len(calls) else None
            case ast.ListComp(elt=item, generators=loops):
                call = self._one(item)
                return None if call is None else ast.ListComp(call, loops)
        return None

    def _one(self, pair: ast.expr) -> ast.expr | None:
        match pair:
            case ast.Tuple(elts=[part, inputs]):
                keywords = self._inputs(inputs)
                return None if keywords is None else ast.Call(copy.deepcopy(part), [], keywords)
        return None

    def _inputs(self, node: ast.expr) -> list[ast.keyword] | None:
        """The inputs that an example or a dict says."""
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Call() as made, attr="with_inputs"), args=names):
                keywords = self._inputs(made)
                said = {each.value for each in names if isinstance(each, ast.Constant)}
                return None if keywords is None else [each for each in keywords if each.arg in said]
            case ast.Call(func=func, args=[], keywords=keywords) if self._imports.of(func) == "Example":
                return None if any(each.arg is None for each in keywords) else keywords
            case ast.Dict(keys=keys, values=values):
                found = [
                    ast.keyword(key.value, value)
                    for key, value in zip(keys, values, strict=True)
                    if isinstance(key, ast.Constant)
                    and isinstance(key.value, str)
                    and key.value.isidentifier()
                ]
                return found if len(found) == len(keys) else None
        return None
