"""Statements and patterns: what each rule of these parts of the grammar becomes."""

from __future__ import annotations

from .. import syntax
from ..problems import replacement
from ..source import Span
from .context import Children, Context, identifier
from .expressions import constant, number
from .strings import string_node


def block(_: Context, children: Children, span: Span) -> tuple[syntax.Statement, ...]:
    """The statements of a suite."""
    return tuple(children)


def assign(context: Context, children: Children, span: Span) -> syntax.Assign:
    """`target = value`"""
    check_target(context, children[0])
    return syntax.Assign(span, children[0], children[1])


def annotated_assign(_: Context, children: Children, span: Span) -> syntax.AnnotatedAssign:
    """`name: type = value`"""
    return syntax.AnnotatedAssign(span, identifier(children[0]), children[1], children[2])


def augmented_assign(context: Context, children: Children, span: Span) -> syntax.AugmentedAssign:
    """`target += value`"""
    target = children[0]
    if isinstance(target, syntax.Tuple | syntax.List):
        context.report("E020", target.span, f"`{children[1].text}` takes a single variable on its left")
    else:
        check_target(context, target)
    return syntax.AugmentedAssign(span, target, children[1].text[:-1], children[2])


def check_target(context: Context, target: syntax.Expression) -> None:
    """Report a target that is not a name, or a tuple or list of such."""
    match target:
        case syntax.Name() | syntax.Missing():
            return
        case syntax.Tuple(elements=elements) | syntax.List(elements=elements):
            for element in elements:
                check_target(context, element)
        case syntax.Starred(value=value):
            check_target(context, value)
        case syntax.Attribute():
            _report_target(context, target, "attributes cannot be assigned to; values are immutable")
        case syntax.Subscript():
            _report_target(context, target, "items cannot be assigned to; values are immutable")
        case _:
            context.report("E020", target.span, "only names can be assigned to", "use `==` to compare")


def _report_target(context: Context, target: syntax.Expression, message: str) -> None:
    context.report("E020", target.span, message, "assign a new value to a name")


def expression_statement(_: Context, children: Children, span: Span) -> syntax.ExpressionStatement:
    """An expression that stands alone."""
    return syntax.ExpressionStatement(span, children[0])


def return_statement(_: Context, children: Children, span: Span) -> syntax.Return:
    """`return` or `return value`"""
    return syntax.Return(span, children[0], None)


def return_outputs(_: Context, children: Children, span: Span) -> syntax.Return:
    """`return a=x, **found`"""
    return syntax.Return(span, None, tuple(children))


def assert_statement(_: Context, children: Children, span: Span) -> syntax.Assert:
    """`assert test, message`"""
    return syntax.Assert(span, children[0], children[1], suggest=False)


def suggest_statement(_: Context, children: Children, span: Span) -> syntax.Assert:
    """`suggest test, message`"""
    return syntax.Assert(span, children[0], children[1], suggest=True)


def break_statement(_: Context, children: Children, span: Span) -> syntax.Break:
    """`break`"""
    return syntax.Break(span)


def continue_statement(_: Context, children: Children, span: Span) -> syntax.Continue:
    """`continue`"""
    return syntax.Continue(span)


def pass_statement(_: Context, children: Children, span: Span) -> syntax.Pass:
    """`pass`"""
    return syntax.Pass(span)


def if_statement(_: Context, children: Children, span: Span) -> syntax.If:
    """`if`, its `elif`s and its `else`."""
    return syntax.If(span, tuple(children[:-1]), children[-1] or ())


def if_branch(_: Context, children: Children, span: Span) -> syntax.IfBranch:
    """`if test:` or `elif test:`"""
    return syntax.IfBranch(span, children[0], children[1])


def for_statement(_: Context, children: Children, span: Span) -> syntax.For:
    """`for target in iterable:`"""
    return syntax.For(span, children[0], children[1], children[2])


def match_statement(_: Context, children: Children, span: Span) -> syntax.Match:
    """`match subject:`"""
    return syntax.Match(span, children[0], tuple(children[1:]))


def try_statement(context: Context, children: Children, span: Span) -> syntax.Try:
    """`try:` and its `except`s."""
    body, *clauses = children
    keyword = Span(span.start, span.start + len("try"))
    if not clauses:
        context.report(
            "E023", keyword, "`try` needs an `except` below its block", "write `except LMError as error:`"
        )
    return syntax.Try(span, body, tuple(clauses))


def except_clause(context: Context, children: Children, span: Span) -> syntax.ExceptClause:
    """`except kind as name:`"""
    kind, name, body = children
    if kind is None:
        keyword = Span(span.start, span.start + len("except"))
        context.report(
            "E019",
            keyword,
            "`except` must name the errors that it catches",
            "write `except LMError as error:`, or `except DspycError as error:` for all runtime errors",
        )
        kind = syntax.Missing(Span(keyword.end, keyword.end))
    return syntax.ExceptClause(span, kind, None if name is None else identifier(name), body)


def case(_: Context, children: Children, span: Span) -> syntax.Case:
    """`case pattern if guard:`"""
    return syntax.Case(span, children[0], children[1], children[2])


# --- patterns


def literal_pattern(context: Context, children: Children, span: Span) -> syntax.ValuePattern:
    """`"a"`, `1`, `-1`, `None`"""
    last = children[-1]
    if isinstance(last, syntax.FString):
        advice = 'compare in a guard: `case x if x == f"…":`'
        context.report("E022", span, "an f-string cannot be a pattern", advice)
        return syntax.ValuePattern(span, last)
    first = last.text[:1]
    if first in "NTF.":
        return syntax.ValuePattern(span, constant(context, children, span))
    if not first.isdigit():
        return syntax.ValuePattern(span, string_node(context, last))
    value: syntax.Expression = number(context, [last], last.span)
    if len(children) == 2:
        sign = children[0]
        value = syntax.Unary(span, sign.text, value)
        if sign.text == "+":
            fix = replacement("Remove the `+`", sign.start, sign.end, "", "safe")
            context.report("E001", sign.span, "a number in a pattern cannot have a `+`", fix=fix)
    return syntax.ValuePattern(span, value)


def name_pattern(_: Context, children: Children, span: Span) -> syntax.Pattern:
    """A name binds; a dotted name is a value."""
    names: tuple[syntax.Identifier, ...] = children[0]
    if len(names) == 1:
        return syntax.CapturePattern(span, names[0])
    return syntax.ValuePattern(span, dotted_expression(names))


def dotted_expression(names: tuple[syntax.Identifier, ...]) -> syntax.Expression:
    """`a.b.c` as an expression."""
    value: syntax.Expression = syntax.Name(names[0].span, names[0].text)
    for attribute in names[1:]:
        value = syntax.Attribute(Span(names[0].span.start, attribute.span.end), value, attribute)
    return value


def class_pattern(context: Context, children: Children, span: Span) -> syntax.ClassPattern:
    """`Entity(name=n)`"""
    positional: list[syntax.Pattern] = []
    keywords: list[tuple[syntax.Identifier, syntax.Pattern]] = []
    for child in children[1] or ():
        if isinstance(child, tuple):
            keywords.append(child)
        else:
            if keywords:
                context.report("E024", child.span, "a positional pattern cannot follow a named one")
            positional.append(child)
    return syntax.ClassPattern(span, dotted_expression(children[0]), tuple(positional), tuple(keywords))


def pattern_arguments(_: Context, children: Children, span: Span) -> Children:
    """What stands between the brackets of a class pattern."""
    return children


def keyword_pattern(_: Context, children: Children, span: Span) -> tuple[syntax.Identifier, syntax.Pattern]:
    """`name=pattern`"""
    return identifier(children[0]), children[1]


def sequence_pattern(_: Context, children: Children, span: Span) -> syntax.SequencePattern:
    """`[a, *rest]`"""
    return syntax.SequencePattern(span, tuple(children))


def closed_sequence_pattern(_: Context, children: Children, span: Span) -> syntax.SequencePattern:
    """`(a, b)`"""
    return syntax.SequencePattern(span, children[0].elements)


def open_sequence_pattern(_: Context, children: Children, span: Span) -> syntax.SequencePattern:
    """`a, b`"""
    return syntax.SequencePattern(span, tuple(children))


def group_pattern(_: Context, children: Children, span: Span) -> syntax.Pattern:
    """`(pattern)` is the pattern."""
    pattern: syntax.Pattern = children[0]
    return pattern


def star_pattern(_: Context, children: Children, span: Span) -> syntax.StarPattern:
    """`*rest`"""
    return syntax.StarPattern(span, identifier(children[0]))


def or_pattern(_: Context, children: Children, span: Span) -> syntax.OrPattern:
    """`a | b`"""
    return syntax.OrPattern(span, tuple(children))


def as_pattern(_: Context, children: Children, span: Span) -> syntax.AsPattern:
    """`pattern as name`"""
    return syntax.AsPattern(span, children[0], identifier(children[1]))


def mapping_pattern(_: Context, children: Children, span: Span) -> syntax.MappingPattern:
    """`{"key": pattern, **rest}`"""
    entries = tuple(child for child in children if isinstance(child, tuple))
    rests = [child for child in children if isinstance(child, syntax.Identifier)]
    return syntax.MappingPattern(span, entries, rests[-1] if rests else None)


def mapping_entry(_: Context, children: Children, span: Span) -> tuple[syntax.Expression, syntax.Pattern]:
    """`"key": pattern`"""
    key = children[0]
    if isinstance(key, syntax.ValuePattern):
        return key.value, children[1]
    return syntax.Name(key.span, key.name.text), children[1]


def mapping_rest(_: Context, children: Children, span: Span) -> syntax.Identifier:
    """`**rest`"""
    return identifier(children[0])
