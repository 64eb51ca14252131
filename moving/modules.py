"""Classes of modules: what `__init__` makes becomes parts, `forward` stays."""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Mapping

from .bodies import Inside, block
from .built import TEST
from .changing import CHANGING
from .expressions import CannotMove, annotation, docstring, expression, gives_score, string
from .fields import Fields, Known, Typing, outputs_of
from .names import Imports, kind_of
from .parallel import TOGETHER, gives_results, without_parallel
from .predictions import with_attributes
from .renamed import with_other_names
from .scopes import given_in
from .signatures import Moved

_EXAMPLES = ("example", "gold", "args")
_METHODS = ("__init__", "forward", "aforward")


def module(node: ast.ClassDef, known: Known) -> tuple[Moved, Fields]:
    """A class of a module, and what it takes and gives.

    Raises:
        CannotMove: it does something that the language does not have.
    """
    if node.keywords or node.decorator_list or len(node.bases) != 1:
        raise CannotMove("a class with several bases, or with a decorator")
    methods: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
    helpers: list[ast.FunctionDef] = []
    constants: dict[str, ast.expr] = {}
    for statement in node.body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name in _METHODS:
                methods[name] = statement
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                continue
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ) if value is not None and _is_constant(value, name, node):
                constants[name] = value
            case ast.FunctionDef() if not _is_bound(statement):
                helpers.append(statement)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                raise CannotMove(f"the method `{name}`, which uses the object,")
            case _:
                raise CannotMove(f"`{ast.unparse(statement).splitlines()[0]}` in a module")
    forward = methods.get("forward") or methods.get("aforward")
    if forward is None:
        raise CannotMove("a module without `forward`")
    for each in (*methods.values(), *helpers):
        _refuse_defaults(each, constants)
    made = _Parts(methods.get("__init__"), known, constants)
    defs: list[str] = []
    for helper in helpers:
        name = f"{node.name.lower()}_{helper.name}"
        made.attributes[helper.name] = ast.Name(name, ast.Load())
        defs += [*_as_function(helper, name, known.imports), ""]
    forward = with_other_names(forward, made.names)
    if not without_parallel(forward, made.parallel, known.imports, made.remarks):
        raise CannotMove("`Parallel` of pairs that are made elsewhere")
    with_attributes(forward, made.parts, known.imports)
    _name_completions(forward, made.comparing)
    _refuse_other_values(forward, made.attributes)
    own, inputs = _inputs(forward, made.parts, known.imports)
    typing = Typing(made.parts, {name: kind for name, kind, _ in inputs}, own, known.imports)
    typing.note(forward.body)
    outputs = outputs_of(forward.body, typing, known.imports)
    outputs = _with_missing(forward, outputs, made, known.imports)
    for name in outputs.keys() & {each for each, _, _ in inputs}:
        made.remarks.append(f"the output `{name}` gets another name: an input is called so")
    lines = [f"module {node.name}{made.parameters}:"]
    text = ast.get_docstring(node) or ast.get_docstring(forward)
    if text:
        lines += docstring(inspect.cleandoc(text))
    lines += [f"    input {name}: {kind}{default}" for name, kind, default in inputs]
    lines += [f"    output {name}: {kind}" for name, kind in outputs.items()]
    lines += ["", *made.lines, "", "    forward:"] if made.lines else ["", "    forward:"]
    body = forward.body[1:] if ast.get_docstring(forward) is not None else forward.body
    lines += block(body, Inside(known.imports, own, made.attributes, given_in(body)), " " * 8)
    fields = Fields({name: kind for name, kind, _ in inputs}, outputs)
    return Moved([*defs, *lines], made.remarks), fields


def _with_missing(
    forward: ast.AST, outputs: Mapping[str, str], made: _Parts, imports: Imports
) -> dict[str, str]:
    """The outputs of a `forward`; those that one of its predictions does not have are None there."""
    missing: list[str] = []
    for node in ast.walk(forward):
        match node:
            case ast.Return(value=ast.Call(func=func, args=[], keywords=keywords)) if imports.of(
                func
            ) == "Prediction" and all(each.arg is not None for each in keywords):
                names = [name for name in outputs if name not in {each.arg for each in keywords}]
                keywords += [ast.keyword(name, ast.Constant(None)) for name in names]
                missing += [name for name in names if name not in missing]
    if missing:
        said = ", ".join(f"`{name}`" for name in missing)
        made.remarks.append(f"{said}: None where a prediction did not have it")
    return {
        name: f"{kind} | None" if name in missing and kind != "Any" and "None" not in kind else kind
        for name, kind in outputs.items()
    }


def _name_completions(forward: ast.AST, comparing: set[str]) -> None:
    """Give the attempts that a `MultiChainComparison` compares as its input `completions`."""
    for node in ast.walk(forward):
        match node:
            case (
                ast.Call(func=ast.Attribute(value=ast.Name(), attr=part), args=[attempts])
                | ast.Call(func=ast.Attribute(value=ast.Attribute(attr=part), attr="acall"), args=[attempts])
            ) if part in comparing:
                node.args, node.keywords = [], [ast.keyword("completions", attempts), *node.keywords]


def _refuse_other_values(forward: ast.AST, attributes: dict[str, ast.expr]) -> None:
    """Refuse a `forward` in which a name is something else than the parameter that an attribute is.

    Raises:
        CannotMove: there is one.
    """
    bound = {
        name
        for each in ast.walk(forward)
        for name in (
            each.id if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store) else None,
            each.arg if isinstance(each, ast.arg) else None,
            each.name if isinstance(each, ast.ExceptHandler) else None,
        )
    }
    for attribute, value in attributes.items():
        for each in ast.walk(value):
            if isinstance(each, ast.Name) and each.id in bound:
                raise CannotMove(
                    f"`self.{attribute}`, whose parameter `{each.id}` is another value in `forward`,"
                )


def _refuse_defaults(
    method: ast.FunctionDef | ast.AsyncFunctionDef, constants: Mapping[str, ast.expr]
) -> None:
    """Refuse defaults that are made of constants of the class: elsewhere their names are the file's.

    Raises:
        CannotMove: there is one.
    """
    for default in (*method.args.defaults, *method.args.kw_defaults):
        for each in ast.walk(default or ast.Constant(None)):
            if isinstance(each, ast.Name) and each.id in constants:
                raise CannotMove(f"a default that is the constant `{each.id}` of the class")


def _is_constant(value: ast.expr, name: str, node: ast.ClassDef) -> bool:
    """Whether an attribute of a class is a literal that no method changes."""
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError):
        return False
    for each in ast.walk(node):
        match each:
            case ast.Attribute(attr=attribute, ctx=ast.Store() | ast.Del()) if attribute == name:
                return False
            case ast.Subscript(value=ast.Attribute(attr=attribute), ctx=ast.Store() | ast.Del()) if (
                attribute == name
            ):
                return False
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=attribute), attr=method)) if (
                attribute == name and method in CHANGING
            ):
                return False
    return True


def _is_bound(method: ast.FunctionDef) -> bool:
    """Whether a method uses its object."""
    if any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in method.decorator_list):
        return False
    own = method.args.args[0].arg if method.args.args else ""
    inside = ast.walk(ast.Module(method.body, []))
    return bool(method.decorator_list) or any(
        isinstance(each, ast.Name) and each.id == own for each in inside
    )


def _as_function(method: ast.FunctionDef, name: str, imports: Imports) -> list[str]:
    """The lines of a method that does not use its object, as a function of the file."""
    plain = ast.parse(ast.unparse(method)).body[0]
    assert isinstance(plain, ast.FunctionDef)
    if not plain.decorator_list:
        del plain.args.args[0]
    plain.name, plain.decorator_list = name, []
    return function(plain, imports).lines


def _inputs(
    forward: ast.FunctionDef | ast.AsyncFunctionDef, parts: dict[str, Fields], imports: Imports
) -> tuple[str, list[tuple[str, str, str]]]:
    """The name of the object, and each input with its type and its default."""
    arguments = forward.args
    others = arguments.kwarg is not None and _reads(forward, arguments.kwarg.arg)
    if arguments.vararg or others or arguments.posonlyargs or not arguments.args:
        raise CannotMove("`*`, `**` or `/` among the parameters of `forward`")
    own, *positional = arguments.args
    pairs = [*_positional(arguments, positional), *_keyword_only(arguments)]
    found = []
    for each, default in pairs:
        kind = annotation(each.annotation, imports) if each.annotation else _used_as(each.arg, forward, parts)
        if isinstance(default, ast.Constant) and default.value is None and "None" not in kind:
            kind += " | None"
        found.append((each.arg, kind, "" if default is None else f" = {expression(default, imports)}"))
    return own.arg, found


def _reads(method: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    """Whether a method uses a name for more than for the `__init__` of its base."""
    above = {
        id(each)
        for statement in method.body
        if isinstance(statement, ast.Expr) and ast.unparse(statement).startswith("super().__init__(")
        for each in ast.walk(statement)
    }
    return any(
        isinstance(each, ast.Name) and each.id == name and id(each) not in above for each in ast.walk(method)
    )


def _used_as(name: str, forward: ast.AST, parts: dict[str, Fields]) -> str:
    """The type of the input to which a parameter is handed on; `str`, which takes anything, where none is."""
    for node in ast.walk(forward):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in parts:
            for each in node.keywords:
                if each.arg and isinstance(each.value, ast.Name) and each.value.id == name:
                    return parts[node.func.attr].inputs.get(each.arg, "str")
    return "str"


class _Parts:
    """What `__init__` makes."""

    def __init__(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | None,
        known: Known,
        constants: Mapping[str, ast.expr],
    ) -> None:
        self.parameters = ""
        self.lines: list[str] = []
        self.parts: dict[str, Fields] = {}
        self.names: list[str] = []
        """Those of all parts."""
        self.attributes: dict[str, ast.expr] = dict(constants)
        """Attributes that are a parameter or a constant."""
        self.comparing: set[str] = set()
        """The parts that compare attempts."""
        self.parallel: set[str] = set()
        """The attributes that are `Parallel`s."""
        self.remarks: list[str] = []
        self._known = known
        self._locals: dict[str, ast.expr] = {}
        """What variables of `__init__` are; they are written where they are used."""
        if node is None:
            return
        self._own, parameters = _parameters(node, known.imports)
        self.parameters = f"({', '.join(parameters)})" if parameters else ""
        names = {each.arg for each in [*node.args.args, *node.args.kwonlyargs]}
        for statement in node.body:
            self._statement(statement, names)

    def _statement(self, node: ast.stmt, parameters: set[str]) -> None:
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                return
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super"))))):
                return
            case (
                ast.Assign(targets=[ast.Attribute(value=ast.Name(id=name), attr=attribute)], value=value)
                | ast.AnnAssign(target=ast.Attribute(value=ast.Name(id=name), attr=attribute), value=value)
            ) if name == self._own and value is not None:
                self._attribute(attribute, value, parameters)
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if all(
                isinstance(each, ast.Attribute) for each in targets
            ) and len(targets) == len(values):
                for target, one in zip(targets, values, strict=True):
                    self._statement(ast.copy_location(ast.Assign([target], one), node), parameters)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if self._is_plain(
                name, value, parameters
            ):
                self._locals[name] = self._with_locals(value)
            case _:
                raise CannotMove(f"`{ast.unparse(node).splitlines()[0]}` in `__init__`")

    def _is_plain(self, name: str, value: ast.expr, parameters: set[str]) -> bool:
        """Whether a variable is a value that may be written wherever it is used: no part, and bound once."""
        calls = [each for each in ast.walk(value) if isinstance(each, ast.Call)]
        is_made = any(self._known.imports.of(each.func) != "Signature" for each in calls)
        return not is_made and name not in parameters and name not in self._locals

    def _with_locals(self, value: ast.expr) -> ast.expr:
        """An expression with the values of variables in their places."""
        known = self._locals

        class Put(ast.NodeTransformer):
            def visit_Name(self, node: ast.Name) -> ast.expr:
                return copy.deepcopy(known.get(node.id, node))

        made: ast.expr = Put().visit(copy.deepcopy(value)) if known else value
        return made

    def _attribute(self, name: str, value: ast.expr, parameters: set[str]) -> None:
        imports = self._known.imports
        value = self._with_locals(value)
        if _is_of_parameters(value, parameters):
            self.attributes[name] = value
            return
        match value:
            case ast.Call(func=func, args=[ast.Name() as tool], keywords=[]) if imports.of(func) == "Tool":
                self.attributes[name] = tool
                return
            case ast.Call(func=func) if imports.of(func) == "Parallel":
                if not gives_results(value):
                    raise CannotMove("`Parallel` that gives more than the results")
                self.parallel.add(name)
                self.remarks.append(f"`{name}` becomes {TOGETHER}")
                return
        made = value.elt if isinstance(value, ast.ListComp) else value
        made = made.value if isinstance(made, ast.DictComp) else made
        if isinstance(made, ast.List) and made.elts:
            made = made.elts[0]
        if isinstance(made, ast.Dict) and made.values:
            made = made.values[0]
        if not self._makes_module(made):
            raise CannotMove(f"the attribute `self.{name}`, which is no module,")
        self.names.append(name)
        self.lines.append(f"    {name} = {expression(value, imports, self._own, self.attributes)}")
        if isinstance(made, ast.Call) and imports.of(made.func) == "MultiChainComparison":
            self.comparing.add(name)
        fields = self._known.of_constructor(made)
        if fields is not None and made is value:
            self.parts[name] = fields

    def _makes_module(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            return node.id in self._known.modules
        if not isinstance(node, ast.Call):
            return False
        name = self._known.imports.of(node.func)
        if name is not None:
            return kind_of(name) == "module"
        return isinstance(node.func, ast.Name) and node.func.id in self._known.modules


def _is_of_parameters(value: ast.expr, parameters: set[str]) -> bool:
    """Whether an expression is computed from parameters and constants alone, without calls."""
    return all(
        isinstance(each, _COMPUTED) or (isinstance(each, ast.Name) and each.id in parameters)
        for each in ast.walk(value)
    )


_COMPUTED = (
    *(ast.Constant, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Compare, ast.Tuple),
    *(ast.boolop, ast.operator, ast.unaryop, ast.cmpop, ast.expr_context),
)


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef, imports: Imports) -> tuple[str, list[str]]:
    arguments = node.args
    others = arguments.kwarg is not None and _reads(node, arguments.kwarg.arg)
    if arguments.vararg or others or arguments.posonlyargs or not arguments.args:
        raise CannotMove("`*`, `**` or `/` among the parameters of `__init__`")
    own, *positional = arguments.args
    pairs = [*_positional(arguments, positional), *_keyword_only(arguments)]
    for each, default in pairs:
        if each.annotation is None and not _kind_of_default(default):
            each.annotation = ast.Name("Any", ast.Load())
    return own.arg, [parameter(each, default, imports) for each, default in pairs]


def _positional(arguments: ast.arguments, parameters: list[ast.arg]) -> list[tuple[ast.arg, ast.expr | None]]:
    """Parameters with their defaults; `parameters` are all of them, or all but the first."""
    without: list[ast.expr | None] = [None] * (len(parameters) - len(arguments.defaults))
    return list(zip(parameters, [*without, *arguments.defaults], strict=True))


def _keyword_only(arguments: ast.arguments) -> list[tuple[ast.arg, ast.expr | None]]:
    return list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))


def parameter(node: ast.arg, default: ast.expr | None, imports: Imports) -> str:
    """A parameter as the language writes it: with its type where that is known."""
    kind = annotation(node.annotation, imports) if node.annotation else _kind_of_default(default)
    if isinstance(default, ast.Constant) and default.value is None and kind and "None" not in kind:
        kind += " | None"
    written = f"{node.arg}: {kind}" if kind else node.arg
    if default is None:
        return written
    return (
        f"{written} = {expression(default, imports)}" if kind else f"{written}={expression(default, imports)}"
    )


def _kind_of_default(default: ast.expr | None) -> str:
    value = default.value if isinstance(default, ast.Constant) else None
    return type(value).__name__ if isinstance(value, (str, int, float, bool)) else ""


def _unknown_return(node: ast.FunctionDef) -> str:
    """What is written where a function does not say what it returns; a metric need not."""
    is_metric = bool(node.args.args) and node.args.args[0].arg in _EXAMPLES
    gives = any(isinstance(each, ast.Return) and each.value is not None for each in ast.walk(node))
    return " -> Any" if gives and not is_metric else ""


def with_any(node: ast.FunctionDef) -> ast.FunctionDef:
    """A function with a type everywhere: `Any` for each parameter that has none, and for its result."""
    typed = copy.deepcopy(node)
    for each in [*typed.args.args, *typed.args.kwonlyargs]:
        each.annotation = each.annotation or ast.Name("Any", ast.Load())
    gives = any(isinstance(each, ast.Return) and each.value is not None for each in ast.walk(node))
    typed.returns = node.returns or (ast.Name("Any", ast.Load()) if gives else ast.Constant(None))
    return typed


def function(node: ast.FunctionDef, imports: Imports) -> Moved:
    """A function as a `def`: a metric, a reward, a tool, a helper.

    Raises:
        CannotMove: it does something that the language does not have.
    """
    arguments = node.args
    if [getattr(each, "id", "") for each in node.decorator_list] == [TEST]:
        title = string(ast.get_docstring(node, clean=False) or node.name)
        return Moved(
            [f"test {title}:", *block(node.body[1:], Inside(imports, made=given_in(node.body)), "    ")]
        )
    if node.decorator_list:
        raise CannotMove("a decorator")
    if arguments.vararg or arguments.kwarg or arguments.posonlyargs:
        raise CannotMove("`*`, `**` or `/` among the parameters")
    written = [parameter(each, default, imports) for each, default in _positional(arguments, arguments.args)]
    if arguments.kwonlyargs:
        written.append("*")
        written += [parameter(each, default, imports) for each, default in _keyword_only(arguments)]
    returns = f" -> {annotation(node.returns, imports)}" if node.returns else _unknown_return(node)
    if node.returns is not None and imports.of(node.returns) == "Prediction" and gives_score(node, imports):
        returns = " -> Score"
    lines = [f"def {node.name}({', '.join(written)}){returns}:"]
    text = ast.get_docstring(node)
    body = node.body
    if text is not None:
        lines += docstring(inspect.cleandoc(text))
        body = body[1:]
    return Moved([*lines, *block(body, Inside(imports, made=given_in(body)), "    ")])
