"""Signatures, records and enumerations: classes of fields."""

from __future__ import annotations

import ast
import inspect

from msgspec import Struct

from .expressions import CannotMove, annotation, described, docstring, expression, string
from .names import Imports

_INPUT, _OUTPUT = ("InputField", "OldInputField"), ("OutputField", "OldOutputField")
_BOUNDS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
_LENGTHS = {"min_length": ">=", "max_length": "<="}
_IGNORED = {"prefix", "format", "parser", "title", "examples", "alias"}


class Moved(Struct):
    """A declaration in the language."""

    lines: list[str]
    remarks: list[str] = []
    """What is otherwise than it was."""

    @property
    def text(self) -> str:
        """The declaration."""
        return "\n".join(self.lines)


def signature(node: ast.ClassDef, imports: Imports) -> Moved:
    """A class of a signature.

    Raises:
        CannotMove: it has methods, or something else that the language does not have.
    """
    base = _base(node, imports)
    moved = Moved([f"signature {node.name}{'' if base == 'Signature' else f'({base})'}:"])
    body = list(node.body)
    text = ast.get_docstring(node, clean=False)
    if text is not None:
        body = body[1:]
        moved.lines += docstring(inspect.cleandoc(text))
    for statement in body:
        moved.lines += _signature_field(statement, imports, moved)
    return moved


def _base(node: ast.ClassDef, imports: Imports) -> str:
    if len(node.bases) != 1 or node.keywords or node.decorator_list:
        raise CannotMove("a class with several bases, or with a decorator")
    return imports.of(node.bases[0]) or expression(node.bases[0], imports)


def _signature_field(statement: ast.stmt, imports: Imports, moved: Moved) -> list[str]:
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return []
        case ast.Delete(targets=[ast.Name(id=name)]):
            return [f"    del {name}"]
        case ast.Expr(value=ast.Call(func=ast.Name(id="demo"), keywords=given)):
            said = ", ".join(f"{each.arg}={expression(each.value, imports)}" for each in given)
            return [f"    demo {said}"]
        case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=value):
            written = annotation(kind, imports)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            written = "str"
        case _:
            raise CannotMove(f"`{ast.unparse(statement).splitlines()[0]}` in a signature")
    if not isinstance(value, ast.Call):
        raise CannotMove(f"the field `{name}`, which is neither an input nor an output")
    of = imports.of(value.func)
    if of not in _INPUT + _OUTPUT:
        raise CannotMove(f"the field `{name}`, which is neither an input nor an output")
    direction = "input" if of in _INPUT else "output"
    options = _options(value, name)
    return [f"    {direction} {name}: {written}{_rest(options, name, imports, moved)}"]


def _options(call: ast.Call, name: str) -> dict[str, ast.expr]:
    if any(each.arg is None for each in call.keywords):
        raise CannotMove(f"`**` in the field `{name}`")
    found = {each.arg: each.value for each in call.keywords if each.arg is not None}
    if call.args:
        found["default"] = call.args[0]
    return found


def _rest(options: dict[str, ast.expr], name: str, imports: Imports, moved: Moved) -> str:
    """What follows the type of a field: default, conditions, description."""
    default, conditions, description, message = "", [], None, ""
    for option, value in options.items():
        if option in ("desc", "description"):
            description = _text(value)
        elif option == "default":
            default = "" if _is_dots(value) else f" = {expression(value, imports)}"
        elif option == "default_factory":
            default = f" = {_made(value)}"
        elif option in _BOUNDS:
            conditions.append(f"{name} {_BOUNDS[option]} {expression(value, imports)}")
        elif option in _LENGTHS:
            conditions.append(f"len({name}) {_LENGTHS[option]} {expression(value, imports)}")
        elif option == "pattern":
            conditions.append(f"matches({name}, {expression(value, imports)})")
        elif option == "where_":
            parts = _parts(value)
            is_alone = len(parts) == 1 and not {*_BOUNDS, *_LENGTHS, "pattern"} & options.keys()
            conditions += [_joined(each, imports, is_alone=is_alone) for each in parts]
        elif option == "message_":
            message = f", {string(_text(value))}"
        elif option == "told_":
            continue
        elif option in _IGNORED:
            moved.remarks.append(f"`{option}` of the field `{name}` is left out: no adapter writes it")
        else:
            raise CannotMove(f"`{option}=` of the field `{name}`")
    where = f" where ({' and '.join(conditions)}){message}" if conditions else ""
    # Behind a message a description stands on a line of its own.
    said = f"\n       {described(description)}" if message and conditions else described(description)
    return f"{default}{where}{said}"


def _parts(value: ast.expr) -> list[ast.expr]:
    """The conditions that all have to hold; a single one stays as it is."""
    match value:
        case ast.BoolOp(op=ast.And(), values=values):
            return [part for each in values for part in _parts(each)]
    return [value]


def _joined(value: ast.expr, imports: Imports, *, is_alone: bool) -> str:
    """A condition as it can stand beside others."""
    written = expression(value, imports)
    is_weak = isinstance(value, (ast.BoolOp, ast.IfExp, ast.Lambda)) and not is_alone
    return f"({written})" if is_weak else written


def _is_dots(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is ...


def _made(value: ast.expr) -> str:
    match value:
        case ast.Name(id="list"):
            return "[]"
        case ast.Name(id="dict"):
            return "{}"
    raise CannotMove(f"`default_factory={ast.unparse(value)}`")


def _text(value: ast.expr) -> str:
    try:
        found = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        raise CannotMove(f"a description that is computed, `{ast.unparse(value)}`") from None
    if not isinstance(found, str):
        raise CannotMove("a description that is no text")
    return found


def record(node: ast.ClassDef, imports: Imports) -> Moved:
    """A pydantic model as a record.

    Raises:
        CannotMove: it has validators, methods or settings.
    """
    base = node.bases[0]
    is_plain = isinstance(base, (ast.Name, ast.Attribute)) and _last(base) == "BaseModel"
    if len(node.bases) != 1 or node.keywords or node.decorator_list:
        raise CannotMove("a class with several bases, or with a decorator")
    moved = Moved([f"type {node.name}{'' if is_plain else f'({expression(base, imports)})'}:"])
    body = list(node.body)
    text = ast.get_docstring(node, clean=False)
    if text is not None:
        body = body[1:]
        moved.lines += docstring(inspect.cleandoc(text))
    for statement in body:
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                continue
            case ast.Delete(targets=[ast.Name(id=name)]):
                moved.lines.append(f"    del {name}")
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=value):
                moved.lines.append(
                    f"    {name}: {annotation(kind, imports)}{_default(value, name, imports, moved)}"
                )
            case _:
                raise CannotMove(f"`{ast.unparse(statement).splitlines()[0]}` in a model")
    return moved


def _default(value: ast.expr | None, name: str, imports: Imports, moved: Moved) -> str:
    if value is None:
        return ""
    if isinstance(value, ast.Call) and _last(value.func) == "Field":
        return _rest(_options(value, name), name, imports, moved)
    return f" = {expression(value, imports)}"


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def enumeration(node: ast.ClassDef, imports: Imports) -> Moved:
    """A class of `Enum`.

    Raises:
        CannotMove: it has more than members, or members that are no texts.
    """
    moved = Moved([f"enum {node.name}:"])
    means = {
        each.arg: described(_text(each.value))
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and _last(decorator.func) == "described"
        for each in decorator.keywords
    }
    body = list(node.body)
    text = ast.get_docstring(node, clean=False)
    if text is not None:
        body = body[1:]
        moved.lines += docstring(inspect.cleandoc(text))
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(member))):
                moved.lines.append(f"    {name} = {string(member)}{means.get(name, '')}")
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int(number))):
                moved.lines.append(f"    {name} = {number}{means.get(name, '')}")
            case _:
                raise CannotMove(f"`{ast.unparse(statement).splitlines()[0]}` in an enumeration")
    return moved


def is_record(node: ast.ClassDef) -> bool:
    """Whether a class is a pydantic model, by its base's name."""
    return len(node.bases) == 1 and _last(node.bases[0]) == "BaseModel"


def is_enumeration(node: ast.ClassDef) -> bool:
    """Whether a class is an enumeration."""
    return bool(node.bases) and _last(node.bases[-1]) in ("Enum", "StrEnum")
