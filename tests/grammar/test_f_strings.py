"""f-strings: what is between their braces is read, repaired and laid out like everything else."""

from __future__ import annotations

import ast
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dspyc.base.diagnostic import Diagnostic
from dspyc.grammar import syntax
from dspyc.grammar.formatting.format import format_source
from dspyc.grammar.lossless import tokenize
from dspyc.grammar.parse import parse_item


def problems(text: str) -> tuple[Diagnostic, ...]:
    return parse_item(text).problems


def applied(text: str, found: Diagnostic) -> str:
    assert found.fix is not None
    for edit in sorted(found.fix.edits, key=lambda edit: edit.span, reverse=True):
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text


PIECES = st.sampled_from(
    [
        *("{", "}", "{x}", "{x", "x}", "{{", "}}", '"', "'", "a", "\\n", "\\", "!r", "!", "=", ":", "{w}"),
        *(">3", "[", "]", "(", ")", 'd["k"]', "d['k']", " ", 'f"', "f'", "{f(x)}", "#", "\\N{BULLET}"),
        *("!=", "==", ":=", "{ {1} }", ",", "*a", "1", ".", "{x!r:>{w}}", "{x = }"),
    ]
)


@given(
    st.lists(PIECES, max_size=8).map("".join), st.sampled_from(["f", "rf", "F", "fR"]), st.sampled_from("\"'")
)
@settings(max_examples=400, deadline=None)
def test_an_f_string_is_one_where_python_reads_one(body: str, prefix: str, quote: str) -> None:
    """The language's f-strings are those of Python 3.11, which runs this test."""
    text = f"x = {prefix}{quote}{body}{quote}"
    assert "".join(lexeme.text for lexeme in tokenize(text)) == text
    found = problems(text + "\n")
    if any(each.code in {"E003", "E018"} for each in found):
        return  # strings side by side, which are Python's and not the language's
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            assert found, text
            return
    value = tree.body[0].value if isinstance(tree.body[0], ast.Assign) and len(tree.body) == 1 else None
    if isinstance(value, ast.JoinedStr):
        assert not found, text


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ('x = f"{d["x"]}"', "x = f\"{d['x']}\""),
        ("x = f'{d['x']}' + y", "x = f'{d[\"x\"]}' + y"),
        ('x = f"a {d["it\'s"]} b"', 'x = f"""a {d["it\'s"]} b"""'),
        ('x = g(f"{a["b"]} {c["d"]}", y)', "x = g(f\"{a['b']} {c['d']}\", y)"),
        ('x = f"{f"{x}"}"', "x = f\"{f'{x}'}\""),
        ('x = f"{", ".join(a)}"', "x = f\"{', '.join(a)}\""),
        ('x = f"""{d["""x"""]}"""', "x = f\"\"\"{d['''x''']}\"\"\""),
    ],
)
def test_quotes_nested_as_in_python_3_12_are_one_problem_with_a_safe_fix(text: str, mended: str) -> None:
    (found,) = problems(text + "\n")
    assert found.code == "E022"
    assert "own quotes" in found.message
    assert found.fix is not None
    assert found.fix.applicability == "safe"
    assert applied(text, found) == mended
    assert problems(mended + "\n") == ()


@pytest.mark.parametrize("text", ['x = f"{d["a\\n"]}"', 'x = f"{f"{d["x"]}"}"'])
def test_no_fix_is_offered_that_python_3_11_cannot_read(text: str) -> None:
    (found,) = problems(text + "\n")
    assert found.fixes == ()


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ('x = f"{a b}" + c', "E001", "expected `,` after `a`, found `b`"),
        ('x = f"{a +}" + c', "E001", "expected a value after `+`, found `}`"),
        ('x = f"{f(a}" + c', "E002", "expected `)` to close `(`"),
        ('x = f"{a[(1}" + c', "E002", "expected `)` to close `(`"),
        ('x = f"{a)}" + c', "E002", "`)` has no matching `(`"),
        ('x = f"{a && b}" + c', "E001", "use `and` instead of `&&`"),
        ('x = f"{a # c}" + c', "E022", "a comment is not allowed between the braces of an f-string"),
        ('x = f"{lambda: 1}" + c', "E014", "a `lambda` can only be an argument of a call"),
        ('x = f"{(lambda: 1)}" + c', "E014", "a `lambda` can only be an argument of a call"),
        (
            "x = f\"{'\\\\n'.join(a)}\"",
            "E022",
            "a backslash is not allowed between the braces of an f-string",
        ),
        ('x = f"hello {name', "E003", 'this string is never closed; expected `"`'),
        ('x = f"hello {name" + c', "E022", "`{` is never closed in this f-string"),
        ('x = f"hello {name["a" + c', "E022", "`{` is never closed in this f-string"),
        ('x = f"}{a}}" + c', "E022", "`}` has no matching `{` in this f-string"),
        ('x = "a" f"{b}"', "E018", "adjacent strings are not joined; write `+` between them"),
        ('x = f"{a}" f"{b}"', "E018", "adjacent strings are not joined; write `+` between them"),
    ],
)
def test_a_mistake_between_the_braces_is_one_problem(text: str, code: str, message: str) -> None:
    parsed = parse_item(text + "\n")
    assert [(each.code, each.message) for each in parsed.problems] == [(code, message)]
    assert isinstance(parsed.declaration, syntax.ConstantDeclaration)


def test_what_is_around_a_broken_field_is_read() -> None:
    declaration = parse_item('x = f"{a} {b c d} {e}" + g\n').declaration
    assert isinstance(declaration, syntax.ConstantDeclaration)
    value = declaration.value
    assert isinstance(value, syntax.Binary)
    assert isinstance(value.left, syntax.FString)
    fields = [part.value for part in value.left.parts if isinstance(part, syntax.Interpolation)]
    assert [field.text for field in (fields[0], fields[2]) if isinstance(field, syntax.Name)] == ["a", "e"]


def test_the_tokens_between_the_braces_are_tokens() -> None:
    found = [(each.kind, each.text) for each in tokenize('f"a {b.c!r:>{w}} {d[1]=}"')]
    assert found == [
        *[("f-string", 'f"'), ("f-string", "a "), ("open", "{"), ("name", "b"), ("operator", ".")],
        *[("name", "c"), ("operator", "!r"), ("operator", ":"), ("f-string", ">"), ("open", "{")],
        *[("name", "w"), ("close", "}"), ("close", "}"), ("f-string", " "), ("open", "{"), ("name", "d")],
        *[("open", "["), ("number", "1"), ("close", "]"), ("operator", "="), ("close", "}")],
        ("f-string", '"'),
    ]


@pytest.mark.parametrize(
    ("text", "laid_out"),
    [
        ('x = f"{a+b}  {c [1]:>{w+1}}"', 'x = f"{a + b}  {c[1]:>{w + 1}}"'),
        ('x = f"{ a !r}"', 'x = f"{a!r}"'),
        ('x = f"{a+b=}"', 'x = f"{a+b=}"'),
        ('x = f"{ {1:2}[1] }"', 'x = f"{ {1: 2}[1]}"'),
        ('x = f"{ {1,2} }"', 'x = f"{ {1, 2} }"'),
        ("x = f\"{f'{a+b}'}\"", "x = f\"{f'{a + b}'}\""),
        ('x = f"""{a +\n   b}"""', 'x = f"""{a +\n   b}"""'),
        ('x = f"{{a+b}}{f( a,b )}"', 'x = f"{{a+b}}{f(a, b)}"'),
    ],
)
def test_the_expressions_of_an_f_string_are_laid_out_and_its_texts_are_not(text: str, laid_out: str) -> None:
    assert format_source(text + "\n") == laid_out + "\n"
    assert format_source(laid_out + "\n") == laid_out + "\n"


@pytest.mark.parametrize(
    "text",
    [
        "x = " + 'f"{' * 20_000,
        "x = " + 'f"{}"' * 20_000,
        'x = f"' + "{(" * 20_000 + '"',
        'x = f"{' + "(" * 20_000 + "]" * 20_000 + '}"',
        'x = f"' + "{a b}" * 20_000 + '"',
        'x = f"{a:' + "{b:" * 20_000 + '"',
        'x = f"{' + "'a'" * 20_000 + '}"',
        "x = " + "f'{f\"" * 20_000,
        'x = f"' + "\\N{" * 20_000 + '"',
    ],
    ids=lambda text: text[:12],
)
def test_a_runaway_f_string_ends(text: str) -> None:
    """Each of these took minutes with a reader that tries a part of the text again and again."""
    found = problems(text)
    assert 1 <= len(found) <= 101
    assert format_source(text) == text
