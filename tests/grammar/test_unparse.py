"""Syntax trees to text and back: the same tree, whatever the tree is."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dspyc.grammar import syntax
from dspyc.grammar.formatting.format import format_source
from dspyc.grammar.parse import parse, parse_item
from dspyc.grammar.source import Source, Span
from dspyc.grammar.trees import equal
from dspyc.grammar.unparse import unparse
from support.syntax_cases import FOLDER, read

S = Span(0, 0)
VALID = sorted((FOLDER / "valid").glob("*.dspy"))


def check(tree: syntax.Declaration, *, ignore_raw: bool = True) -> None:
    text = unparse(tree)
    (item,) = parse(Source("a.dspy", text)).items
    assert item.parsed.problems == ()
    assert equal(item.declaration, tree, ignore_raw=ignore_raw), text
    assert format_source(text) == text


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_the_programs_are_kept(path: Any) -> None:
    for item in parse(Source(path.name, read(path))).items:
        if item.declaration is not None:
            check(item.declaration, ignore_raw="\r" in item.text)


def test_a_formatted_program_is_written_as_it_stands() -> None:
    text = read(FOLDER / "valid" / "article.dspy")
    written = [unparse(item.declaration) for item in parse(Source("a", text)).items if item.declaration]
    assert "\n".join(written) == text


names = st.sampled_from(
    ["a", "b", "topic", "input", "match", "case", "lm", "type", "suggest", "where", "Größe"]
)
identifiers = names.map(lambda text: syntax.Identifier(S, text))
strings = (st.text(max_size=12) | st.sampled_from(["it's", 'say "a"', "x = 1\nlm b = 2", "\\d", "{a}"])).map(
    lambda value: syntax.String(S, value, "")
)
numbers = st.integers(0, 10**20) | st.floats(0, 1e300, allow_nan=False, allow_infinity=False)
constants = (numbers | st.sampled_from([None, True, False, ...])).map(lambda value: syntax.Constant(S, value))
leaves = names.map(lambda text: syntax.Name(S, text)) | constants | strings


def tuples(of: Any, least: int = 0, most: int = 3) -> Any:
    return st.lists(of, min_size=least, max_size=most).map(tuple)


def call_arguments(values: Any) -> Any:
    """Positional arguments, then named ones, each name once."""
    lambdas = st.builds(syntax.Lambda, st.just(S), tuples(lambda_parameters(values), most=2), values)
    positional = (values | lambdas).map(lambda value: syntax.Argument(S, None, value))
    starred = values.map(lambda value: syntax.Argument(S, None, value, "*"))
    spread = values.map(lambda value: syntax.Argument(S, None, value, "**"))
    return st.tuples(
        tuples(positional | starred, most=2), tuples(keywords(values), most=2), tuples(spread, most=1)
    ).map(lambda parts: parts[0] + unique(parts[1]) + parts[2])


def unique(nodes: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple({node.name.text: node for node in nodes}.values())


def keywords(values: Any) -> Any:
    return st.builds(lambda name, value: syntax.Argument(S, name, value), identifiers, values)


def lambda_parameters(values: Any) -> Any:
    return st.builds(
        lambda name, value: syntax.Parameter(S, name, None, value), identifiers, st.none() | values
    )


def targets() -> Any:
    name = names.map(lambda text: syntax.Name(S, text))
    several = tuples(name | name.map(lambda value: syntax.Starred(S, value)), 1, 3)
    return (
        name
        | several.map(lambda each: syntax.Tuple(S, each))
        | several.map(lambda each: syntax.List(S, each))
    )


def clauses(values: Any) -> Any:
    return tuples(
        st.builds(syntax.ComprehensionClause, st.just(S), targets(), values, tuples(values, most=2)), 1, 2
    )


def f_strings(values: Any) -> Any:
    """Texts and fields in turn; no field holds a string, whose quotes Python 3.11 may not take."""
    plain = names.map(lambda text: syntax.Name(S, text)) | st.builds(
        lambda text, name: syntax.Attribute(S, syntax.Name(S, text), name), names, identifiers
    )
    inner = (
        plain
        | st.builds(lambda a, b: syntax.Binary(S, a, "+", b), plain, plain)
        | plain.map(lambda a: syntax.Set(S, (a,)))
    )
    conversions = st.sampled_from(["", "r", "s", "a"])
    fields = st.builds(syntax.Interpolation, st.just(S), inner, conversions, st.just(()))
    nested = st.builds(syntax.Interpolation, st.just(S), plain, conversions, st.sampled_from([(), (">3",)]))
    formatted = nested | st.builds(
        lambda one, two: syntax.Interpolation(S, one, "", ("<", two)), plain, fields
    )
    texts = st.text(st.sampled_from("ab \"'{}\n\\é"), min_size=1, max_size=6)
    pairs = st.lists(st.tuples(st.none() | texts, fields | formatted), max_size=3)
    return pairs.map(
        lambda each: syntax.FString(S, tuple(part for pair in each for part in pair if part), "")
    ).filter(lambda node: bool(node.parts))


def larger(values: Any) -> Any:
    """Every kind of expression, made of smaller ones."""
    b = st.builds
    at = st.just(S)
    starred = values.map(lambda value: syntax.Starred(S, value))
    slices = b(syntax.Slice, at, st.none() | values, st.none() | values, st.none() | values)
    indexes = values | slices | tuples(values | slices, 1, 2).map(lambda each: syntax.Tuple(S, each))
    entries = b(syntax.DictEntry, at, st.none() | values, values)
    full = b(syntax.DictEntry, at, values, values)
    kinds = st.sampled_from(["list", "set", "generator"])
    comparisons = st.sampled_from(["<", "==", "!=", ">=", "in", "not in", "is", "is not"])
    return st.one_of(
        b(syntax.Attribute, at, values, identifiers),
        b(syntax.Call, at, values, call_arguments(values)),
        b(syntax.Subscript, at, values, indexes),
        b(syntax.Unary, at, st.sampled_from(["-", "+", "~", "not"]), values),
        b(
            syntax.Binary,
            at,
            values,
            st.sampled_from(["+", "-", "*", "/", "//", "%", "@", "**", "|", "^", "&", "<<", ">>"]),
            values,
        ),
        b(syntax.Boolean, at, st.sampled_from(["and", "or"]), tuples(values, 2)),
        b(
            lambda left, pairs: syntax.Comparison(
                S, left, tuple(p[0] for p in pairs), tuple(p[1] for p in pairs)
            ),
            values,
            st.lists(st.tuples(comparisons, values), min_size=1, max_size=2),
        ),
        b(syntax.Conditional, at, values, values, values),
        tuples(values | starred).map(lambda each: syntax.Tuple(S, each)),
        tuples(values | starred).map(lambda each: syntax.List(S, each)),
        tuples(values | starred, 1).map(lambda each: syntax.Set(S, each)),
        tuples(entries).map(lambda each: syntax.Dict(S, each)),
        b(syntax.Comprehension, at, kinds, values, clauses(values)),
        b(syntax.Comprehension, at, st.just("dict"), full, clauses(values)),
        f_strings(values),
    )


expressions = st.recursive(leaves, larger, max_leaves=8)
small = st.recursive(leaves, larger, max_leaves=3)
types = names.map(lambda text: syntax.Name(S, text)) | st.builds(
    lambda a, b: syntax.Binary(S, syntax.Name(S, a), "|", syntax.Name(S, b)), names, names
)


def patterns() -> Any:
    dotted = st.builds(lambda a, b: syntax.Attribute(S, syntax.Name(S, a), b), names, identifiers)
    number = st.integers(0, 99).map(lambda value: syntax.Constant(S, value))
    literals = (
        strings
        | number
        | number.map(lambda value: syntax.Unary(S, "-", value))
        | st.just(syntax.Constant(S, None))
    )
    values = (literals | dotted).map(lambda value: syntax.ValuePattern(S, value))
    captures = identifiers.map(lambda name: syntax.CapturePattern(S, name))

    def more(inner: Any) -> Any:
        stars = identifiers.map(lambda name: syntax.StarPattern(S, name))
        pairs = st.tuples(literals | dotted, inner)
        named = st.tuples(identifiers, inner)
        return st.one_of(
            tuples(inner | stars).map(lambda each: syntax.SequencePattern(S, each)),
            st.builds(syntax.MappingPattern, st.just(S), tuples(pairs, most=2), st.none() | identifiers),
            st.builds(
                syntax.ClassPattern,
                st.just(S),
                names.map(lambda t: syntax.Name(S, t)),
                tuples(inner, most=2),
                tuples(named, most=2),
            ),
            tuples(inner, 2).map(lambda each: syntax.OrPattern(S, each)),
            st.builds(syntax.AsPattern, st.just(S), inner, identifiers),
        )

    return st.recursive(values | captures, more, max_leaves=5)


def statements() -> Any:
    b, at = st.builds, st.just(S)
    simple = st.one_of(
        b(syntax.Assign, at, targets(), small),
        b(syntax.AnnotatedAssign, at, identifiers, types, small),
        b(
            syntax.AugmentedAssign,
            at,
            names.map(lambda t: syntax.Name(S, t)),
            st.sampled_from(["+", "**", "//", "|"]),
            small,
        ),
        b(syntax.Return, at, st.none() | small, st.none()),
        b(lambda outputs: syntax.Return(S, None, unique(outputs)), tuples(keywords(small), 1)),
        b(syntax.Assert, at, small, st.none() | small, st.booleans()),
        st.sampled_from([syntax.Break(S), syntax.Continue(S), syntax.Pass(S)]),
        b(syntax.ExpressionStatement, at, small),
    )

    def blocks(inner: Any) -> Any:
        body = tuples(inner, 1, 2)
        branch = b(syntax.IfBranch, at, small, body)
        clause = b(syntax.ExceptClause, at, small, st.none() | identifiers, body)
        case = b(syntax.Case, at, patterns(), st.none() | small, body)
        return st.one_of(
            b(syntax.If, at, tuples(branch, 1, 2), st.just(()) | body),
            b(syntax.For, at, targets(), small, body),
            b(syntax.Match, at, small, tuples(case, 1, 2)),
            b(syntax.Try, at, body, tuples(clause, 1, 2)),
        )

    return st.recursive(simple, blocks, max_leaves=4)


def without_docstring(body: tuple[Any, ...]) -> bool:
    return not (isinstance(body[0], syntax.ExpressionStatement) and isinstance(body[0].value, syntax.String))


def all_different(parameters: tuple[Any, ...]) -> bool:
    names = [each.name.text for each in parameters if each.name is not None]
    return len(names) == len(set(names))


def in_order(parameters: tuple[Any, ...]) -> bool:
    """Of positional parameters, those with a default come last."""
    positional = list(takewhile(lambda each: each.name is not None, parameters))
    return positional == sorted(positional, key=lambda each: each.default is not None)


def field_of(directions: Any) -> Any:
    optional = st.none() | small
    condition = st.just((None, None)) | st.tuples(small.filter(is_one_condition), st.none() | strings)
    return st.builds(
        lambda direction, name, kind, default, where, description: syntax.Field(
            S, direction, name, kind, default, *where, description
        ),
        directions,
        identifiers,
        types,
        optional,
        condition,
        st.none() | strings,
    )


def is_one_condition(node: Any) -> bool:
    """Brackets around a condition may hold its message, too."""
    return not isinstance(node, syntax.Tuple)


def declarations() -> Any:
    b, at = st.builds, st.just(S)
    body = tuples(statements(), 1, 3).filter(without_docstring)
    docstring = st.none() | strings
    optional = st.none() | small
    attribute = field_of(st.just("attribute"))
    fields = field_of(st.sampled_from(["input", "output"]))
    removals = tuples(b(syntax.Removal, at, tuples(identifiers, 1)), most=1)
    bases = st.just((None, ())) | st.tuples(types, removals)
    demo = b(lambda each: syntax.Demo(S, unique(each)), tuples(keywords(small), 1))
    member = b(syntax.Member, at, identifiers, optional, docstring)
    part = b(syntax.Part, at, identifiers, small)
    parameter = b(lambda n, t, d: syntax.Parameter(S, n, t, d), identifiers, st.none() | types, optional)
    star = st.just((syntax.Parameter(S, None, None, None, "*"),))
    keyword_only = b(lambda a, s, c: a + s + c, tuples(parameter, most=1), star, tuples(parameter, 1, 1))
    parameters = (tuples(parameter, most=2) | keyword_only).filter(all_different).filter(in_order)
    imported = b(syntax.ImportedName, at, identifiers, st.none() | identifiers)
    kinds = st.sampled_from(["lm", "tools", "optimizer", "program", "evaluate", "module", "signature"])
    one = identifiers.map(lambda name: (name,))
    return st.one_of(
        strings.map(lambda value: syntax.FileDocstring(S, value)),
        b(syntax.FromImport, at, st.integers(0, 4), tuples(identifiers, 1), tuples(imported, 1)),
        b(syntax.Import, at, tuples(identifiers, 1), st.none() | identifiers),
        b(syntax.ValueDeclaration, at, kinds, one, expressions),
        b(syntax.ValueDeclaration, at, st.just("dataset"), tuples(identifiers, 1), expressions),
        b(syntax.TypeAliasDeclaration, at, identifiers, types),
        b(
            lambda name, base, doc, own: syntax.TypeDeclaration(S, name, base[0], doc, own, base[1]),
            identifiers,
            bases,
            docstring,
            tuples(attribute, 1),
        ),
        b(syntax.EnumDeclaration, at, identifiers, docstring, tuples(member, 1)),
        b(
            lambda name, base, doc, own, demos: syntax.SignatureDeclaration(
                S, name, base[0], doc, own, base[1], demos
            ),
            identifiers,
            bases,
            docstring,
            tuples(fields, 1),
            tuples(demo, most=1),
        ),
        b(
            syntax.ModuleDeclaration,
            at,
            identifiers,
            parameters,
            docstring,
            tuples(fields, 1),
            tuples(part),
            body,
            st.none() | body,
        ),
        b(syntax.FunctionDeclaration, at, identifiers, parameters, st.none() | types, docstring, body),
        b(syntax.TestDeclaration, at, strings, body),
        b(syntax.ConstantDeclaration, at, identifiers, st.none() | types, expressions),
        b(syntax.ConfigureDeclaration, at, call_arguments(small)),
    )


SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@given(expressions)
@SETTINGS
def test_any_expression(node: Any) -> None:
    check(syntax.ConstantDeclaration(S, syntax.Identifier(S, "x"), None, node))


@given(declarations())
@SETTINGS
def test_any_declaration(tree: Any) -> None:
    check(tree)


def test_every_kind_of_node_is_made_by_the_strategies() -> None:
    """So that a new node cannot be forgotten here."""
    text = Path(__file__).read_text(encoding="utf-8")
    kinds = {
        name
        for name, each in vars(syntax).items()
        if isinstance(each, type) and issubclass(each, syntax.Node)
    }
    missing = {name for name in kinds - {"Node", "Missing"} if f"syntax.{name}" not in text}
    assert missing == set()


def test_what_is_missing_has_no_text() -> None:
    declaration = parse_item("x = 1 +\n").declaration
    assert declaration is not None
    with pytest.raises(ValueError, match="missing"):
        unparse(declaration)


def test_an_f_string_that_python_3_11_cannot_read_has_no_text() -> None:
    newline = syntax.Interpolation(S, syntax.String(S, "\n", ""), "", ())
    tree = syntax.ConstantDeclaration(S, syntax.Identifier(S, "x"), None, syntax.FString(S, (newline,), ""))
    with pytest.raises(ValueError, match="give its values names"):
        unparse(tree)


def test_a_name_changed_in_an_f_string_is_written() -> None:
    declaration = parse_item('x = f"{a} and {b!r:>3}"\n').declaration
    assert isinstance(declaration, syntax.ConstantDeclaration)
    assert isinstance(declaration.value, syntax.FString)
    first, *rest = declaration.value.parts
    assert isinstance(first, syntax.Interpolation)
    renamed = syntax.Interpolation(S, syntax.Name(S, "c"), "", ())
    value = syntax.FString(S, (renamed, *rest), declaration.value.raw)
    tree = syntax.ConstantDeclaration(S, declaration.name, None, value)
    assert unparse(tree) == 'x = f"{c} and {b!r:>3}"\n'
