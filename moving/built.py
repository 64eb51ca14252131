"""Modules that `dspyc build --target dspy` has written, as the declarations that they come from.

What such a module adds to DSPy is put back into forms that the rest of this room reads: conditions into the
arguments `where_` and `message_` of fields, examples into calls of `demo`, learned programs into calls of
`compile`, and so on. Nothing else of the file is changed.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Mapping

from ..compiler.emit_dspy.file import HEAD
from ..compiler.emit_dspy.support import statements

TEST = "__test__"
"""The decorator that marks a function as a test."""


def is_built(text: str) -> bool:
    """Whether a file says of itself that it was built here."""
    return any(HEAD in line for line in text.splitlines()[:3] if line.startswith("#"))


def restored(tree: ast.Module) -> ast.Module:
    """The module with the forms of its program."""
    helpers = {name: each for node in tree.body if (each := _name(node)) and (name := _helper(node, each))}
    dropped = set(helpers.values())
    body = [node for node in tree.body if _name(node) not in dropped]
    _Marked({local: name for name, local in helpers.items()}).visit(found := ast.Module(body, []))
    restoring = _Restored(_dspy(tree))
    body = [made for node in found.body for made in restoring.statement(node)]
    return _Unmarked().visit(ast.Module(body, tree.type_ignores))  # type: ignore[no-any-return]


def _dspy(tree: ast.Module) -> str:
    """What DSPy is called, which a program may have something else under."""
    imports = (each for node in tree.body if isinstance(node, ast.Import) for each in node.names)
    return next((each.asname for each in imports if each.name == "dspy" and each.asname), "dspy")


def _name(node: ast.stmt) -> str:
    """What a statement defines."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""


def _helper(node: ast.stmt, local: str) -> str:
    """The helper that a statement is, perhaps under another name; else "" ."""
    name = next((each for each in statements() if _is_like(local, each)), "")
    return name if name and _shape(node) == _shape(statements()[name]) else ""


def _is_like(local: str, name: str) -> bool:
    """Whether a name is what another one became because the program has that itself."""
    return re.fullmatch(rf"{re.escape(name)}(_?(_\d+)?)?", local) is not None


def _shape(node: ast.stmt) -> str:
    """What a statement says, whatever helpers and modules are called."""
    return ast.dump(_Plain().visit(copy.deepcopy(node)))


class _Plain(ast.NodeTransformer):
    """Names as they are before some are changed because the program has them itself."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """`Rows_` as `Rows`, `_json` as `json`."""
        return ast.Name(_plain(node.id), ast.Load())

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """`builtins.len` as `len`."""
        self.generic_visit(node)
        match node.value:
            case ast.Name(id="builtins"):
                return ast.Name(node.attr, ast.Load())
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        """A function, by its plain name."""
        self.generic_visit(node)
        node.name = _plain(node.name)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        """A class, by its plain name."""
        self.generic_visit(node)
        node.name = _plain(node.name)
        return node


def _plain(name: str) -> str:
    return re.sub(r"_(_\d+)?$", "", name).removeprefix("_") if not name.startswith("__") else name


class _Marked(ast.NodeTransformer):
    """Uses of helpers as `<name>`, which no program has."""

    def __init__(self, helpers: Mapping[str, str]) -> None:
        self._helpers = helpers

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A use of one."""
        name = self._helpers.get(node.id)
        return node if name is None else ast.copy_location(ast.Name(f"<{name}>", node.ctx), node)


class _Unmarked(ast.NodeTransformer):
    """Those that are left, by their names in the language."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A use of one."""
        node.id = node.id.strip("<>")
        return node


class _Restored:
    def __init__(self, dspy: str) -> None:
        self._classes: dict[str, ast.ClassDef] = {}
        self._back = _Back(dspy)

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        """What a statement of the top level was."""
        match node:
            case ast.ClassDef(name=name):
                self._classes[name] = node
                self._class(node)
                return [node]
            case ast.Expr(value=ast.Call(func=ast.Name(id="<told>"), args=[ast.Name(id=name), field, words])):
                self._tell(name, field, words)
                return []
            case ast.Expr(value=ast.Call(func=ast.Name(id="<condition>"), args=arguments)):
                self._condition(arguments)
                return []
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.List() as demos) if "_DEMOS" in name:
                return [] if self._demos(name, demos) else [node]
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Attribute(attr="delete"), args=[ast.Constant(value=str(field))]),
            ) if name in self._classes:
                self._classes[name].body.append(ast.Delete([ast.Name(field, ast.Del())]))
                return []
            case ast.Assign(value=ast.Call(func=ast.Name(id="<learned>"))):
                return []
            case ast.FunctionDef(name=name):
                return self._function(node)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="configure")) as call):
                call.keywords = [each for each in call.keywords if not _is_ours(each.value)]
                return [self._back.visit(node)] if call.keywords else []
        return [self._back.visit(node)]

    # --- signatures and records

    def _field(self, name: str, field: ast.expr) -> ast.Call | None:
        """The call that makes a field of a class."""
        made = self._classes.get(name)
        wanted = field.value if isinstance(field, ast.Constant) else None
        for each in made.body if made is not None else ():
            match each:
                case ast.AnnAssign(target=ast.Name(id=found), value=ast.Call() as call) if found == wanted:
                    return call
        return None

    def _tell(self, name: str, field: ast.expr, words: ast.expr) -> None:
        call = self._field(name, field)
        if call is not None:
            call.keywords.append(ast.keyword("told_", words))

    def _condition(self, arguments: list[ast.expr]) -> None:
        match arguments:
            case [ast.Name(id=name), field, _, _, ast.Lambda(args=given, body=body)]:
                call = self._field(name, field)
                if call is None or not any(each.arg == "told_" for each in call.keywords):
                    return  # a limit, which the field has itself
                test = _Values(given.args[0].arg).visit(body)
                if not _is_limit(test, call):
                    _add(call, test)
                told = next(each.value for each in call.keywords if each.arg == "told_")
                _say(call, _without_limits(str(getattr(told, "value", "")), call))

    def _demos(self, name: str, demos: ast.List) -> bool:
        # They stand behind their signature.
        own, made = next(reversed(self._classes.items()), ("", None))
        if made is None or not _is_like(name, f"{own.upper()}_DEMOS"):
            return False
        for each in demos.elts:
            if isinstance(each, ast.Dict):
                pairs = zip(each.keys, each.values, strict=True)
                words = [ast.keyword(str(getattr(key, "value", "")), value) for key, value in pairs]
                made.body.append(ast.Expr(ast.Call(ast.Name("demo", ast.Load()), [], words)))
        return True

    def _class(self, node: ast.ClassDef) -> None:
        removed: list[ast.stmt] = []
        for index, base in enumerate(node.bases):
            match base:
                case ast.Call(func=ast.Name(id="<without>"), args=[inner, *names]):
                    node.bases[index] = inner
                    texts = [str(name.value) for name in names if isinstance(name, ast.Constant)]
                    removed += [ast.Delete([ast.Name(text, ast.Del())]) for text in texts]
        body: list[ast.stmt] = []
        for each in node.body:
            match each:
                case ast.Assign(targets=[ast.Name(id="__doc__")]):
                    continue
                case ast.FunctionDef(
                    decorator_list=[ast.Call(func=ast.Attribute(attr="field_validator")), *_]
                ):
                    self._validator(node.name, each)
                case _:
                    body.append(self._back.visit(each))
        node.body = [*body, *removed]
        _with_fallback(node)

    def _validator(self, name: str, method: ast.FunctionDef) -> None:
        field = method.name.removeprefix("check_")
        call = self._field(name, ast.Constant(field))
        if call is None:
            return
        values = _name(method.body[0])
        for each in method.body:
            match each:
                case ast.If(test=test, body=[ast.Raise(exc=ast.Call(args=[ast.Constant(value=words)]))]):
                    self._check(call, _Values(values).visit(_negated(test)), str(words))

    def _check(self, call: ast.Call, test: ast.expr, words: str) -> None:
        """A check of a validator as a condition: its words stand at the end of the description."""
        given = {each.arg: each for each in call.keywords}
        match test:
            case ast.Call(func=ast.Name(id="<matches>")) if (
                extra := given.get("json_schema_extra")
            ) is not None:
                extra.arg, extra.value = "where_", test
                if words.startswith("matching the regular expression: "):
                    return
            case _ if not _is_limit(test, call):
                _add(call, test)
        description = given.get("description")
        if description is None or not isinstance(description.value, ast.Constant):
            return
        text = str(description.value.value)
        start, _, end = text.rpartition("; ")
        _say(call, end)
        if start:
            description.value = ast.Constant(start)
        elif not any(each.arg == "said_" for each in call.keywords):
            call.keywords.remove(description)

    # --- functions

    def _function(self, node: ast.FunctionDef) -> list[ast.stmt]:
        said = ast.get_docstring(node) or ""
        match node.body:
            case [_, ast.Assign(targets=[ast.Name()], value=compiled), *_] if found := re.fullmatch(
                r"Optimize `(\w+)`, and keep what was learned beside this file.", said
            ):
                target = ast.Name(found[1], ast.Store())
                return [ast.copy_location(ast.Assign([target], self._back.visit(compiled)), node)]
            case [
                _,
                ast.Assign(targets=[ast.Name()], value=ast.Call(func=ast.Call() as made, args=arguments)),
                *_,
            ] if found := re.fullmatch(r"Measure `(\w+)`.", said):
                return self._evaluation(node, found[1], made, arguments)
        made_back: ast.FunctionDef = self._back.visit(node)
        if node.name.startswith("test_") and not node.args.args and ast.get_docstring(node):
            made_back.decorator_list = [ast.Name(TEST, ast.Load())]
        return [made_back]

    def _evaluation(
        self, node: ast.FunctionDef, name: str, made: ast.Call, arguments: list[ast.expr]
    ) -> list[ast.stmt]:
        for each in node.body:
            match each:
                case ast.Assert(test=ast.Compare(comparators=[limit])):
                    made.keywords.append(ast.keyword("require", limit))
        evaluator = ast.Assign([ast.Name(f"{name}_evaluator", ast.Store())], self._back.visit(made))
        run = ast.Call(ast.Name(f"{name}_evaluator", ast.Load()), arguments, [])
        result = ast.Assign([ast.Name(name, ast.Store())], run)
        return [ast.copy_location(each, node) for each in (evaluator, result)]


def _is_ours(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[]):
            return name == "<CheckedAdapter>"
    return False


def _add(call: ast.Call, test: ast.expr) -> None:
    for each in call.keywords:
        if each.arg == "where_":
            each.value = ast.BoolOp(ast.And(), [each.value, test])
            return
    call.keywords.append(ast.keyword("where_", test))


def _say(call: ast.Call, words: str) -> None:
    if words and not any(each.arg == "message_" for each in call.keywords):
        call.keywords.append(ast.keyword("message_", ast.Constant(words)))


_LIMITS = {
    "gt": ("greater than: ", ast.Gt),
    "ge": ("greater than or equal to: ", ast.GtE),
    "lt": ("less than: ", ast.Lt),
    "le": ("less than or equal to: ", ast.LtE),
    "min_length": ("minimum length: ", ast.GtE),
    "max_length": ("maximum length: ", ast.LtE),
}


def _is_limit(test: ast.expr, call: ast.Call) -> bool:
    """Whether a condition is one that the field has as a limit."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return False
    given = {each.arg: each.value for each in call.keywords}
    return any(
        name in given and type(test.ops[0]) is kind and ast.dump(test.comparators[0]) == ast.dump(given[name])
        for name, (_, kind) in _LIMITS.items()
    )


def _without_limits(told: str, call: ast.Call) -> str:
    """What the model is told beside the limits of a field, which are told first."""
    for each in call.keywords:
        if each.arg in _LIMITS:
            told = told.replace(f"{_LIMITS[each.arg][0]}{ast.literal_eval(each.value)}", "", 1)
            told = told.removeprefix(", ")
    return told


def _negated(test: ast.expr) -> ast.expr:
    """The condition of `if … and not condition:`."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        test = test.values[-1]
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)


def _with_fallback(node: ast.ClassDef) -> None:
    """Put the guarded part of a module back into its `forward`."""
    methods = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
    forward, inner = methods.get("forward"), methods.get("guarded_forward")
    if forward is None or inner is None or not isinstance(forward.body[-1], ast.Try):
        return
    forward.body[-1].body = inner.body
    node.body.remove(inner)


class _Values(ast.NodeTransformer):
    """`values["x"]` as `x`."""

    def __init__(self, values: str) -> None:
        self._values = values

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """A value of the condition."""
        match node:
            case ast.Subscript(value=ast.Name(id=values), slice=ast.Constant(value=str(name))) if (
                values == self._values
            ):
                return ast.Name(name, ast.Load())
        self.generic_visit(node)
        return node


class _Back(ast.NodeTransformer):
    """Expressions without what built modules put around them."""

    def __init__(self, dspy: str) -> None:
        self._dspy = dspy

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | None:
        """A parameter that is turned into its type has it already."""
        self.generic_visit(node)
        match node:
            case ast.Assign(targets=[ast.Name(id=one)], value=ast.Name(id=other)) if one == other:
                return None
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        """`**pick(found, …)`, and a reward that gets its inputs as an object."""
        match node:
            case ast.keyword(arg=None, value=ast.Call(func=ast.Name(id="<pick>"), args=[value, *_])):
                return ast.keyword(None, value)
            case ast.keyword(arg="reward_fn", value=ast.Lambda(body=ast.Call(func=ast.Name() as function))):
                return ast.keyword("reward_fn", function)
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A call of one of the support functions."""
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id="<with_demos>"), args=[made, _]):
                return made
            case ast.Call(func=ast.Name(id="<with_lm>"), args=[ast.Call() as made, lm]):
                made.keywords.append(ast.keyword("lm", lm))
                return made
            case ast.Call(func=ast.Name(id="<dataset>"), args=[source, *_]):
                node.func = ast.Attribute(ast.Name(self._dspy, ast.Load()), "Dataset", ast.Load())
                node.args[0] = _path(source)
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Call(func=ast.Attribute(attr="TypeAdapter")), attr="validate_python"
                ),
                args=[value],
            ):
                return value
            case ast.Call(func=ast.Attribute(attr="make_signature"), args=[ast.Constant() as text]):
                return text
        return node


def _path(source: ast.expr) -> ast.expr:
    """`pathlib.Path(__file__).parent / "rows.csv"` as `"rows.csv"`."""
    match source:
        case ast.BinOp(op=ast.Div(), right=ast.Constant() as name):
            return name
    return source
