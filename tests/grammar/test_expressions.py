"""Expressions mean what they mean in Python: the same tree, at the same places, as `ast` makes of them."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from dspyc.grammar import syntax
from dspyc.grammar.parse import parse_item

EXPRESSIONS = r"""
a
a.b.c
a + b * c - d
a - b - c
-a ** -b ** c
a ** b ** c
not a or b and not c
a < b <= c != d
a not in b is not c in d is e
a | b & c ^ d << 1 >> 2
a // b % c @ d / e
~-+a
a if b else c if d else e
(a if b else c) + (d)
()
(a,)
(a, b)
((a, b), c)
[]
[a, *b]
{a, b}
{}
{a: b, **c}
f()
f(a, b=c, *d, **e)
f(lambda x, y=2: x + y, key=lambda: 0)
f(a)(b)[c].d
f(x for x in y)
[x for x in y if x if z for k, (v, w) in x]
{x for x in y}
{k: v for k, v in d.items()}
(x for x in y)
x[a]
x[a, b]
x[a:b:c]
x[:]
x[::]
x[1:, :2, ::3]
x[-1]
1 + 0xff + 1_000 + 1.5 + 1e-3 + .5 + 1. + 0b1 + 0o7
True and None or ...
"a" + 'b' + r"\d" + "\n\x41\u00e9\N{BULLET}\101"
f"a{b}c{{}}" + f"{a!r:>{w}}" + f"{a + b:x}" + f"{d['k']}" + f"{a == b}" + f"{x:%Y-%m}"
f"{(a, b)}{[c for c in d]}{ {1: 2}[1] }"
f"{f'{a}'}"
""".strip().splitlines()


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_python_agrees(text: str) -> None:
    parsed = parse_item(f"x = {text}\n")
    assert parsed.problems == ()
    assert isinstance(parsed.declaration, syntax.ConstantDeclaration)
    theirs = ast.parse(f"x = {text}").body[0]
    assert isinstance(theirs, ast.Assign)
    assert ours(parsed.declaration.value) == python(theirs.value)


def place(node: ast.expr) -> tuple[int, int]:
    assert node.end_col_offset is not None
    return node.col_offset, node.end_col_offset


def ours(node: Any) -> Any:
    """Our node in a form that both can be brought into: name, place, children."""
    if node is None:
        return None
    if isinstance(node, tuple):
        return tuple(ours(each) for each in node)
    at = tuple(node.span) if isinstance(node, syntax.Node) else ()
    match node:
        case syntax.Name(text=text):
            return ("Name", at, text)
        case syntax.Constant(value=value) | syntax.String(value=value):
            return ("Constant", at, value)
        case syntax.FString(parts=parts):
            return ("FString", at, merged(parts))
        case syntax.Attribute(value=value, name=name):
            return ("Attribute", at, ours(value), name.text)
        case syntax.Call(function=function, arguments=arguments):
            positional = [
                ("Starred", tuple(each.span), ours(each.value)) if each.star == "*" else ours(each.value)
                for each in arguments
                if each.name is None and each.star != "**"
            ]
            named = [(each.name.text if each.name else None, ours(each.value)) for each in arguments
                     if each.name is not None or each.star == "**"]  # fmt: skip
            return ("Call", at, ours(function), positional, named)
        case syntax.Subscript(value=value, index=index):
            return ("Subscript", at, ours(value), ours(index))
        case syntax.Slice(lower=lower, upper=upper, step=step):
            return ("Slice", at, ours(lower), ours(upper), ours(step))
        case syntax.Unary(operator=operator, operand=operand):
            return ("Unary", at, operator, ours(operand))
        case syntax.Binary(left=left, operator=operator, right=right):
            return ("Binary", at, ours(left), operator, ours(right))
        case syntax.Boolean(operator=operator, values=values):
            return ("Boolean", at, operator, ours(values))
        case syntax.Comparison(left=left, operators=operators, rights=rights):
            return ("Comparison", at, ours(left), operators, ours(rights))
        case syntax.Conditional(body=body, test=test, otherwise=otherwise):
            return ("Conditional", at, ours(body), ours(test), ours(otherwise))
        case syntax.Lambda(parameters=parameters, body=body):
            names = [each.name.text for each in parameters if each.name]
            return (
                "Lambda",
                at,
                names,
                [ours(each.default) for each in parameters if each.default],
                ours(body),
            )
        case syntax.Starred(value=value):
            return ("Starred", at, ours(value))
        case syntax.Tuple(elements=elements) | syntax.List(elements=elements) | syntax.Set(elements=elements):
            return (type(node).__name__, at, ours(elements))
        case syntax.Dict(entries=entries):
            return ("Dict", at, tuple((ours(each.key), ours(each.value)) for each in entries))
        case syntax.Comprehension(kind=kind, element=element, clauses=clauses):
            made = (
                ours((element.key, element.value)) if isinstance(element, syntax.DictEntry) else ours(element)
            )
            parts = tuple((ours(c.target), ours(c.iterable), ours(c.conditions)) for c in clauses)
            return ("Comprehension", () if kind == "generator" else at, kind, made, parts)
    raise AssertionError(node)


def merged(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(
        part
        if isinstance(part, str)
        else ("Interpolation", shape(ours(part.value)), part.conversion, merged(part.format))
        for part in parts
    )


OPERATORS: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.MatMult: "@", ast.Pow: "**", ast.LShift: "<<", ast.RShift: ">>",
    ast.BitOr: "|", ast.BitXor: "^", ast.BitAnd: "&",
    ast.USub: "-", ast.UAdd: "+", ast.Invert: "~", ast.Not: "not", ast.And: "and", ast.Or: "or",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip


def python(node: Any) -> Any:
    """Python's node in the same form."""
    if node is None:
        return None
    if isinstance(node, list):
        return tuple(python(each) for each in node)
    at = place(node)
    match node:
        case ast.Name(id=text):
            return ("Name", at, text)
        case ast.Constant(value=value):
            return ("Constant", at, value)
        case ast.JoinedStr():
            return ("FString", at, joined(node))
        case ast.Attribute(value=value, attr=name):
            return ("Attribute", at, python(value), name)
        case ast.Call(func=function, args=arguments, keywords=keywords):
            named = [(each.arg, python(each.value)) for each in keywords]
            return ("Call", at, python(function), list(python(arguments)), named)
        case ast.Subscript(value=value, slice=index):
            return ("Subscript", at, python(value), python(index))
        case ast.Slice(lower=lower, upper=upper, step=step):
            return ("Slice", at, python(lower), python(upper), python(step))
        case ast.UnaryOp(op=operator, operand=operand):
            return ("Unary", at, OPERATORS[type(operator)], python(operand))
        case ast.BinOp(left=left, op=operator, right=right):
            return ("Binary", at, python(left), OPERATORS[type(operator)], python(right))
        case ast.BoolOp(op=operator, values=values):
            return ("Boolean", at, OPERATORS[type(operator)], python(values))
        case ast.Compare(left=left, ops=operators, comparators=rights):
            return (
                "Comparison",
                at,
                python(left),
                tuple(OPERATORS[type(each)] for each in operators),
                python(rights),
            )
        case ast.IfExp(body=body, test=test, orelse=otherwise):
            return ("Conditional", at, python(body), python(test), python(otherwise))
        case ast.Lambda(args=arguments, body=body):
            defaults = [python(each) for each in arguments.defaults]
            return ("Lambda", at, [each.arg for each in arguments.args], defaults, python(body))
        case ast.Starred(value=value):
            return ("Starred", at, python(value))
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return (type(node).__name__, at, python(elements))
        case ast.Dict(keys=keys, values=values):
            return ("Dict", at, tuple(zip(python(keys), python(values), strict=True)))
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            kind = {"ListComp": "list", "SetComp": "set", "DictComp": "dict", "GeneratorExp": "generator"}
            made = python([node.key, node.value]) if isinstance(node, ast.DictComp) else python(node.elt)
            parts = tuple((python(c.target), python(c.iter), python(c.ifs)) for c in node.generators)
            name = kind[type(node).__name__]
            return ("Comprehension", () if name == "generator" else at, name, made, parts)
    raise AssertionError(ast.dump(node))


def joined(node: ast.JoinedStr) -> tuple[Any, ...]:
    found: list[Any] = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            found.append(part.value)
        elif isinstance(part, ast.FormattedValue):
            conversion = "" if part.conversion == -1 else chr(part.conversion)
            inner = joined(part.format_spec) if isinstance(part.format_spec, ast.JoinedStr) else ()
            found.append(("Interpolation", shape(python(part.value)), conversion, inner))
    return tuple(found)


def shape(value: Any) -> Any:
    """Without places: Python 3.11 counts those inside f-strings from elsewhere."""
    if isinstance(value, tuple | list):
        is_node = len(value) > 1 and isinstance(value[0], str) and isinstance(value[1], tuple)
        return tuple(shape(each) for index, each in enumerate(value) if not (is_node and index == 1))
    return value


def test_the_places_inside_an_f_string_are_those_in_the_text() -> None:
    text = 'x = f"é{a.b} {long!r:>{width}}"\n'
    declaration = parse_item(text).declaration
    assert isinstance(declaration, syntax.ConstantDeclaration)
    assert isinstance(declaration.value, syntax.FString)
    _, first, _, second = declaration.value.parts
    assert isinstance(first, syntax.Interpolation)
    assert isinstance(second, syntax.Interpolation)
    assert text[slice(*first.span)] == "{a.b}"
    assert text[slice(*first.value.span)] == "a.b"
    assert text[slice(*second.value.span)] == "long"
    inner = second.format[1]
    assert isinstance(inner, syntax.Interpolation)
    assert text[slice(*inner.value.span)] == "width"
