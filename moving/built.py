"""Modules that `dspyc build --target dspy` has written, as the declarations that they come from.

What such a module adds to DSPy is put back into forms that the rest of this room reads: conditions into the
arguments `where_` and `message_` of fields, examples into calls of `demo`, learned programs into calls of
`compile`, and so on. Nothing else of the file is changed.
"""

from __future__ import annotations

import ast

from ..compiler.emit_dspy.file import HEAD
from ..compiler.emit_dspy.support import names as support_names

TEST = "__test__"
"""The decorator that marks a function as a test."""


def is_built(text: str) -> bool:
    """Whether a file says of itself that it was built here."""
    return any(HEAD in line for line in text.splitlines()[:3] if line.startswith("#"))


def restored(tree: ast.Module) -> ast.Module:
    """The module with the forms of its program."""
    helpers = support_names() | {"_STEPS"}
    found = _Restored()
    body: list[ast.stmt] = []
    for node in tree.body:
        name = getattr(node, "name", "") or _assigned(node)
        if name in helpers or (name.endswith("_") and name[:-1] in helpers):
            continue
        body += found.statement(node)
    return ast.Module(body, tree.type_ignores)


def _assigned(node: ast.stmt) -> str:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""


class _Restored:
    def __init__(self) -> None:
        self._classes: dict[str, ast.ClassDef] = {}
        self._back = _Back()

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        """What a statement of the top level was."""
        match node:
            case ast.ClassDef(name=name):
                self._classes[name] = node
                self._class(node)
                return [node]
            case ast.Expr(value=ast.Call(func=ast.Name(id="told"), args=[ast.Name(id=name), field, words])):
                self._tell(name, field, words)
                return []
            case ast.Expr(value=ast.Call(func=ast.Name(id="condition"), args=arguments)):
                self._condition(arguments)
                return []
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.List() as demos) if name.endswith(
                "_DEMOS"
            ):
                return [] if self._demos(name, demos) else [node]
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Attribute(attr="delete"), args=[ast.Constant(value=str(field))]),
            ) if name in self._classes:
                self._classes[name].body.append(ast.Delete([ast.Name(field, ast.Del())]))
                return []
            case ast.Assign(value=ast.Call(func=ast.Name(id="learned"))):
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
            case [ast.Name(id=name), field, _, ast.Lambda(body=body)]:
                call = self._field(name, field)
                if call is None or not any(each.arg == "told_" for each in call.keywords):
                    return  # a limit, which the field has itself
                test = _Values().visit(body)
                if not _is_limit(test, call):
                    _add(call, test)
                told = next(each.value for each in call.keywords if each.arg == "told_")
                _say(call, _without_limits(str(getattr(told, "value", "")), call))

    def _demos(self, name: str, demos: ast.List) -> bool:
        made = next((each for own, each in self._classes.items() if f"{own.upper()}_DEMOS" == name), None)
        if made is None:
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
                case ast.Call(func=ast.Name(id="without"), args=[inner, *names]):
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
        for each in method.body:
            match each:
                case ast.If(test=test, body=[ast.Raise(exc=ast.Call(args=[ast.Constant(value=words)]))]):
                    self._check(call, _Values().visit(_negated(test)), str(words))

    def _check(self, call: ast.Call, test: ast.expr, words: str) -> None:
        """A check of a validator as a condition: its words stand at the end of the description."""
        given = {each.arg: each for each in call.keywords}
        match test:
            case ast.Call(func=ast.Name(id="matches")) if (
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
        match node.body:
            case [_, ast.Assign(targets=[ast.Name(id="program")], value=compiled), *_] if (
                node.name.startswith("compile_")
            ):
                target = ast.Name(node.name.removeprefix("compile_"), ast.Store())
                return [ast.copy_location(ast.Assign([target], self._back.visit(compiled)), node)]
            case [
                _,
                ast.Assign(targets=[ast.Name(id="result")], value=ast.Call(func=ast.Call() as made)),
                *_,
            ] if node.name.startswith("evaluate_"):
                measured = node.body[1]
                assert isinstance(measured, ast.Assign)
                assert isinstance(measured.value, ast.Call)
                return self._evaluation(node, made, measured.value.args)
        made_back: ast.FunctionDef = self._back.visit(node)
        if node.name.startswith("test_") and not node.args.args and ast.get_docstring(node):
            made_back.decorator_list = [ast.Name(TEST, ast.Load())]
        return [made_back]

    def _evaluation(self, node: ast.FunctionDef, made: ast.Call, arguments: list[ast.expr]) -> list[ast.stmt]:
        name = node.name.removeprefix("evaluate_")
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
            return name.rstrip("_") == "CheckedAdapter"
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

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """A value of the condition."""
        match node:
            case ast.Subscript(value=ast.Name(id="values"), slice=ast.Constant(value=str(name))):
                return ast.Name(name, ast.Load())
        self.generic_visit(node)
        return node


class _Back(ast.NodeTransformer):
    """Expressions without what built modules put around them."""

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
            case ast.keyword(arg=None, value=ast.Call(func=ast.Name(id="pick"), args=[value, *_])):
                return ast.keyword(None, value)
            case ast.keyword(arg="reward_fn", value=ast.Lambda(body=ast.Call(func=ast.Name() as function))):
                return ast.keyword("reward_fn", function)
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A call of one of the support functions."""
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id="with_demos"), args=[made, _]):
                return made
            case ast.Call(func=ast.Name(id="with_lm"), args=[ast.Call() as made, lm]):
                made.keywords.append(ast.keyword("lm", lm))
                return made
            case ast.Call(func=ast.Name(id="dataset"), args=[source, *_]):
                node.func = ast.Attribute(ast.Name("dspy", ast.Load()), "Dataset", ast.Load())
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
