"""Declarations: what each rule of the grammar's upper part becomes."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from .. import syntax
from ..problems import MISPLACED_DOCSTRING, replacement
from ..source import Span
from .context import Children, Context, identifier


class Suite(Struct, frozen=True):
    """`forward:` or `fallback:` and its statements, on the way into a module."""

    span: Span
    word: Literal["forward", "fallback"]
    body: tuple[syntax.Statement, ...]


_NAME = r"(?!\d)\w+(?:\.(?!\d)\w+)*"
_TYPE = re.compile(rf"{_NAME}(?:\[[\w., |\[\]]+\])?(?: ?\| ?{_NAME}(?:\[[\w., |\[\]]+\])?)*")
"""What reads as a type, and not as a description that stands where the type should."""


def check_type(context: Context, node: syntax.Expression | None) -> None:
    """Report a type that is written as a string."""
    if isinstance(node, syntax.String):
        context.report(
            "E027",
            node.span,
            "a type is written without quotes",
            fix=replacement("Remove the quotes", node.span.start, node.span.end, node.value, "unsafe")
            if _TYPE.fullmatch(node.value)
            else None,
        )


# --- the head of a file


def file_docstring(context: Context, children: Children, span: Span) -> syntax.FileDocstring:
    """The string at the top of a file."""
    return syntax.FileDocstring(span, children[0])


def from_import(_: Context, children: Children, span: Span) -> syntax.FromImport:
    """`from ..a.b import c as d`"""
    level, module = children[0]
    return syntax.FromImport(span, level, module, tuple(children[1:]))


def import_source(_: Context, children: Children, span: Span) -> tuple[int, tuple[syntax.Identifier, ...]]:
    """`..a.b`: how many dots, and the names."""
    level = children[0] if isinstance(children[0], int) else 0
    module = children[-1] if isinstance(children[-1], tuple) else ()
    return level, module


def dots(_: Context, children: Children, span: Span) -> int:
    """How many leading dots an import has."""
    return sum(len(token.text) for token in children)


def dotted(_: Context, children: Children, span: Span) -> tuple[syntax.Identifier, ...]:
    """`a.b.c`"""
    return tuple(identifier(token) for token in children)


def imported_name(_: Context, children: Children, span: Span) -> syntax.ImportedName:
    """`name as alias`"""
    alias = None if children[1] is None else identifier(children[1])
    return syntax.ImportedName(span, identifier(children[0]), alias)


def plain_import(_: Context, children: Children, span: Span) -> syntax.Import:
    """`import a.b as c`"""
    return syntax.Import(span, children[0], None if children[1] is None else identifier(children[1]))


# --- declarations of one line


def value_declaration(context: Context, children: Children, span: Span) -> syntax.ValueDeclaration:
    """`lm name = value`"""
    kind, names_ = children[0].text, children[1]
    if len(names_) > 1 and kind != "dataset":
        context.report(
            "E001",
            Span(names_[1].span.start, names_[-1].span.end),
            f"`{kind}` declares a single name; only `dataset` can declare several",
        )
    return syntax.ValueDeclaration(span, kind, names_, children[2])


def names(_: Context, children: Children, span: Span) -> tuple[syntax.Identifier, ...]:
    """`train, dev, test`"""
    return tuple(identifier(token) for token in children)


def module_value(_: Context, children: Children, span: Span) -> syntax.ValueDeclaration:
    """`module name = value`"""
    return syntax.ValueDeclaration(span, "module", (identifier(children[0]),), children[1])


def signature_value(_: Context, children: Children, span: Span) -> syntax.ValueDeclaration:
    """`signature name = value`"""
    return syntax.ValueDeclaration(span, "signature", (identifier(children[0]),), children[1])


def alias_declaration(context: Context, children: Children, span: Span) -> syntax.TypeAliasDeclaration:
    """`type name = type`"""
    check_type(context, children[1])
    return syntax.TypeAliasDeclaration(span, identifier(children[0]), children[1])


def constant_declaration(context: Context, children: Children, span: Span) -> syntax.ConstantDeclaration:
    """`NAME: type = value`"""
    check_type(context, children[1])
    return syntax.ConstantDeclaration(span, identifier(children[0]), children[1], children[2])


def configure_declaration(_: Context, children: Children, span: Span) -> syntax.ConfigureDeclaration:
    """`configure(…)`"""
    return syntax.ConfigureDeclaration(span, children[0] or ())


# --- declarations with a body


def type_declaration(context: Context, children: Children, span: Span) -> syntax.TypeDeclaration:
    """`type name(base):` and its attributes."""
    docstring, members = _split_docstring(context, children[2:])
    attributes = tuple(member for member in members if isinstance(member, syntax.Field))
    removals = _removals(context, children[1], members)
    return syntax.TypeDeclaration(span, identifier(children[0]), children[1], docstring, attributes, removals)


def enum_declaration(context: Context, children: Children, span: Span) -> syntax.EnumDeclaration:
    """`enum name:` and its members."""
    docstring, members = _split_docstring(context, _named_members(context, children[1:]))
    found = tuple(member for member in members if isinstance(member, syntax.Member))
    return syntax.EnumDeclaration(span, identifier(children[0]), docstring, found)


def _named_members(context: Context, members: Children) -> Children:
    """The members, strings among them where there is nothing but strings: these are told once."""
    if len(members) < 2 or not all(isinstance(each, syntax.String) for each in members):
        return members
    docstring = [members[0]] if members[0].raw[:3] in {'"""', "'''"} else []
    first = members[1]
    name = first.value if first.value.isidentifier() else "NAME"
    shown = f"`{name}`, or `{name} = {first.raw[:40]}`"
    context.report("E001", first.span, f"a member of an enumeration is a name: {shown}")
    named = [each for each in members if each not in docstring]
    return [*docstring, *(syntax.Member(each.span, _name_of(each), each, None) for each in named)]


def _name_of(string: syntax.String) -> syntax.Identifier:
    """The name that a string in the place of one stands for."""
    return syntax.Identifier(string.span, string.value if string.value.isidentifier() else "")


def signature_declaration(context: Context, children: Children, span: Span) -> syntax.SignatureDeclaration:
    """`signature name(base):` and its fields and demos."""
    docstring, members = _split_docstring(context, children[2:])
    fields = tuple(member for member in members if isinstance(member, syntax.Field))
    demos = tuple(member for member in members if isinstance(member, syntax.Demo))
    _check_typed(context, fields)
    removals = _removals(context, children[1], members)
    return syntax.SignatureDeclaration(
        span, identifier(children[0]), children[1], docstring, fields, removals, demos
    )


def _removals(
    context: Context, base: syntax.Expression | None, members: Children
) -> tuple[syntax.Removal, ...]:
    """The `del` lines of a body, which only a declaration with a base can have."""
    found = tuple(member for member in members if isinstance(member, syntax.Removal))
    if isinstance(base, syntax.Tuple):
        context.report("E019", base.span, "a declaration can extend only one other")
    if base is None and found:
        context.report(
            "E023",
            _first_line(context, found[0].span),
            "`del` removes a field of the base; this declaration has none",
            "write the base behind the name: `NAME(Base):`",
        )
    return found


def module_declaration(context: Context, children: Children, span: Span) -> syntax.ModuleDeclaration:
    """`module name(parameters):` and its fields, parts, `forward` and `fallback`."""
    docstring, members = _split_docstring(context, children[2:])
    fields = tuple(member for member in members if isinstance(member, syntax.Field))
    parts_ = tuple(member for member in members if isinstance(member, syntax.Part))
    suites = _check_suites(context, members)
    forward_ = suites.get("forward")
    _check_typed(context, fields if forward_ is None else tuple(f for f in fields if f.direction == "input"))
    fallback_ = suites.get("fallback")
    return syntax.ModuleDeclaration(
        span,
        identifier(children[0]),
        children[1] or (),
        docstring,
        fields,
        parts_,
        None if forward_ is None else forward_.body,
        None if fallback_ is None else fallback_.body,
    )


def _check_suites(context: Context, members: Children) -> dict[str, Suite]:
    """The `forward` and `fallback` of a module; they stand last, each once and in this order."""
    suites: dict[str, Suite] = {}
    for member in members:
        if isinstance(member, Suite):
            span = Span(member.span.start, member.span.start + len(member.word))
            if member.word in suites:
                context.report("E023", span, f"this module already has a `{member.word}:`")
                continue
            if member.word == "fallback" and "forward" not in suites:
                context.report("E023", span, "`fallback:` must come after `forward:`")
            suites[member.word] = member
        elif suites and not isinstance(member, syntax.String):
            what = "a field" if isinstance(member, syntax.Field) else "a part"
            span = _first_line(context, member.span)
            context.report("E023", span, f"{what} must come before `forward:`")
    return suites


def _check_typed(context: Context, fields: tuple[syntax.Field, ...]) -> None:
    for field_ in fields:
        if field_.type is None:
            _report_untyped(context, field_)


def _report_untyped(context: Context, field_: syntax.Field) -> None:
    name, default = field_.name, field_.default
    if isinstance(default, syntax.Name | syntax.Subscript | syntax.Binary) and field_.where is None:
        equal = context.text.index("=", name.span.end)
        context.report(
            "E001",
            Span(equal, equal + 1),
            f"expected `:` and a type after `{name.text}`, found `=`",
            "a default follows the type: `name: type = default`",
            replacement("Write `:`", name.span.end, default.span.start, ": ", "unsafe"),
        )
        return
    context.report(
        "E025",
        name.span,
        f"the {field_.direction} `{name.text}` has no type",
        f"write `{field_.direction} {name.text}: str`, or another type",
        replacement("Write `: str`", name.span.end, name.span.end, ": str", "unsafe"),
    )


def _split_docstring(context: Context, members: Children) -> tuple[syntax.String | None, Children]:
    """The docstring, which stands first, and what follows."""
    for member in members[1:]:
        if isinstance(member, syntax.String):
            context.report(
                "E023",
                _first_line(context, member.span),
                MISPLACED_DOCSTRING,
                "write a description after the field that it describes",
            )
    if members and isinstance(members[0], syntax.String):
        return members[0], members[1:]
    return None, members


def _first_line(context: Context, span: Span) -> Span:
    newline = context.text.find("\n", span.start, span.end)
    return span if newline < 0 else Span(span.start, newline)


def documentation(context: Context, children: Children, span: Span) -> syntax.String:
    """The docstring in the body of a declaration."""
    docstring: syntax.String = children[0]
    return docstring


def removal(_: Context, children: Children, span: Span) -> syntax.Removal:
    """`del a, b`"""
    return syntax.Removal(span, tuple(identifier(token) for token in children))


def field(context: Context, children: Children, span: Span) -> syntax.Field:
    """`input name: type = default where condition, "message" "description"`"""
    direction, *rest = children
    return _field(context, rest, span, "input" if direction.text == "input" else "output")


def _field(
    context: Context, children: Children, span: Span, direction: Literal["input", "output", "attribute"]
) -> syntax.Field:
    name_, type_, default, where, message, description = children
    check_type(context, type_)
    match where:
        # `where (CONDITION, "message")`: the brackets hold both, as those of `return (…)` hold all.
        case syntax.Tuple(elements=(condition, syntax.String() as said)) if message is None:
            where, message = condition, said
    return syntax.Field(span, direction, identifier(name_), type_, default, where, message, description)


def attribute(context: Context, children: Children, span: Span) -> syntax.Field:
    """`name: type = default where condition, "message" "description"` of a record"""
    return _field(context, children, span, "attribute")


def demo(_: Context, children: Children, span: Span) -> syntax.Demo:
    """`demo question="…", answer="…"`"""
    return syntax.Demo(span, tuple(children))


def member(context: Context, children: Children, span: Span) -> syntax.Member:
    """`NAME = value "description"`"""
    name_, value, description = children
    return syntax.Member(span, identifier(name_), value, description)


def part(_: Context, children: Children, span: Span) -> syntax.Part:
    """`name = Constructor(…)`"""
    return syntax.Part(span, identifier(children[0]), children[1])


def forward(_: Context, children: Children, span: Span) -> Suite:
    """`forward:`"""
    return Suite(span, "forward", children[0])


def fallback(_: Context, children: Children, span: Span) -> Suite:
    """`fallback:`"""
    return Suite(span, "fallback", children[0])


def function_declaration(context: Context, children: Children, span: Span) -> syntax.FunctionDeclaration:
    """`def name(parameters) -> type:`"""
    name_, parameters_, returns, body = children
    check_type(context, returns)
    docstring: syntax.String | None = None
    if body and isinstance(body[0], syntax.ExpressionStatement) and isinstance(body[0].value, syntax.String):
        docstring, body = body[0].value, body[1:]
    return syntax.FunctionDeclaration(span, identifier(name_), parameters_ or (), returns, docstring, body)


def parameters(context: Context, children: Children, span: Span) -> tuple[syntax.Parameter, ...]:
    """What stands between the brackets of a function's or module's head."""
    seen: set[str] = set()
    default_seen = star_seen = False
    for parameter_ in children:
        if parameter_.name is None:
            if star_seen:
                context.report("E024", parameter_.span, "only one `*` is allowed")
            elif parameter_ is children[-1]:
                context.report("E024", parameter_.span, "`*` must be followed by at least one parameter")
            star_seen = True
            continue
        name_ = parameter_.name
        if name_.text and name_.text in seen:
            context.report("E024", name_.span, f"the parameter `{name_.text}` is declared twice")
        seen.add(name_.text)
        if parameter_.default is None and default_seen and not star_seen:
            context.report(
                "E024", name_.span, f"`{name_.text}` needs a default, because a parameter before it has one"
            )
        default_seen = default_seen or parameter_.default is not None
    return tuple(children)


def parameter(context: Context, children: Children, span: Span) -> syntax.Parameter:
    """`name: type = default`"""
    check_type(context, children[1])
    return syntax.Parameter(span, identifier(children[0]), children[1], children[2])


def star_parameter(_: Context, children: Children, span: Span) -> syntax.Parameter:
    """`*`, behind which parameters are given by name."""
    return syntax.Parameter(span, None, None, None, "*")


def test_declaration(context: Context, children: Children, span: Span) -> syntax.TestDeclaration:
    """`test "title":`"""
    return syntax.TestDeclaration(span, children[0], children[1])


# --- what stands inside other texts


def inline_signature(
    _: Context, children: Children, span: Span
) -> tuple[tuple[syntax.Field, ...], tuple[syntax.Field, ...]]:
    """`a, b: T -> c`: the inputs and the outputs."""
    inputs, outputs = children
    return _directed(inputs or (), "input"), _directed(outputs or (), "output")


def _directed(
    fields: tuple[syntax.Field, ...], direction: Literal["input", "output"]
) -> tuple[syntax.Field, ...]:
    return tuple(
        syntax.Field(f.span, direction, f.name, f.type, f.default, f.where, f.message, f.description)
        for f in fields
    )


def inline_fields(_: Context, children: Children, span: Span) -> tuple[syntax.Field, ...]:
    """`a, b: T`"""
    return tuple(children)


def inline_field(context: Context, children: Children, span: Span) -> syntax.Field:
    """`a` or `a: T`; a default, which is written in a block only, is a problem."""
    name, kind, default = identifier(children[0]), children[1], children[2]
    if default is not None:
        # Where the sign itself is missing, it was put in while the text was mended.
        sign = context.text.rfind("=", name.span.end, default.span.start)
        context.report(
            "E001",
            Span(sign if sign >= 0 else default.span.start, default.span.end),
            f"`{name.text}` cannot have a default in the string form of a signature",
            "declare the signature in a block, where a field can have one: `input name: type = default`",
        )
    return syntax.Field(span, "attribute", name, kind, default, None, None, None)
