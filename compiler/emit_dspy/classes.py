"""Classes: signatures, records, enumerations and modules as DSPy has them."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct, field

from ..emit.code import assign, attribute, call, constant, function, load, store
from .expressions import Converter, State, refuse_fields

WORDS = {
    "gt": "greater than: ",
    "ge": "greater than or equal to: ",
    "lt": "less than: ",
    "le": "less than or equal to: ",
    "min_length": "minimum length: ",
    "max_length": "maximum length: ",
    "pattern": "matching the regular expression: ",
}
"""How a limit is told to the model; a test compares them with the runtime's."""

_COMPARE = {
    "gt": ast.Gt,
    "ge": ast.GtE,
    "lt": ast.Lt,
    "le": ast.LtE,
    "min_length": ast.GtE,
    "max_length": ast.LtE,
}
_MARKS = ("where", "message", "pattern")


class Told(Struct):
    """A field without what pydantic does not know, and that as its own."""

    keywords: list[ast.keyword]
    words: str = ""
    """What the model is told beside the description."""
    conditions: list[tuple[str, ast.expr]] = field(default_factory=list)
    """Texts with functions of the values, `lambda values: …`."""


def split(state: State, name: str, maker: ast.Call) -> Told:
    """Take conditions out of the arguments of a field."""
    given = {each.arg: each.value for each in maker.keywords}
    message = given.get("message")
    said = str(message.value) if isinstance(message, ast.Constant) else None
    found = Told([each for each in maker.keywords if each.arg not in _MARKS])
    parts: list[str] = []
    for limit in WORDS:
        if limit in given:
            words = f"{WORDS[limit]}{ast.literal_eval(given[limit])}"
            parts.append(words)
            found.conditions.append((said or words, _limit(state, name, limit, given[limit])))
    if isinstance(where := given.get("where"), ast.Tuple):
        for pair in where.elts:
            assert isinstance(pair, ast.Tuple)
            text, holds = pair.elts
            assert isinstance(text, ast.Constant)
            parts += [] if said is not None else [str(text.value)]
            found.conditions.append((said or str(text.value), _with_values(state, holds)))
    found.words = ", ".join([*parts, *([said] if said is not None else [])])
    return found


def _limit(state: State, name: str, limit: str, value: ast.expr) -> ast.expr:
    """`lambda values: values["x"] >= 0`"""
    values = state.values
    own: ast.expr = ast.Subscript(load(values), constant(name), ast.Load())
    if limit == "pattern":
        test: ast.expr = call(state.helper("matches"), [own, value])
    else:
        left = call(state.names.builtin("len"), [own]) if limit.endswith("length") else own
        test = ast.Compare(left, [_COMPARE[limit]()], [value])
    parameters = ast.arguments([], [ast.arg(values)], None, [], [], None, [])
    return ast.copy_location(ast.Lambda(parameters, test), value)


def _with_values(state: State, holds: ast.expr) -> ast.expr:
    """A condition whose parameter has the name that all have here."""
    assert isinstance(holds, ast.Lambda)
    name = holds.args.args[0].arg
    for each in ast.walk(holds):
        if isinstance(each, ast.Name) and each.id == name:
            each.id = state.values
    holds.args.args[0].arg = state.values
    return holds


def _read(state: State, test: ast.AST) -> list[str]:
    """The names of the values that a condition reads."""
    found = {
        str(each.slice.value)
        for each in ast.walk(test)
        if isinstance(each, ast.Subscript)
        and isinstance(each.value, ast.Name)
        and each.value.id == state.values
        and isinstance(each.slice, ast.Constant)
    }
    return sorted(found)


# --- signatures -----------------------------------------------------------------------------------------


def signature(converter: Converter, node: ast.ClassDef) -> list[ast.stmt]:
    """A signature, and behind it what DSPy is told of its conditions and examples."""
    after: list[ast.stmt] = []
    state = converter.state
    removed = [each for each in node.keywords if each.arg == "without"]
    node.keywords = []
    node.bases = [converter.visit(each) for each in node.bases]
    if removed:
        names = removed[0].value
        assert isinstance(names, ast.Tuple)
        for name in names.elts:
            less = call(attribute(load(node.name), "delete"), [name])
            after.append(ast.copy_location(assign(store(node.name), less), node))
    for each in _fields(node):
        assert isinstance(each.target, ast.Name)
        assert isinstance(each.value, ast.Call)
        refuse_fields([each.target.id])
        told = split(state, each.target.id, each.value)
        each.value.keywords = told.keywords
        if told.words and told.words != ", ".join(_plain(one) for one in told.keywords if one.arg in WORDS):
            words: list[ast.expr] = [load(node.name), constant(each.target.id), constant(told.words)]
            after.append(_statement(call(state.helper("told"), words), each))
        for text, holds in told.conditions:
            state.helper("CheckedAdapter")
            reads = ast.List([constant(name) for name in _read(state, holds)], ast.Load())
            made = [load(node.name), constant(each.target.id), constant(text), reads, converter.visit(holds)]
            after.append(_statement(call(state.helper("condition"), made), each))
        each.annotation = converter.visit(each.annotation)
        each.value = converter.generic_visit(each.value)  # type: ignore[assignment]
        assert isinstance(each.value, ast.Call)
        each.value.func = converter.visit(each.value.func)
    return [node, *after]


def _fields(node: ast.ClassDef) -> Iterator[ast.AnnAssign]:
    return (each for each in node.body if isinstance(each, ast.AnnAssign) and each.value is not None)


def _plain(each: ast.keyword) -> str:
    return f"{WORDS[str(each.arg)]}{ast.literal_eval(each.value)}"


def _statement(value: ast.expr, place: ast.AST) -> ast.stmt:
    return ast.copy_location(ast.Expr(value), place)


# --- records --------------------------------------------------------------------------------------------


def record(converter: Converter, node: ast.ClassDef, later: Collection[str] = ()) -> list[ast.stmt]:
    """A pydantic model; conditions are its validators.

    Args:
        converter: writes what its attributes are made of.
        node: the class.
        later: the records that stand below it, and itself; annotations with one of them are strings.
    """
    validators: list[ast.stmt] = []
    for base in node.bases:
        if isinstance(base, ast.Call):
            base.func = converter.state.helper("without")
    for each in _fields(node):
        match each:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as maker) if (
                converter.state.said(maker.func)[0] == "attributes"
            ):
                each.value, checks = _attribute(converter.state, name, maker)
                if checks:
                    validators.append(_validator(converter, name, checks, each))
    for statement in node.body:
        converter.visit(statement)
        if isinstance(statement, ast.AnnAssign) and _names(statement.annotation) & set(later):
            statement.annotation = constant(ast.unparse(statement.annotation))
    node.body += validators
    return [node]


def _names(node: ast.expr) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _attribute(state: State, name: str, maker: ast.Call) -> tuple[ast.expr, list[tuple[str, ast.expr]]]:
    """`pydantic.Field(…)` for an attribute with conditions, and those that pydantic does not check."""
    told = split(state, name, maker)
    given = {each.arg: each.value for each in maker.keywords}
    message = given.get("message")
    texts = [
        str(pair.elts[0].value)
        for pair in getattr(given.get("where"), "elts", ())
        if isinstance(pair, ast.Tuple) and isinstance(pair.elts[0], ast.Constant)
    ]
    words = (
        message.value
        if isinstance(message, ast.Constant)
        else f"must hold: {', '.join(texts)}"
        if texts
        else ""
    )
    description = given.get("description")
    said = [description.value] if isinstance(description, ast.Constant) else []
    said += [words] if words else []
    keywords = [each for each in told.keywords if each.arg != "description"]
    if said:
        keywords.insert(0, ast.keyword("description", constant("; ".join(map(str, said)))))
    if "pattern" in given:
        extra = ast.Dict([constant("pattern")], [given["pattern"]])
        keywords.append(ast.keyword("json_schema_extra", extra))
    made = ast.Call(attribute(state.names.module("pydantic"), "Field"), [], keywords)
    plain = {f"{WORDS[limit]}{ast.literal_eval(given[limit])}" for limit in WORDS if limit in given}
    plain -= {f"{WORDS['pattern']}{ast.literal_eval(given['pattern'])}"} if "pattern" in given else set()
    # Limits are pydantic's own, unless they are told in other words.
    checks = [each for each in told.conditions if each[0] not in plain]
    return made, checks


def _validator(
    converter: Converter, name: str, checks: Sequence[tuple[str, ast.expr]], place: ast.AST
) -> ast.stmt:
    """A method that refuses a value for which a condition does not hold."""
    state = converter.state
    own, info, cls = (state.names.unused(each) for each in ("value", "info", "cls"))
    lines: list[ast.stmt] = [
        ast.Assign(
            [store(state.values)],
            ast.Dict([None, constant(name)], [attribute(load(info), "data"), load(own)]),
        )
    ]
    for words, holds in checks:
        assert isinstance(holds, ast.Lambda)
        test = converter.visit(holds.body)
        negated: ast.expr = ast.UnaryOp(ast.Not(), test)
        # An attribute above that is not valid itself is not there.
        there = [
            ast.Compare(constant(other), [ast.In()], [load(state.values)])
            for other in _read(state, test)
            if other != name
        ]
        condition = ast.BoolOp(ast.And(), [*there, negated]) if there else negated
        error = call(state.names.builtin("ValueError"), [constant(words)])
        lines.append(ast.If(condition, [ast.Raise(error, None)], []))
    lines.append(ast.Return(load(own)))
    decorators = [
        call(attribute(state.names.module("pydantic"), "field_validator"), [constant(name)]),
        state.names.builtin("classmethod"),
    ]
    arguments = ast.arguments([], [ast.arg(cls), ast.arg(own), ast.arg(info)], None, [], [], None, [])
    made = function(f"check_{name}", lines, arguments, decorators=decorators)
    return ast.copy_location(made, place)


def enumeration(converter: Converter, node: ast.ClassDef) -> list[ast.stmt]:
    """An enumeration; what its members mean is in JSON schemas."""
    for each in node.decorator_list:
        if isinstance(each, ast.Call):
            each.func = converter.state.helper("described")
            converter.state.helper("CheckedAdapter")
    return [node]


# --- modules --------------------------------------------------------------------------------------------


def _super(converter: Converter) -> ast.expr:
    """`super()`; where the program has that name, with what Python would have put in its place."""
    made = converter.state.names.builtin("super")
    return call(made) if isinstance(made, ast.Name) else call(made, [load("__class__"), load("self")])


def module(converter: Converter, node: ast.ClassDef, fields: ast.ClassDef | None) -> list[ast.stmt]:
    """A class of `dspy.Module`; `fields` is the class of its inputs and outputs, which DSPy does not have."""
    node.bases = [converter.state.names.dspy("dspy.Module")]
    node.body = [each for each in node.body if not _is_signature(each)]
    for method in node.body:
        if not isinstance(method, ast.FunctionDef):
            continue
        if method.name == "__init__":
            method.args.kwarg = None
            started = call(attribute(_super(converter), "__init__"))
            kept = [each for each in method.body if not _is_configuring(each)]
            method.body = [ast.copy_location(ast.Expr(started), method), *kept]
        elif fields is not None:
            _with_defaults(method, fields)
        _note_asserts(converter, method)
    converter.generic_visit(node)
    return [node]


def _is_signature(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "signature"
    )


def _is_configuring(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="configure_parts"))):
            return True
    return False


def _with_defaults(method: ast.FunctionDef, fields: ast.ClassDef) -> None:
    """Give the inputs of `forward` their defaults, which the runtime fills in elsewhere."""
    defaults: dict[str, ast.expr] = {}
    for each in _fields(fields):
        assert isinstance(each.target, ast.Name)
        assert isinstance(each.value, ast.Call)
        for option in each.value.keywords:
            if option.arg == "default":
                defaults[each.target.id] = option.value
            elif option.arg == "default_factory":
                made = option.value
                defaults[each.target.id] = made.body if isinstance(made, ast.Lambda) else _empty(made)
    method.args.kw_defaults = [
        defaults.get(argument.arg, default)
        for argument, default in zip(method.args.kwonlyargs, method.args.kw_defaults, strict=True)
    ]


def _empty(kind: ast.expr) -> ast.expr:
    """What `list`, `dict` or `set` makes; values are never changed, so that all calls may share it."""
    match kind:
        case ast.Name(id="list"):
            return ast.List([], ast.Load())
        case ast.Name(id="dict"):
            return ast.Dict([], [])
    return call(kind)


def _note_asserts(converter: Converter, method: ast.FunctionDef) -> None:
    state = converter.state
    for each in ast.walk(method):
        match each:
            case ast.Raise(exc=ast.Call(func=function)) if state.said(function) == ("flow", "failed"):
                state.losses.note(
                    each, "a failed `assert` ends the call: DSPy does not ask again with the reason"
                )
            case ast.ExceptHandler(body=[ast.Expr(value=ast.Call(func=function)), *_]) if state.said(
                function
            ) == ("flow", "fall_back"):
                state.losses.note(each, "`fallback:` catches mistakes of the program, too")
