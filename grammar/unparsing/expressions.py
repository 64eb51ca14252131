"""Expressions to text on one line, with the brackets that they need and no others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from .. import syntax
from . import strings

# How tightly an expression binds; what stands in a place that asks for more gets brackets.
EXPRESSION, OR, AND, NOT, COMPARISON, BIT_OR, BIT_XOR = range(7)
BIT_AND, SHIFT, SUM, PRODUCT, FACTOR, POWER, PRIMARY = range(7, 14)
_BINARY = {
    "|": BIT_OR,
    "^": BIT_XOR,
    "&": BIT_AND,
    **dict.fromkeys(("<<", ">>"), SHIFT),
    **dict.fromkeys("+-", SUM),
    **dict.fromkeys(("*", "/", "//", "%", "@"), PRODUCT),
    "**": POWER,
}


def expression(node: syntax.Expression, least: int = EXPRESSION) -> str:
    """The text of an expression where one that binds at least so tightly may stand.

    Raises:
        ValueError: Something is missing in it, or an f-string has no form that Python 3.11 reads.
    """
    text = _text(node)
    return f"({text})" if _tightness(node) < least else text


def expressions(node: syntax.Expression) -> str:
    """The text where a tuple may stand without brackets."""
    if isinstance(node, syntax.Tuple) and node.elements:
        return _listed(node.elements) + "," * (len(node.elements) == 1)
    return expression(node)


def _tightness(node: syntax.Expression) -> int:
    match node:
        case syntax.Lambda() | syntax.Conditional() | syntax.Starred() | syntax.Slice():
            return EXPRESSION
        case syntax.Boolean(operator=operator):
            return OR if operator == "or" else AND
        case syntax.Unary(operator=operator):
            return NOT if operator == "not" else FACTOR
        case syntax.Comparison():
            return COMPARISON
        case syntax.Binary(operator=operator):
            return _BINARY[operator]
        case _:
            return PRIMARY


def _text(node: syntax.Expression) -> str:
    match node:
        case syntax.Missing():
            raise ValueError("something is missing in this tree")
        case syntax.Name(text=text):
            return text
        case syntax.Constant(value=value):
            return "..." if value is ... else repr(value)
        case syntax.String():
            return strings.string(node)
        case syntax.FString():
            return f_string(node)
        case syntax.Attribute(value=value, name=name):
            return f"{_primary(value)}.{name.text}"
        case syntax.Call(function=function, arguments=given):
            return f"{_primary(function)}({arguments(given)})"
        case syntax.Subscript(value=value, index=index):
            return f"{_primary(value)}[{_index(index)}]"
        case syntax.Slice(lower=lower, upper=upper, step=step):
            written = f"{_optional(lower)}:{_optional(upper)}"
            return written if step is None else f"{written}:{expression(step)}"
        case syntax.Unary(operator=operator, operand=operand):
            if operator == "not":
                return f"not {expression(operand, NOT)}"
            return operator + expression(operand, FACTOR)
        case syntax.Binary():
            return _operations(node)
        case syntax.Boolean(operator=operator, values=values):
            least = AND if operator == "or" else NOT
            return f" {operator} ".join(expression(value, least) for value in values)
        case syntax.Comparison(left=left, operators=operators, rights=rights):
            pairs = zip(operators, rights, strict=True)
            tail = "".join(f" {operator} {expression(right, BIT_OR)}" for operator, right in pairs)
            return expression(left, BIT_OR) + tail
        case syntax.Conditional(body=body, test=test, otherwise=otherwise):
            return f"{expression(body, OR)} if {expression(test, OR)} else {expression(otherwise)}"
        case syntax.Lambda(parameters=parameters, body=body):
            listed = ", ".join(parameter(each) for each in parameters)
            return f"lambda {listed}: {expression(body)}" if listed else f"lambda: {expression(body)}"
        case syntax.Starred(value=value):
            return f"*{expression(value, BIT_OR)}"
        case syntax.Tuple():
            return f"({_listed(node.elements)}{',' * (len(node.elements) == 1)})"
        case syntax.List(elements=elements):
            return f"[{_listed(elements)}]"
        case syntax.Set(elements=elements):
            return f"{{{_listed(elements)}}}"
        case syntax.Dict(entries=entries):
            return f"{{{', '.join(_entry(entry) for entry in entries)}}}"
        case syntax.Comprehension():
            return _comprehension(node)
        case _:
            assert_never(node)


def _primary(node: syntax.Expression) -> str:
    """What stands before a dot or a bracket; a number would swallow the dot."""
    is_number = isinstance(node, syntax.Constant) and type(node.value) in {int, float}
    return f"({_text(node)})" if is_number else expression(node, PRIMARY)


def _optional(node: syntax.Expression | None) -> str:
    return "" if node is None else expression(node)


def _operations(node: syntax.Binary) -> str:
    """`a + b - c …`, from the left: its tree is as deep as it has operators."""
    if node.operator == "**":
        return f"{expression(node.left, PRIMARY)} ** {expression(node.right, FACTOR)}"
    chain = [node]
    while isinstance(chain[-1].left, syntax.Binary) and _binds_as(chain[-1].left, chain[-1].operator):
        chain.append(chain[-1].left)
    least = _BINARY[chain[-1].operator]
    parts = [expression(chain[-1].left, least)]
    for each in reversed(chain):
        parts += [each.operator, expression(each.right, _BINARY[each.operator] + 1)]
    return " ".join(parts)


def _binds_as(node: syntax.Binary, operator: str) -> bool:
    """Whether an operation may stand on the left of an operator without brackets, in one row with it."""
    return node.operator != "**" and _BINARY[node.operator] == _BINARY[operator]


def _index(node: syntax.Expression) -> str:
    if isinstance(node, syntax.Tuple) and node.elements:
        if any(isinstance(element, syntax.Starred) for element in node.elements):
            return expression(node)
        return _listed(node.elements) + "," * (len(node.elements) == 1)
    return expression(node)


def _listed(nodes: Iterable[syntax.Expression]) -> str:
    return ", ".join(expression(node) for node in nodes)


def _entry(entry: syntax.DictEntry) -> str:
    if entry.key is None:
        return f"**{expression(entry.value, BIT_OR)}"
    return f"{expression(entry.key)}: {expression(entry.value)}"


def _comprehension(node: syntax.Comprehension) -> str:
    brackets = {"list": "[]", "set": "{}", "dict": "{}", "generator": "()"}[node.kind]
    return brackets[0] + _comprehended(node) + brackets[1]


def _comprehended(node: syntax.Comprehension) -> str:
    element = node.element
    parts = [_entry(element) if isinstance(element, syntax.DictEntry) else expression(element)]
    for clause in node.clauses:
        parts.append(f"for {target(clause.target)} in {expression(clause.iterable, OR)}")
        parts += [f"if {expression(condition, OR)}" for condition in clause.conditions]
    return " ".join(parts)


def target(node: syntax.Expression) -> str:
    """What is assigned to by `for`."""
    return expressions(node)


def arguments(given: tuple[syntax.Argument, ...]) -> str:
    """What stands between the brackets of a call."""
    if len(given) == 1 and given[0].name is None and given[0].star == "":
        value = given[0].value
        if isinstance(value, syntax.Comprehension) and value.kind == "generator":
            return _comprehended(value)
    return ", ".join(argument(each) for each in given)


def argument(node: syntax.Argument) -> str:
    """One argument: `x`, `name=x`, `*x` or `**x`."""
    name = "" if node.name is None else f"{node.name.text}="
    return node.star + name + expression(node.value)


def parameter(node: syntax.Parameter) -> str:
    """A parameter of a function, a lambda or a module."""
    if node.name is None:
        return node.kind
    annotation = "" if node.annotation is None else f": {expression(node.annotation, BIT_OR)}"
    if node.default is None:
        return node.name.text + annotation
    return f"{node.name.text}{annotation}{' = ' if annotation else '='}{expression(node.default)}"


def f_string(node: syntax.FString) -> str:
    """An f-string: as it was written, if that still says what the tree says, or made anew."""
    if strings.means(node.raw, node):
        return node.raw
    for quote in ('"', "'", '"""', "'''"):
        try:
            made = f"f{quote}{_pieces(node.parts, quote, in_format=False)}{quote}"
        except ValueError:
            continue
        if strings.means(made, node):
            return made
    raise ValueError("this f-string cannot be written for Python 3.11; give its values names")


def _pieces(parts: tuple[str | syntax.Interpolation, ...], quote: str, *, in_format: bool) -> str:
    written = []
    for part in parts:
        if isinstance(part, syntax.Interpolation):
            written.append(_interpolation(part, quote))
        else:
            text = strings.escaped(part, quote)
            written.append(text if in_format else text.replace("{", "{{").replace("}", "}}"))
    return "".join(written)


def _interpolation(node: syntax.Interpolation, quote: str) -> str:
    inner = node.debug or expressions(node.value)
    conversion = f"!{node.conversion}" if node.conversion else ""
    spec = f":{_pieces(node.format, quote, in_format=True)}" if node.format else ""
    before = " " * (inner.startswith("{"))
    behind = " " * (inner.endswith("}") and not conversion and not spec)
    return f"{{{before}{inner}{behind}{conversion}{spec}}}"
